/**
 * The architecture, as a test: which room may import which, how long files and lines may be, and that
 * every export says what it is. Each rule is a pure function from a file to what is wrong with it.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, normalize, posix } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

/** A room imports from itself and from the rooms before it. */
const ROOMS = [
  "base",
  "model",
  "wire",
  "traceql",
  "sampling",
  "analysis",
  "store",
  "ingest",
  "prometheus",
  "query",
  "api",
  "server",
  "cli",
];
/** Rooms beside that line, and all they may import; or on it, and seeing less than it lets them. */
const ISLANDS: Readonly<Record<string, readonly string[]>> = {
  traceql: ["base", "model"],
  sampling: ["base", "model", "traceql"],
  analysis: ["base", "model"],
  ui: ["base", "model", "traceql", "analysis"],
  demo: ["base"],
  bench: ["base", "model", "wire"],
};
/** Single files that rooms may import besides: for types only, or the whole module. */
const DOORS: readonly { room: string; target: string; typesOnly: boolean }[] = [
  { room: "ui", target: "api/contract.ts", typesOnly: true },
  { room: "ui", target: "wire/trace-file/read-trace-file.ts", typesOnly: false },
  { room: "cli", target: "demo/shop.ts", typesOnly: false },
  { room: "cli", target: "bench/attribute-keys.ts", typesOnly: false },
  { room: "cli", target: "bench/bench.ts", typesOnly: false },
  { room: "cli", target: "bench/report.ts", typesOnly: false },
  { room: "cli", target: "bench/traceql-queries.ts", typesOnly: false },
];

const MAX_FILE_LINES = 500;
const MAX_COLUMNS = 110;
/** Files that are tables of data, and may be longer. */
const DATA_TABLES: ReadonlySet<string> = new Set([]);

/** A source file: its path in the repository, with forward slashes, and what it holds. */
interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface Import {
  /** As written: "../base/fault.ts". */
  readonly from: string;
  readonly typesOnly: boolean;
}

/** How a file names another of ours: static, re-exporting, bare, dynamic, by URL. */
const importForms = [
  /^\s*(?:import|export)\s+(?<type>type\s)?[^"';]*?from\s+"(?<from>\.[^"]+)"/gm,
  /^\s*import\s+"(?<from>\.[^"]+)"/gm,
  /\bimport\("(?<from>\.[^"]+)"\)/g,
  /new URL\(\s*"(?<from>\.[^"]+\.tsx?)"/g,
];

function importsOf(text: string): Import[] {
  return importForms.flatMap((form) =>
    [...text.matchAll(form)].map(({ 0: statement, groups = {} }) => {
      const onlyTypes = /^\s*import \{(\s*type \w+,?)+\s*\} /.test(statement);
      return { from: groups["from"]!, typesOnly: groups["type"] !== undefined || onlyTypes };
    }),
  );
}

/** "store" for "src/store/engine/child.ts"; undefined outside of src/ and for files in src/ itself. */
function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function wrongImports({ path, text }: SourceFile): string[] {
  const room = roomOf(path);
  if (room === undefined) return [];
  const line = ROOMS.indexOf(room);
  const island = ISLANDS[room];
  if (line === -1 && island === undefined) return [`there is no room ${room}`];
  const visible = island ?? ROOMS.slice(0, line);
  const isTest = /\.test\.tsx?$/.test(path);
  return importsOf(text).flatMap(({ from, typesOnly }) => {
    const target = posix.normalize(posix.join(posix.dirname(path), from));
    const targetRoom = roomOf(target);
    if (targetRoom === room || (targetRoom !== undefined && visible.includes(targetRoom)))
      return [];
    // What Clew says about itself (its version) is no code.
    if (target === "package.json") return [];
    if (isTest && target.startsWith("test/support/")) return [];
    const isDoor = DOORS.some(
      (door) =>
        door.room === room && target === `src/${door.target}` && (typesOnly || !door.typesOnly),
    );
    return isDoor
      ? []
      : [`${room} may not import ${targetRoom ?? "what is outside src/"} (${from})`];
  });
}

/** The language is also the editor's: what it runs on in production has to exist in a browser. */
function nodeImports({ path, text }: SourceFile): string[] {
  if (roomOf(path) !== "traceql" || /\.test\.tsx?$/.test(path)) return [];
  return [...text.matchAll(/\bfrom "(node:[^"]+)"/g)].map(
    ({ 1: from }) => `traceql runs in browsers, which have no ${from}`,
  );
}

function wrongSize({ path, text }: SourceFile): string[] {
  const lines = text.split("\n");
  const problems = lines.flatMap((line, i) => {
    const columns = line.length;
    return columns > MAX_COLUMNS ? [`line ${i + 1} has ${columns} columns`] : [];
  });
  const isLong = lines.length - 1 > MAX_FILE_LINES && !DATA_TABLES.has(path);
  return isLong ? [`it has ${lines.length - 1} lines`, ...problems] : problems;
}

function wrongName({ path }: SourceFile): string[] {
  const name = posix.basename(path);
  if (/^index\.tsx?$/.test(name)) return ["barrels hide where things are: no index.ts"];
  if (/^(utils?|helpers?|shared|common|misc)\./.test(name)) return [`${name} says nothing`];
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name)) return [`${name} is not kebab-case`];
  return [];
}

/** Exports need a docstring just above; one for a group (a const and its type) may stand above the first
 * of them if they follow each other without an empty line. */
function wrongDocs({ path, text }: SourceFile): string[] {
  if (/\.test\.tsx?$/.test(path)) return [];
  const lines = text.split("\n");
  const exported =
    /^export (?:default )?(?:async )?(?:function\*?|class|interface|type|const) (\w+)/;
  return lines.flatMap((line, i) => {
    const name = exported.exec(line)?.[1];
    if (name === undefined || hasDocs(lines, i)) return [];
    return [`line ${i + 1}: ${name} has no docstring`];
  });
}

/** Whether docs end just above `lines[at]`; a type may also follow the constant it is made from. */
function hasDocs(lines: readonly string[], at: number): boolean {
  if (lines[at - 1]?.trimEnd().endsWith("*/")) return true;
  if (!lines[at]!.startsWith("export type ")) return false;
  const blockStart = lines.lastIndexOf("", at) + 1;
  return lines.slice(blockStart, at).some((line) => line.startsWith("export const "));
}

function foreignMentions({ text }: SourceFile): string[] {
  const pattern = new RegExp(["/work", "/(shared|main)"].join(""));
  return pattern.test(text) ? ["it mentions a folder of somebody's machine"] : [];
}

const sources = globSync("{src,test}/**/*.{ts,tsx}", { cwd: root }).map((path) => ({
  path: normalize(path).replaceAll("\\", "/"),
  text: readFileSync(join(root, path), "utf8"),
}));
const others = globSync(["*.md", "docs/**/*.md", "bin/*.mjs", ".ci/*", "src/**/*.{sql,css,html}"], {
  cwd: root,
}).map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

test("tidy: there is something to check", () => {
  assert.ok(sources.length > 20, `only ${sources.length} files found`);
});
for (const file of sources) {
  test(`tidy: ${file.path}`, () => {
    const problems = [
      wrongImports,
      nodeImports,
      wrongSize,
      wrongName,
      wrongDocs,
      foreignMentions,
    ].flatMap((rule) => rule(file));
    assert.deepEqual(problems, []);
  });
}
for (const file of others) {
  test(`tidy: ${file.path}`, () => assert.deepEqual(foreignMentions(file), []));
}

// That the rules find what they are for.
type Rule = (file: SourceFile) => string[];
const imports = (target: string) => `import { x } from "${target}";\n`;
const cases: [rule: Rule, path: string, text: string, want: string[]][] = [
  [wrongImports, "src/model/a.ts", imports("../base/fault.ts"), []],
  [wrongImports, "src/model/a.ts", imports("./b.ts") + imports("./c/d.ts"), []],
  [wrongImports, "src/model/a.ts", imports("node:fs") + imports("zod"), []],
  [
    wrongImports,
    "src/model/a.ts",
    imports("../api/status.ts"),
    ["model may not import api (../api/status.ts)"],
  ],
  [
    wrongImports,
    "src/store/engine/a.ts",
    'import type { A } from "../../ingest/a.ts";',
    ["store may not import ingest (../../ingest/a.ts)"],
  ],
  [
    wrongImports,
    "src/store/a.ts",
    'import {\n  a,\n  b,\n} from "../query/a.ts";',
    ["store may not import query (../query/a.ts)"],
  ],
  [
    wrongImports,
    "src/base/a.ts",
    'export { a } from "../model/a.ts";',
    ["base may not import model (../model/a.ts)"],
  ],
  [
    wrongImports,
    "src/base/a.ts",
    'const a = await import("../cli/main.ts");',
    ["base may not import cli (../cli/main.ts)"],
  ],
  [
    wrongImports,
    "src/base/a.ts",
    'new Worker(new URL("../store/worker.ts", import.meta.url));',
    ["base may not import store (../store/worker.ts)"],
  ],
  [wrongImports, "src/ui/trace/a.tsx", 'import type { A } from "../../api/contract.ts";', []],
  [wrongImports, "src/ui/a.tsx", 'import { type A, type B } from "../api/contract.ts";', []],
  [
    wrongImports,
    "src/ui/a.tsx",
    'import { type A, b } from "../api/contract.ts";',
    ["ui may not import api (../api/contract.ts)"],
  ],
  [
    wrongImports,
    "src/ui/a.tsx",
    imports("../api/contract.ts"),
    ["ui may not import api (../api/contract.ts)"],
  ],
  [
    wrongImports,
    "src/ui/a.tsx",
    imports("../store/rows.ts"),
    ["ui may not import store (../store/rows.ts)"],
  ],
  [wrongImports, "src/ui/a.tsx", imports("../traceql/parse.ts"), []],
  [
    wrongImports,
    "src/demo/a.ts",
    imports("../model/trace.ts"),
    ["demo may not import model (../model/trace.ts)"],
  ],
  [wrongImports, "src/cli/a.ts", imports("../demo/shop.ts"), []],
  [
    wrongImports,
    "src/cli/a.ts",
    imports("../demo/plan.ts"),
    ["cli may not import demo (../demo/plan.ts)"],
  ],
  [
    wrongImports,
    "src/cli/a.ts",
    imports("../../bin/launch.mjs"),
    ["cli may not import what is outside src/ (../../bin/launch.mjs)"],
  ],
  [wrongImports, "src/wire/otlp/a.test.ts", imports("../../../test/support/oracle.ts"), []],
  [
    wrongImports,
    "src/wire/a.ts",
    imports("../../test/support/oracle.ts"),
    ["wire may not import what is outside src/ (../../test/support/oracle.ts)"],
  ],
  [
    wrongImports,
    "src/wire/a.test.ts",
    imports("../query/a.ts"),
    ["wire may not import query (../query/a.ts)"],
  ],
  [wrongImports, "src/traceql/a.ts", imports("../model/trace.ts"), []],
  [
    wrongImports,
    "src/traceql/a.ts",
    imports("../wire/proto-json.ts"),
    ["traceql may not import wire (../wire/proto-json.ts)"],
  ],
  [wrongImports, "src/store/a.ts", imports("../traceql/ast.ts"), []],
  [
    nodeImports,
    "src/traceql/a.ts",
    imports("node:assert"),
    ["traceql runs in browsers, which have no node:assert"],
  ],
  [nodeImports, "src/traceql/a.test.ts", imports("node:assert"), []],
  [nodeImports, "src/store/a.ts", imports("node:assert"), []],
  [wrongImports, "src/attic/a.ts", "", ["there is no room attic"]],
  [wrongImports, "test/a.test.ts", imports("../src/cli/main.ts"), []],
  [wrongSize, "src/base/a.ts", "x\n".repeat(500), []],
  [wrongSize, "src/base/a.ts", "x\n".repeat(501), ["it has 501 lines"]],
  [wrongSize, "src/base/a.ts", `${"–".repeat(110)}\n`, []],
  [wrongSize, "src/base/a.ts", `\n${"x".repeat(111)}\n`, ["line 2 has 111 columns"]],
  [wrongName, "src/base/span-columns.test.ts", "", []],
  [wrongName, "src/base/index.ts", "", ["barrels hide where things are: no index.ts"]],
  [wrongName, "src/base/utils.ts", "", ["utils.ts says nothing"]],
  [wrongName, "src/base/SpanTable.ts", "", ["SpanTable.ts is not kebab-case"]],
  [wrongDocs, "src/base/a.ts", "/** A. */\nexport const a = 1;\n", []],
  [wrongDocs, "src/base/a.ts", "/**\n * A.\n */\nexport async function a() {}\n", []],
  [wrongDocs, "src/base/a.test.ts", "export const a = 1;\n", []],
  [wrongDocs, "src/base/a.ts", "// A.\nexport interface A {}\n", ["line 2: A has no docstring"]],
  [wrongDocs, "src/base/a.ts", "\nexport class A {}\n", ["line 2: A has no docstring"]],
  [wrongDocs, "src/base/a.ts", "/** A. */\nexport const as = [];\nexport type A = 1;\n", []],
  [
    wrongDocs,
    "src/base/a.ts",
    "/** A. */\nexport const a = 1;\n\nexport type A = 1;\n",
    ["line 4: A has no docstring"],
  ],
  [foreignMentions, "README.md", "see docs/", []],
  [
    foreignMentions,
    "README.md",
    ["see /work", "shared/a.md"].join("/"),
    ["it mentions a folder of somebody's machine"],
  ],
];
for (const [rule, path, text, want] of cases) {
  test(`tidy finds: ${rule.name} ${path} ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.deepEqual(rule({ path, text }), want);
  });
}
