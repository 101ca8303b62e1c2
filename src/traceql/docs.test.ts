/** The examples of docs/traceql.md: one in each row of a table. Their answers are another test's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { docsExamples, docsText } from "../../test/support/docs-examples.ts";
import { readQuery } from "./check.ts";
import { intrinsicInfo, type IntrinsicName, intrinsics } from "./intrinsics.ts";
import { metricsFunctions } from "./parse-metrics.ts";
import { operators } from "./tokens.ts";

for (const { section, query } of docsExamples) {
  test(`docs: ${section}: ${query}`, () => {
    assert.deepEqual(readQuery(query).problems, []);
    const isExtension = section === "What Clew adds";
    assert.equal(readQuery(query, { strict: true }).problems.length > 0, isExtension);
  });
}

test("docs: everything in the language has an example", () => {
  const queries = docsExamples.map(({ query }) => query).join("\n");
  assert.ok(docsExamples.length > 100, `${docsExamples.length} examples`);
  const names = (Object.keys(intrinsics) as IntrinsicName[]).filter((name) => name !== "parent");
  for (const name of names) {
    const { label } = intrinsicInfo(name);
    assert.ok(docsText.includes(label) && docsText.includes(name), `nothing about ${name}`);
    assert.ok(queries.includes(label) || queries.includes(name), `no example with ${name}`);
  }
  const functions = ["by(", "coalesce(", "select(", "count(", "max(", "avg(", "sum(", "topk("];
  for (const word of [...operators, ...metricsFunctions, ...functions]) {
    assert.ok(queries.includes(word), `no example with ${word}`);
  }
});
