import assert from "node:assert/strict";
import { test } from "node:test";
import { treeSpan } from "../../test/support/tree-span.ts";
import { treeRows } from "./trace-tree.ts";

for (const [name, parentOf] of [
  ["chain", (i: number) => i - 1],
  ["star", () => 0],
  ["cycle", (i: number) => (i === 0 ? 199_999 : i - 1)],
] as const) {
  test(`treeRows: a ${name} of 200,000 spans takes no stack, and is not quadratic`, () => {
    const spans = Array.from({ length: 200_000 }, (_, i) =>
      treeSpan({ id: `s${i}`, start: i, ...(parentOf(i) < 0 ? {} : { of: `s${parentOf(i)}` }) }),
    );
    const begin = performance.now();
    assert.equal(treeRows(spans)[0]?.subtreeSize, 200_000);
    assert.ok(performance.now() - begin < 30_000);
  });
}

test("treeRows: one id for all of 200,000 spans is not quadratic", () => {
  const spans = Array.from({ length: 200_000 }, (_, i) => treeSpan({ id: "s", of: "s", start: i }));
  const begin = performance.now();
  assert.equal(treeRows(spans).length, 200_000);
  assert.ok(performance.now() - begin < 30_000);
});
