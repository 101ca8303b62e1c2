import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../../test/support/brief-table.ts";
import { siblingGroups } from "../../analysis/sibling-groups.ts";
import {
  act,
  carryOver,
  foldedState,
  positionOf,
  visibleRows,
  wholeScope,
  withAncestors,
  type WaterfallAction,
} from "./cursor.ts";
import { readKey } from "./keys.ts";

// 0 a
// 1 ├ b
// 2 │ ├ c   error
// 3 │ └ d
// 4 └ e
// 5 f       error
const table = briefTable([
  { id: "a" },
  { id: "b", of: "a" },
  { id: "c", of: "b", status: "error" },
  { id: "d", of: "b" },
  { id: "e", of: "a" },
  { id: "f", status: "error" },
]);

/** Flags of as many rows, set for some. */
function flags(rows: readonly number[], count = table.length): Uint8Array {
  return Uint8Array.from({ length: count }, (_, row) => (rows.includes(row) ? 1 : 0));
}

function folds(folded: Uint8Array): number[] {
  return Array.from(folded.keys()).filter((row) => folded[row] === 1);
}

test("visibleRows: skips what is below a collapsed row", () => {
  assert.deepEqual([...visibleRows(table, foldedState(flags([])))], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...visibleRows(table, foldedState(flags([1])))], [0, 1, 4, 5]);
  assert.deepEqual([...visibleRows(table, foldedState(flags([0, 1])))], [0, 5]);
});

test("visibleRows: a root, and what matches with what is above it", () => {
  const all = foldedState(flags([]));
  assert.deepEqual([...visibleRows(table, all, { root: 1 })], [1, 2, 3]);
  const kept = withAncestors(table, flags([3, 5]));
  assert.deepEqual([...visibleRows(table, all, { root: -1, kept })], [0, 1, 3, 5]);
});

test("groups of siblings: one row until they are opened, and when one of them is looked for", () => {
  const family = briefTable([
    { id: "r", start: 0, duration: 100 },
    ...Array.from({ length: 6 }, (_, i) => ({ id: `q${i}`, name: "q", of: "r", start: i + 1 })),
    { id: "z", of: "r", start: 50 },
  ]);
  const scope = { root: -1, groups: siblingGroups(family) };
  const linesOf = (state: ReturnType<typeof foldedState>) => {
    return { table: family, scope, visible: visibleRows(family, state, scope) };
  };
  const closed = foldedState(new Uint8Array(8));
  assert.deepEqual([...linesOf(closed).visible], [0, 1, 7]);
  const opened = act(linesOf(closed), { ...closed, cursor: 1 }, { kind: "in" });
  assert.equal(linesOf(opened).visible.length, 8);
  const again = act(linesOf(opened), opened, { kind: "out" });
  assert.deepEqual([...linesOf(again).visible], [0, 1, 7]);
  const found = act(linesOf(closed), closed, { kind: "to", row: 4 });
  assert.deepEqual([found.cursor, linesOf(found).visible.length], [4, 8]);
});

test("positionOf: a hidden row is where its visible ancestor is", () => {
  const visible = visibleRows(table, foldedState(flags([1])));
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((row) => positionOf(visible, row)),
    [0, 1, 1, 1, 2, 3],
  );
});

type Want = readonly [cursor: number, folded: number[]];
const cases: [name: string, from: number, folded: number[], WaterfallAction, Want][] = [
  ["down", 0, [], { kind: "move", rows: 1 }, [1, []]],
  ["down over a fold", 1, [1], { kind: "move", rows: 1 }, [4, [1]]],
  ["down at the end stays", 5, [], { kind: "move", rows: 3 }, [5, []]],
  ["up at the start stays", 0, [], { kind: "move", rows: -1 }, [0, []]],
  ["last", 0, [], { kind: "last" }, [5, []]],
  ["left folds", 1, [], { kind: "out" }, [1, [1]]],
  ["left on a fold goes up", 1, [1], { kind: "out" }, [0, [1]]],
  ["left on a leaf goes up", 3, [], { kind: "out" }, [1, []]],
  ["right unfolds", 1, [1], { kind: "in" }, [1, []]],
  ["right goes to the first child", 1, [], { kind: "in" }, [2, []]],
  ["right on a leaf stays", 4, [], { kind: "in" }, [4, []]],
  ["folding above takes the cursor along", 3, [], { kind: "toggle", row: 0 }, [0, [0]]],
  ["folding a leaf is nothing", 3, [], { kind: "toggle", row: 4 }, [3, []]],
  ["collapse all", 3, [], { kind: "collapseAll" }, [1, [1]]],
  ["expand all", 1, [0, 1], { kind: "expandAll" }, [1, []]],
  ["next error unfolds", 0, [0, 1], { kind: "nextError" }, [2, []]],
  ["next error wraps", 5, [], { kind: "nextError" }, [2, []]],
  ["previous error wraps", 0, [], { kind: "previousError" }, [5, []]],
  ["next sibling", 1, [], { kind: "nextSibling" }, [4, []]],
  ["previous sibling of a root", 5, [], { kind: "previousSibling" }, [0, []]],
  ["no sibling further", 4, [], { kind: "nextSibling" }, [4, []]],
  ["a level less", 3, [], { kind: "collapseLevel" }, [1, [1]]],
  ["a level more", 1, [1], { kind: "expandLevel" }, [1, []]],
  ["siblings fold together", 4, [], { kind: "toggleSiblings", row: 1 }, [4, [1]]],
  ["to nowhere stays", 2, [], { kind: "to", row: -1 }, [2, []]],
];
for (const [name, cursor, folded, action, want] of cases) {
  test(`act: ${name}`, () => {
    const state = { ...foldedState(flags(folded)), cursor };
    const lines = { table, scope: wholeScope, visible: visibleRows(table, state) };
    const next = act(lines, state, action);
    assert.deepEqual([next.cursor, folds(next.folded)], want);
  });
}

test("carryOver: follows spans to their new rows, and drops those that are gone", () => {
  const named = (ids: string) => briefTable(Array.from(ids, (id) => ({ id })));
  const state = { ...foldedState(flags([0, 2], 3)), cursor: 1 };
  const kept = carryOver(named("abc"), named("xbya"), state);
  assert.deepEqual([kept.cursor, folds(kept.folded)], [1, [3]]);
  const gone = carryOver(named("abc"), named("x"), state);
  assert.deepEqual([gone.cursor, folds(gone.folded)], [0, []]);
});

test("readKey: with Jaeger's keys arrows zoom and pan, w and s go by pages", () => {
  const press = (key: string, more = {}) =>
    readKey({ key, modified: false, shift: false, command: false, ...more }, "jaeger")?.kind;
  assert.deepEqual(
    ["ArrowUp", "ArrowLeft", "w", "f", "j", "1", "]"].map((key) => press(key)),
    ["zoom", "pan", "page", "findNext", "move", "view", "collapseAll"],
  );
  assert.equal(press("b", { modified: true, command: true }), "find");
});

test("readKey: keys with a modifier, and unknown ones, are the browser's", () => {
  assert.deepEqual(readKey({ key: "j", modified: false, shift: false, command: false }), {
    kind: "move",
    rows: 1,
  });
  assert.equal(readKey({ key: "j", modified: true, shift: false, command: true }), undefined);
  const find = { key: "f", modified: true, shift: false, command: true };
  assert.deepEqual(readKey(find), { kind: "find" });
  assert.equal(
    readKey({ key: "toString", modified: false, shift: false, command: false }),
    undefined,
  );
});
