import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeRow } from "../../model/trace-tree.ts";
import {
  act,
  carryOver,
  positionOf,
  visibleRows,
  type WaterfallAction,
  type WaterfallState,
} from "./cursor.ts";
import { readKey } from "./keys.ts";

// 0 a
// 1 ├ b
// 2 │ ├ c   error
// 3 │ └ d
// 4 └ e
// 5 f       error
const rows = (
  [
    [0, -1, 5],
    [1, 0, 3],
    [2, 1, 1, "error"],
    [2, 1, 1],
    [1, 0, 1],
    [0, -1, 1, "error"],
  ] as const
).map(([depth, parent, subtreeSize, status = "unset"]) => {
  return { depth, parent, subtreeSize, orphan: false, span: { status } } as unknown as TreeRow;
});

const open: ReadonlySet<number> = new Set();

test("visibleRows: skips what is below a collapsed row", () => {
  assert.deepEqual([...visibleRows(rows, open)], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...visibleRows(rows, new Set([1]))], [0, 1, 4, 5]);
  assert.deepEqual([...visibleRows(rows, new Set([0, 1]))], [0, 5]);
});

test("positionOf: a hidden row is where its visible ancestor is", () => {
  const visible = visibleRows(rows, new Set([1]));
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((row) => positionOf(visible, row)),
    [0, 1, 1, 1, 2, 3],
  );
});

const cases: [name: string, from: number, folded: number[], WaterfallAction, WaterfallState][] = [
  ["down", 0, [], { kind: "move", rows: 1 }, { cursor: 1, collapsed: open }],
  ["down over a fold", 1, [1], { kind: "move", rows: 1 }, { cursor: 4, collapsed: new Set([1]) }],
  ["down at the end stays", 5, [], { kind: "move", rows: 3 }, { cursor: 5, collapsed: open }],
  ["up at the start stays", 0, [], { kind: "move", rows: -1 }, { cursor: 0, collapsed: open }],
  ["last", 0, [], { kind: "last" }, { cursor: 5, collapsed: open }],
  ["left folds", 1, [], { kind: "out" }, { cursor: 1, collapsed: new Set([1]) }],
  ["left on a fold goes up", 1, [1], { kind: "out" }, { cursor: 0, collapsed: new Set([1]) }],
  ["left on a leaf goes up", 3, [], { kind: "out" }, { cursor: 1, collapsed: open }],
  ["right unfolds", 1, [1], { kind: "in" }, { cursor: 1, collapsed: open }],
  ["right goes to the first child", 1, [], { kind: "in" }, { cursor: 2, collapsed: open }],
  ["right on a leaf stays", 4, [], { kind: "in" }, { cursor: 4, collapsed: open }],
  [
    "folding above takes the cursor along",
    3,
    [],
    { kind: "toggle", row: 0 },
    { cursor: 0, collapsed: new Set([0]) },
  ],
  ["folding a leaf is nothing", 3, [], { kind: "toggle", row: 4 }, { cursor: 3, collapsed: open }],
  ["collapse all", 3, [], { kind: "collapseAll" }, { cursor: 1, collapsed: new Set([1]) }],
  ["expand all", 1, [0, 1], { kind: "expandAll" }, { cursor: 1, collapsed: open }],
  ["next error unfolds", 0, [0, 1], { kind: "nextError" }, { cursor: 2, collapsed: open }],
  ["next error wraps", 5, [], { kind: "nextError" }, { cursor: 2, collapsed: open }],
  ["previous error wraps", 0, [], { kind: "previousError" }, { cursor: 5, collapsed: open }],
  ["to nowhere stays", 2, [], { kind: "to", row: -1 }, { cursor: 2, collapsed: open }],
];
for (const [name, cursor, folded, action, want] of cases) {
  test(`act: ${name}`, () => {
    assert.deepEqual(act(rows, { cursor, collapsed: new Set(folded) }, action), want);
  });
}

test("carryOver: follows spans to their new rows, and drops those that are gone", () => {
  const named = (ids: string): TreeRow[] =>
    Array.from(ids, (spanId) => ({ ...rows[0]!, parent: -1, span: { spanId } }) as TreeRow);
  const state = { cursor: 1, collapsed: new Set([0, 2]) };
  assert.deepEqual(carryOver(named("abc"), named("xbya"), state), {
    cursor: 1,
    collapsed: new Set([3]),
  });
  assert.deepEqual(carryOver(named("abc"), named("x"), state), { cursor: 0, collapsed: open });
});

test("readKey: keys with a modifier, and unknown ones, are the browser's", () => {
  assert.deepEqual(readKey({ key: "j", modified: false }), { kind: "move", rows: 1 });
  assert.equal(readKey({ key: "j", modified: true }), undefined);
  assert.equal(readKey({ key: "toString", modified: false }), undefined);
});
