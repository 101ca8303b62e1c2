import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BriefSpan, briefTrace } from "../../../test/support/brief-trace.ts";
import { printedSeed } from "../../../test/support/oracle.ts";
import { Tree } from "./tree.ts";
import { traceViewOf } from "./view-of-trace.ts";

/** "name left-right parentBound childCount" of every span, in order. */
function numbersOf(spans: readonly BriefSpan[]): string[] {
  const trace = briefTrace(spans);
  const tree = new Tree();
  tree.build(traceViewOf(trace));
  return trace.spans.map(
    ({ name }, row) =>
      `${name} ${tree.lefts[row]}-${tree.rights[row]} ${tree.parentBound(row)} ${tree.childCounts[row]}`,
  );
}

const cases: [name: string, spans: readonly BriefSpan[], want: string[]][] = [
  ["one span", [{ id: "a" }], ["a 1-2 -1 0"]],
  [
    // a ┬ b ─ c
    //   └ d
    "a tree",
    [{ id: "a" }, { id: "b", of: "a" }, { id: "c", of: "b" }, { id: "d", of: "a" }],
    ["a 1-8 -1 2", "b 2-5 1 1", "c 3-4 2 0", "d 6-7 1 0"],
  ],
  [
    "children that started before their parent",
    [{ id: "b", of: "a" }, { id: "a" }],
    ["b 2-3 1 0", "a 1-4 -1 1"],
  ],
  [
    "two roots",
    [{ id: "a" }, { id: "x" }, { id: "b", of: "a" }, { id: "y", of: "x" }],
    ["a 1-4 -1 1", "x 5-8 -1 1", "b 2-3 1 0", "y 6-7 5 0"],
  ],
  [
    // lost ─ child: the parent of lost is not here.
    "a missing parent",
    [{ id: "a" }, { id: "lost", of: "gone" }, { id: "child", of: "lost" }],
    ["a 1-2 -1 0", "lost 0-0 0 1", "child 0-0 0 0"],
  ],
  [
    "no root at all",
    [
      { id: "b", of: "a" },
      { id: "c", of: "b" },
    ],
    ["b 0-0 0 1", "c 0-0 0 0"],
  ],
  [
    "a cycle beside a root",
    [{ id: "a" }, { id: "b", of: "c" }, { id: "c", of: "b" }, { id: "self", of: "self" }],
    ["a 1-2 -1 0", "b 0-0 0 1", "c 0-0 0 1", "self 0-0 0 1"],
  ],
  [
    // Zipkin: client and server have one id. The server's child is under the server, the server itself
    // has the client's parent.
    "a shared id",
    [
      { id: "a" },
      { id: "s", name: "client", of: "a", kind: "client" },
      { id: "s", name: "server", of: "a", kind: "server" },
      { id: "db", of: "s", kind: "client" },
      { id: "next", of: "s", kind: "server" },
    ],
    ["a 1-10 -1 2", "client 2-5 1 1", "server 6-9 1 1", "db 7-8 6 0", "next 3-4 2 0"],
  ],
  [
    "a shared id of the wrong kinds",
    [{ id: "a" }, { id: "s", of: "a" }, { id: "s", name: "t", of: "a" }, { id: "below", of: "s" }],
    ["a 1-6 -1 2", "s 2-3 1 0", "t 4-5 1 0", "below 0-0 0 0"],
  ],
  [
    "one id three times: no tree",
    [{ id: "a" }, { id: "s", of: "a" }, { id: "s", of: "a" }, { id: "s", of: "a" }],
    ["a 0-0 0 0", "s 0-0 0 0", "s 0-0 0 0", "s 0-0 0 0"],
  ],
];
for (const [name, spans, want] of cases) {
  test(`tree: ${name}`, () => assert.deepEqual(numbersOf(spans), want));
}

test("tree: built again for another trace, nothing is left of the one before", () => {
  const tree = new Tree();
  const chain = Array.from({ length: 500 }, (_, i) => ({
    id: `s${i}`,
    ...(i > 0 && { of: `s${i - 1}` }),
  }));
  tree.build(traceViewOf(briefTrace(chain)));
  assert.equal(tree.rights[0], 1000);
  tree.build(traceViewOf(briefTrace([{ id: "a" }, { id: "b", of: "gone" }])));
  assert.deepEqual([...tree.lefts.subarray(0, 2)], [1, 0]);
  assert.deepEqual([...tree.childCounts.subarray(0, 2)], [0, 0]);
});

test("tree: ids that stand at any place in memory are read", () => {
  const view = traceViewOf(briefTrace([{ id: "a" }, { id: "b", of: "a" }]));
  for (const offset of [0, 1, 3]) {
    const shifted = new Uint8Array(16 + offset);
    shifted.set(view.spanId, offset);
    const tree = new Tree();
    tree.build({ ...view, spanId: shifted.subarray(offset) });
    assert.deepEqual([...tree.lefts.subarray(0, 2)], [1, 2]);
  }
});

test("tree: bounds nest as parents do, whatever the spans", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
  const span = fc.record({ id, of: id, start: fc.nat(9) }, { requiredKeys: ["id"] });
  const property = fc.property(fc.array(span, { minLength: 1, maxLength: 14 }), (spans) => {
    const view = traceViewOf(briefTrace(spans));
    const tree = new Tree();
    tree.build(view);
    const bounds: number[] = [];
    for (let row = 0; row < view.length; row++) {
      const [left, right, parent] = [tree.lefts[row]!, tree.rights[row]!, tree.parents[row]!];
      if (left === 0) {
        assert.equal(right, 0);
        continue;
      }
      bounds.push(left, right);
      if (parent === -1) continue;
      assert.ok(tree.lefts[parent]! < left && right < tree.rights[parent]!);
    }
    bounds.sort((a, b) => a - b);
    assert.deepEqual(
      bounds,
      bounds.map((_, i) => i + 1),
    );
    assert.equal(tree.connected, bounds.length / 2);
  });
  fc.assert(property, { seed: printedSeed("tree bounds"), numRuns: 500 });
});
