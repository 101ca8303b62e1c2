import assert from "node:assert/strict";
import { test } from "node:test";
import { compareEdges, type ComparableEdge, type EdgeChange } from "./graph-difference.ts";

const edge = (calls: number, failed = 0, p95Nano?: number): ComparableEdge => ({
  client: "a",
  server: "b",
  connection: "call",
  calls,
  failed,
  clientSide: null,
  serverSide: p95Nano === undefined ? null : { p95Nano },
});
const cases: [name: string, before: ComparableEdge, now: ComparableEdge, want: EdgeChange][] = [
  ["about as many", edge(100), edge(190), { kind: "same" }],
  ["twice as many", edge(100), edge(200), { kind: "changed", rate: [10, 20] }],
  ["half as many", edge(100), edge(50), { kind: "changed", rate: [10, 5] }],
  ["too few to tell", edge(3), edge(19, 19), { kind: "same" }],
  ["more failures", edge(100), edge(100, 5), { kind: "changed", failures: [0, 0.05] }],
  ["hardly more failures", edge(100), edge(100, 4), { kind: "same" }],
  ["slower", edge(100, 0, 100), edge(100, 0, 150), { kind: "changed", p95: [100, 150] }],
  ["of unknown length", edge(100), edge(100, 0, 150), { kind: "same" }],
];
for (const [name, before, now, want] of cases) {
  test(`compareEdges: ${name}`, () => {
    const [compared] = compareEdges(
      { edges: [now], seconds: 10 },
      { edges: [before], seconds: 10 },
    );
    assert.deepEqual(compared, { edge: now, change: want });
  });
}

test("compareEdges: times of different lengths; what is new and what is gone", () => {
  const [same, ...others] = compareEdges(
    { edges: [edge(100), { ...edge(1), server: "c" }], seconds: 10 },
    { edges: [edge(1000), { ...edge(1), via: "q" }], seconds: 100 },
  );
  assert.equal(same!.change.kind, "same");
  assert.deepEqual(
    others.map(({ edge: { server, via }, change }) => [server, via, change.kind]),
    [
      ["c", undefined, "new"],
      ["b", "q", "gone"],
    ],
  );
});
