import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../../analysis/graph-layout.ts";
import {
  curveOf,
  type Direction,
  lineWidth,
  nextNode,
  roomOf,
  rowsByColumn,
} from "./map-geometry.ts";

/*   a   b   d
 *       c       */
const places = new Map<string, Place>([
  ["a", { column: 0, row: 0.5 }],
  ["b", { column: 1, row: 0 }],
  ["c", { column: 1, row: 1 }],
  ["d", { column: 2, row: 0 }],
]);
const moves: [from: string, direction: Direction, want: string | undefined][] = [
  ["a", "right", "b"],
  ["b", "right", "d"],
  ["c", "right", "d"],
  ["d", "left", "b"],
  ["b", "down", "c"],
  ["c", "up", "b"],
  ["a", "left", undefined],
  ["nobody", "up", "a"],
];
for (const [from, direction, want] of moves) {
  test(`nextNode: ${direction} of ${from}`, () => {
    assert.equal(nextNode(places, from, direction), want);
  });
}

test("curveOf: from right to left, back the other way, beside itself round the right", () => {
  const taken = rowsByColumn(places.values());
  const path = (from: string, to: string) =>
    curveOf(places.get(from)!, places.get(to)!, taken).path;
  assert.equal(path("b", "d"), "M488 52C548 52 548 52 608 52");
  assert.equal(path("d", "b"), "M608 52C548 52 548 52 488 52");
  assert.equal(path("b", "c"), "M488 52C536 52 536 112 488 112");
});

test("curveOf: passes between the nodes of the columns in between, to and fro", () => {
  const taken = rowsByColumn(places.values());
  const [a, d] = [places.get("a")!, places.get("d")!];
  assert.deepEqual(curveOf(a, d, taken), {
    path: "M192 82C252 82 252 82 312 82L488 82C548 82 548 52 608 52",
    middle: { x: 400, y: 82 },
  });
  assert.equal(
    curveOf(d, a, taken).path,
    "M608 52C548 52 548 82 488 82L312 82C252 82 252 82 192 82",
  );
});

test("roomOf, lineWidth", () => {
  assert.deepEqual(roomOf(places.values()), { width: 800, height: 150 });
  assert.deepEqual(roomOf([]), { width: 16, height: 16 });
  assert.deepEqual([lineWidth(10, 10), lineWidth(0, 10), lineWidth(2.5, 10)], [7, 1, 4]);
});
