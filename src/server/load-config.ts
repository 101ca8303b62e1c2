/**
 * From a YAML file, variables and flags to a `Config`. Flags win over variables, variables over the
 * file, the file over the defaults. All that is wrong is told at once, each with its place.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import * as yaml from "yaml";
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import {
  type Config,
  configFrom,
  configSchema,
  type Leaf,
  leaves,
  workerMemoryBytes,
} from "./config.ts";
import { nearest } from "./nearest.ts";

/** Where a value in force comes from. */
export type Source =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

/** A configuration, and where each of its values comes from, by key. */
export interface LoadedConfig {
  readonly config: Config;
  readonly sources: ReadonlyMap<string, Source>;
}

/** One setting from the command line: `name` is the flag as typed, for messages. */
export interface ConfigFlag {
  readonly name: string;
  readonly key: string;
  readonly text: string;
}

interface ConfigInput {
  /** Path of a YAML file. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly ConfigFlag[];
}

/** Reads and checks a configuration. Throws Fault "invalid" with one line for each thing wrong. */
export function loadConfig({ file, env, flags }: ConfigInput): LoadedConfig {
  const loading = startLoading();
  if (file !== undefined) readSettings(loading, file, readText(file));
  readVariables(loading, env);
  readFlags(loading, flags);
  checkTogether(loading);
  if (loading.problems.length > 0) throw new Fault("invalid", loading.problems.join("\n"));
  const sources = new Map(
    leaves.map(({ key }) => [
      key,
      loading.given.get(key)?.source ?? ({ kind: "default" } as const),
    ]),
  );
  return { config: configFrom(valuesOf(loading)), sources };
}

interface Given {
  readonly value: unknown;
  readonly source: Source;
}

/** What is known so far: later sources overwrite earlier ones. */
interface Loading {
  readonly problems: string[];
  readonly given: Map<string, Given>;
}

function startLoading(): Loading {
  return { problems: [], given: new Map() };
}

function valuesOf(loading: Loading): Map<string, unknown> {
  return new Map([...loading.given].map(([key, { value }]) => [key, value]));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Fault("invalid", `cannot read ${file}: ${reason}`, { cause: error });
  }
}

/** Takes a value if it is right; otherwise notes what is wrong with it. */
function take(loading: Loading, leaf: Leaf, { value, source }: Given): void {
  const result = leaf.schema.safeParse(value);
  if (result.success && value !== null && value !== undefined) {
    loading.given.set(leaf.key, { value: result.data, source });
    return;
  }
  const shown = leaf.setting.secret ? "the value (hidden)" : quote(value);
  const subject = source.kind === "file" ? `${leaf.key}: ` : "";
  loading.problems.push(
    `${placeOf(source, leaf.key)}: ${subject}${shown} is not ${leaf.setting.expects}`,
  );
}

/** A source as people find it: "clew.yaml:7", "CLEW_LOG_LEVEL", "--data". */
function placeOf(source: Source, key: string): string {
  switch (source.kind) {
    case "file":
      return `${source.file}:${source.line}`;
    case "variable":
      return source.name;
    case "flag":
      return source.name === "--set" ? `--set ${key}` : source.name;
    case "default":
      return key;
  }
}

function quote(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const shown = typeof value === "string" ? JSON.stringify(value) : inspect(value, { depth: 1 });
  const oneLine = shown.replace(/\s+/g, " ").replace(/\/\/[^/\s]*@/g, "//(hidden)@");
  return oneLine.length <= 100 ? oneLine : `${oneLine.slice(0, 99)}…`;
}

function readSettings(loading: Loading, file: string, content: string): void {
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(content, { lineCounter: lines, prettyErrors: false });
  for (const error of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(error.pos[0]);
    loading.problems.push(`${file}:${line}: ${error.message}`);
  }
  const lineOf = (node: yaml.Node) => lines.linePos(node.range?.[0] ?? 0).line;
  let sound = document.errors.length === 0;
  yaml.visit(document, {
    Alias: (_key, node) => {
      if (node.resolve(document) !== undefined) return;
      sound = false;
      loading.problems.push(`${file}:${lineOf(node)}: *${node.source}: no such anchor above`);
    },
  });
  if (!sound) return;
  const walk = (node: yaml.Node | null, group: z.ZodObject, path: readonly string[]) => {
    const resolved = yaml.isAlias(node) ? node.resolve(document) : node;
    if (resolved === undefined || isNothing(resolved)) return;
    const known = Object.keys(group.shape);
    if (!yaml.isMap<yaml.Node, yaml.Node | null>(resolved)) {
      const here = path.length === 0 ? "the file" : path.join(".");
      const shown = quote((resolved as yaml.Node).toJS(document));
      const hint = `keys here are ${known.join(", ")}`;
      loading.problems.push(
        `${file}:${lineOf(resolved)}: ${here}: ${shown} is not a group of settings; ${hint}`,
      );
      return;
    }
    for (const { key: keyNode, value } of resolved.items) {
      const name = String(yaml.isScalar(keyNode) ? keyNode.value : keyNode);
      const inner = [...path, name];
      const schema = Object.hasOwn(group.shape, name) ? group.shape[name] : undefined;
      const source: Source = { kind: "file", file, line: lineOf(keyNode) };
      if (schema === undefined) {
        const hint = hintFor(name, known, inner.join("."));
        loading.problems.push(`${placeOf(source, "")}: ${inner.join(".")}: unknown key; ${hint}`);
      } else if (schema instanceof z.ZodObject) {
        walk(value, schema, inner);
      } else {
        const leaf = leaves.find(({ key }) => key === inner.join("."))!;
        take(loading, leaf, { value: value?.toJS(document), source });
      }
    }
  };
  walk(document.contents, configSchema, []);
}

/** An empty file, or a key with nothing after it. */
function isNothing(node: yaml.Node | null): node is null {
  return node === null || (yaml.isScalar(node) && node.value === null);
}

function hintFor(name: string, known: readonly string[], fullKey: string): string {
  const keys = leaves.map(({ key }) => key);
  if (keys.includes(name)) return `write one level a line: ${name.split(".").join(": { ")} …`;
  const meant = nearest(name, [...known, ...keys]) ?? nearest(fullKey, keys);
  return meant === undefined ? `keys here are ${known.join(", ")}` : `did you mean ${meant}?`;
}

/** Variables beginning with CLEW_ that are no settings: they tell the `clew` command other things. */
const otherVariables = new Set(["CLEW_URL", "CLEW_TENANT"]);

/**
 * Kubernetes (service links) and Docker (container links) put variables into the environment of
 * whatever runs beside a service called "clew" or "clew-http": CLEW_SERVICE_HOST, CLEW_PORT_3200_TCP
 * and CLEW_HTTP_PORT=tcp://10.0.0.1:3200. They are not meant for us.
 */
function isServiceLink(name: string, value: string): boolean {
  return /_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP)/.test(name) || /^(tcp|udp):\/\//.test(value);
}

function readVariables(loading: Loading, env: ConfigInput["env"]): void {
  const byName = new Map(leaves.map((leaf) => [leaf.variable, leaf]));
  for (const name of Object.keys(env).sort()) {
    const value = env[name];
    if (!name.startsWith("CLEW_") || value === undefined || value === "") continue;
    if (isServiceLink(name, value)) continue;
    const leaf = byName.get(name);
    if (leaf !== undefined) {
      take(loading, leaf, { value: fromText(leaf, value), source: { kind: "variable", name } });
    } else if (!otherVariables.has(name)) {
      const meant = nearest(
        name.slice(5),
        [...byName.keys()].map((known) => known.slice(5)),
      );
      const hint = meant === undefined ? "" : `; did you mean CLEW_${meant}?`;
      loading.problems.push(`${name}: unknown variable${hint}`);
    }
  }
}

function readFlags(loading: Loading, flags: readonly ConfigFlag[]): void {
  for (const { name, key, text } of flags) {
    const leaf = leaves.find((leaf) => leaf.key === key);
    const source: Source = { kind: "flag", name };
    if (leaf !== undefined) {
      take(loading, leaf, { value: fromText(leaf, text), source });
      continue;
    }
    const meant = nearest(
      key,
      leaves.map((leaf) => leaf.key),
    );
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    loading.problems.push(`${placeOf(source, key)}: unknown key${hint}`);
  }
}

function fromText({ setting }: Leaf, text: string): unknown {
  switch (setting.kind) {
    case "text":
    case "bytes":
      return text;
    case "number":
      return /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text;
    case "switch":
      return text.trim() === "true" || (text.trim() === "false" ? false : text);
    case "list":
      return text.split(",").flatMap((entry) => entry.trim() || []);
  }
}

/** Requests of the largest size that must fit into memory. */
const REQUESTS_IN_MEMORY = 4;

/** What cannot be seen from one setting alone. */
function checkTogether(loading: Loading): void {
  if (loading.problems.length > 0) return;
  const config = configFrom(valuesOf(loading));
  const complain = (key: string, what: string) => {
    const source = loading.given.get(key)?.source ?? ({ kind: "default" } as const);
    const subject = source.kind === "file" ? `${key}: ` : "";
    loading.problems.push(`${placeOf(source, key)}: ${subject}${what}`);
  };
  const ports = [
    ["otlp.grpc.port", config.otlp.grpc.port],
    ["otlp.http.port", config.otlp.http.port],
    ["http.port", config.http.port],
    ["sampling.jaegerHttpPort", config.sampling.jaegerHttpPort],
    ["sampling.jaegerGrpcPort", config.sampling.jaegerGrpcPort],
  ] as const;
  ports.forEach(([key, value], i) => {
    const other = ports.slice(0, i).find(([, taken]) => taken === value && value);
    if (other) complain(key, `${value} is taken by ${other[0]}`);
  });
  // A request is there as a body and as spans, and others should fit beside it.
  const requestBytes = REQUESTS_IN_MEMORY * config.otlp.maxRequestBytes;
  const memoryBytes = workerMemoryBytes(config);
  if (requestBytes > memoryBytes) {
    const keys = ["ingest.maxMemoryBytes", "ingest.workers"];
    const key = keys.find((one) => loading.given.has(one)) ?? "otlp.maxRequestBytes";
    const each = config.ingest.workers === 1 ? "" : " for each worker";
    const has = `ingest.maxMemoryBytes is ${memoryBytes}${each}`;
    complain(key, `${has}, less than ${REQUESTS_IN_MEMORY} times otlp.maxRequestBytes`);
  }
  if (config.sampling.policyFile !== undefined && config.clickhouse.cluster !== undefined) {
    complain("sampling.policyFile", "days are not thinned on a cluster (clickhouse.cluster)");
  }
  if (config.sampling.targetSpansPerSecond !== undefined && config.tenancy.enabled) {
    complain("sampling.targetSpansPerSecond", "samplers do not say of which tenant they are");
  }
  const ownEngine = config.clickhouse.url === undefined;
  for (const key of ["clickhouse.user", "clickhouse.password"]) {
    if (ownEngine && loading.given.has(key)) complain(key, "means nothing without clickhouse.url");
  }
  if (!ownEngine && loading.given.has("clickhouse.maxMemoryBytes")) {
    complain("clickhouse.maxMemoryBytes", "means nothing with clickhouse.url");
  }
}
