/** Policies from YAML. All that is wrong is told at once, each with its place. */
import * as yaml from "yaml";
import { z } from "zod";
import { parseBytes } from "../base/byte-size.ts";
import { Fault } from "../base/fault.ts";
import { readQuery } from "../traceql/check.ts";
import type { Keep, Match, Policies, Policy } from "./policy.ts";

const MAX_POLICIES = 100;
const MAX_NAME_CHARS = 100;
const MAX_FILE_CHARS = 2 ** 20;
const MAX_QUOTED_CHARS = 200;
const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;
/** What decides about traces that no filter is for. */
const DEFAULT = "default";
const KEEP =
  "keep is always, never, a share like 1%, or one of { probability: 0.01 }," +
  " { tracesPerSecond: 10 }, { spansPerHour: 1000000 }, { bytesPerHour: 1GiB }";

/**
 * The policies of a file, the default last. `file` is its name, for messages. Throws Fault "invalid"
 * with one line for each thing wrong: `sampling.yaml:4: slow: match: parse error at line 1, …`.
 */
export function readPolicies(text: string, file: string): Policies {
  const reading = new Reading(text, file);
  const policies = reading.policies();
  if (reading.problems.length === 0) return policies;
  throw new Fault("invalid", reading.problems.join("\n"));
}

type Node = yaml.Node | null | undefined;

class Reading {
  readonly problems: string[] = [];
  readonly #file: string;
  readonly #lines = new yaml.LineCounter();
  readonly #document: yaml.Document.Parsed;

  constructor(text: string, file: string) {
    this.#file = file;
    const source = text.length > MAX_FILE_CHARS ? "" : text;
    const options = { lineCounter: this.#lines, prettyErrors: false };
    this.#document = yaml.parseDocument(source, options);
    if (source !== text) this.#problem(null, `it has more than ${MAX_FILE_CHARS} characters`);
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      this.problems.push(`${file}:${this.#lines.linePos(error.pos[0]).line}: ${error.message}`);
    }
  }

  policies(): Policies {
    if (this.problems.length > 0) return [];
    const top = this.#map(this.#document.contents, "the file", ["policies", DEFAULT]);
    const list = this.#resolve(top.get("policies"));
    const policies = list === undefined ? [] : this.#list(list);
    const last = top.get(DEFAULT);
    // Nothing is thrown away that nobody has said a word about.
    const keep: Keep = last === undefined ? { kind: "always" } : this.#keep(last, DEFAULT);
    return [...policies, { name: DEFAULT, keep }];
  }

  #list(node: yaml.Node): Policy[] {
    if (!yaml.isSeq<yaml.Node>(node)) {
      this.#problem(node, "policies: is not a list");
      return [];
    }
    if (node.items.length > MAX_POLICIES) {
      this.#problem(node, `policies: there are more than ${MAX_POLICIES}`);
    }
    const names = new Set([DEFAULT]);
    return node.items.map((item, i) => this.#policy(item, i, names));
  }

  #policy(node: yaml.Node, i: number, names: Set<string>): Policy {
    const given = this.#map(node, `policy ${i + 1}`, ["name", "match", "keep"]);
    const name = this.#text(given.get("name")) ?? "";
    const place = given.get("name") ?? node;
    if (name === "" || name.length > MAX_NAME_CHARS || /\p{Cc}/u.test(name)) {
      this.#problem(place, `policy ${i + 1}: name is not a text of 1 to ${MAX_NAME_CHARS} letters`);
    } else if (names.has(name)) {
      const why = name === DEFAULT ? "is what decides at the end" : "is the name of another";
      this.#problem(place, `policy ${i + 1}: name: ${name} ${why}`);
    }
    names.add(name);
    const called = name || `policy ${i + 1}`;
    const keep = given.get("keep");
    if (keep === undefined) this.#problem(node, `${called}: there is no keep; ${KEEP}`);
    const match = this.#match(given.get("match") ?? node, called);
    return {
      name,
      ...(match && { match }),
      keep: keep === undefined ? { kind: "always" } : this.#keep(keep, called),
    };
  }

  #match(node: yaml.Node, name: string): Match | undefined {
    const text = this.#text(node);
    const example = "match is TraceQL in quotes, like '{ status = error }'; '{ }' is every trace";
    if (text === undefined) {
      this.#problem(node, `${name}: ${example}`);
      return undefined;
    }
    const { query, problems } = readQuery(text);
    for (const { message, from } of problems) {
      const before = text.slice(0, from).split("\n");
      const at = `line ${before.length}, col ${Array.from(before.at(-1)!).length + 1}`;
      this.#problem(node, `${name}: match: ${message} at ${at} of ${shortened(text)}`);
    }
    if (query?.kind === "search") return { query, text };
    if (query !== undefined) this.#problem(node, `${name}: match: a metrics query is no filter`);
    return undefined;
  }

  #keep(node: yaml.Node, name: string): Keep {
    const value: unknown = node.toJS(this.#document);
    const keep = keepOf(value);
    if (keep !== undefined) return keep;
    this.#problem(node, `${name}: ${JSON.stringify(value)} cannot be kept; ${KEEP}`);
    return { kind: "always" };
  }

  #map(node: Node, what: string, keys: readonly string[]): ReadonlyMap<string, yaml.Node> {
    const map = this.#resolve(node);
    if (!yaml.isMap<yaml.Node, yaml.Node | null>(map)) {
      this.#problem(map, `${what}: is not a group of ${keys.join(", ")}`);
      return new Map();
    }
    const pairs = map.items.flatMap(({ key, value }): [string, yaml.Node][] => {
      const name = String(yaml.isScalar(key) ? key.value : key);
      if (keys.includes(name)) return value === null ? [] : [[name, value]];
      this.#problem(key, `${what}: unknown key ${name}; keys here are ${keys.join(", ")}`);
      return [];
    });
    return new Map(pairs);
  }

  #resolve(node: Node): yaml.Node | undefined {
    const resolved = yaml.isAlias(node) ? node.resolve(this.#document) : node;
    return resolved ?? undefined;
  }

  #text(node: Node): string | undefined {
    const scalar = this.#resolve(node);
    return yaml.isScalar(scalar) && typeof scalar.value === "string" ? scalar.value : undefined;
  }

  #problem(node: Node, message: string): void {
    const { line } = this.#lines.linePos(node?.range?.[0] ?? 0);
    this.problems.push(`${this.#file}:${Math.max(1, line)}: ${message}`);
  }
}

const amount = z.number().gt(0).lte(MAX_AMOUNT);
const wholeAmount = z.int().min(1).max(MAX_AMOUNT);
const share = z.number().min(0).max(1);
const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d+)?\s*%$/)
  .transform((text) => Number.parseFloat(text) / 100)
  .pipe(share);
const bytes = z
  .preprocess((value) => (typeof value === "string" ? parseBytes(value) : value), wholeAmount)
  .transform((size) => ({ kind: "bytesPerHour", bytes: size }) as const);

const keepSchema = z.union([
  z.enum(["always", "never"]).transform((kind) => ({ kind })),
  percent.transform((probability) => ({ kind: "probability", probability }) as const),
  z
    .strictObject({ probability: share })
    .transform(({ probability }) => ({ kind: "probability", probability }) as const),
  z
    .strictObject({ tracesPerSecond: amount })
    .transform(({ tracesPerSecond: traces }) => ({ kind: "tracesPerSecond", traces }) as const),
  z
    .strictObject({ spansPerHour: wholeAmount })
    .transform(({ spansPerHour: spans }) => ({ kind: "spansPerHour", spans }) as const),
  z.strictObject({ bytesPerHour: bytes }).transform(({ bytesPerHour }) => bytesPerHour),
]);

function shortened(text: string): string {
  return text.length <= MAX_QUOTED_CHARS ? text : `${text.slice(0, MAX_QUOTED_CHARS)}…`;
}

function keepOf(value: unknown): Keep | undefined {
  return keepSchema.safeParse(value).data;
}
