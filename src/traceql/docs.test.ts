/** The examples of docs/traceql.md: one in the last column of each row of a table. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readQuery } from "./check.ts";
import { intrinsicInfo, type IntrinsicName, intrinsics } from "./intrinsics.ts";
import { metricsFunctions } from "./parse-metrics.ts";
import { operators } from "./tokens.ts";

const text = readFileSync(new URL("../../docs/traceql.md", import.meta.url), "utf8");

interface Example {
  readonly section: string;
  readonly query: string;
}

/** The last cell of a row without the marks of code around it; `\|` is a bar. */
function exampleOf(row: string): string {
  const cell = row.split(/(?<!\\)\|/).at(-2)!;
  return /^\s*(`+)(.*)\1\s*$/.exec(cell)?.[2]?.replaceAll("\\|", "|") ?? "";
}

const examples: Example[] = [];
let section = "";
for (const line of text.split("\n")) {
  if (line.startsWith("## ")) section = line.slice(3);
  if (/^\|(?! What |\s*-)/.test(line)) examples.push({ section, query: exampleOf(line) });
}

for (const { section, query } of examples) {
  test(`docs: ${section}: ${query}`, () => {
    assert.deepEqual(readQuery(query).problems, []);
    const isExtension = section === "What Clew adds";
    assert.equal(readQuery(query, { strict: true }).problems.length > 0, isExtension);
  });
}

test("docs: everything in the language has an example", () => {
  const queries = examples.map(({ query }) => query).join("\n");
  assert.ok(examples.length > 100, `${examples.length} examples`);
  const names = (Object.keys(intrinsics) as IntrinsicName[]).filter((name) => name !== "parent");
  for (const name of names) {
    const { label } = intrinsicInfo(name);
    assert.ok(text.includes(label) && text.includes(name), `nothing about ${name}`);
    assert.ok(queries.includes(label) || queries.includes(name), `no example with ${name}`);
  }
  const functions = ["by(", "coalesce(", "select(", "count(", "max(", "avg(", "sum(", "topk("];
  for (const word of [...operators, ...metricsFunctions, ...functions]) {
    assert.ok(queries.includes(word), `no example with ${word}`);
  }
});
