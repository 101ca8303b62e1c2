import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTable } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { boxAt, boxesByTime, boxesInSight, mergedBoxes, type Boxes } from "./flame.ts";
import type { SpanTable } from "./span-table.ts";

function draw(table: SpanTable, boxes: Boxes): string[] {
  return Array.from({ length: boxes.lanes }, (_, lane) => {
    const first = lane === 0 ? 0 : boxes.laneEnds[lane - 1]!;
    const names: string[] = [];
    for (let box = first; box < boxes.laneEnds[lane]!; box++) {
      const name = table.texts[table.name[boxes.row[box]!]!]!;
      names.push(`${name} ${boxes.from[box]}-${boxes.to[box]}`);
    }
    return names.join(", ");
  });
}

const child = (id: string, of: string, start: number, end: number, name = id): BriefSpan => {
  return { id, of, name, start, duration: end - start };
};
const tree = briefTable([
  { id: "a", start: 0, duration: 100 },
  child("b", "a", 10, 40),
  child("c", "b", 15, 30),
  child("d", "a", 50, 80),
  child("e", "a", 60, 90),
]);

test("boxesByTime: children below their parents, those that overlap further down", () => {
  assert.deepEqual(draw(tree, boxesByTime(tree, 0, tree.length)), [
    "a 0-100",
    "b 10-40, d 50-80",
    "c 15-30, e 60-90",
  ]);
});

test("mergedBoxes: equal paths are one box, the longest is leftmost", () => {
  const table = briefTable([
    { id: "a", start: 0, duration: 100 },
    child("b", "a", 10, 20, "x"),
    child("c", "b", 12, 18, "z"),
    child("d", "a", 30, 70, "y"),
    child("e", "a", 80, 90, "x"),
  ]);
  const merged = mergedBoxes(table, 0, table.length);
  assert.deepEqual(draw(table, merged), ["a 0-100", "y 0-40, x 40-60", "z 40-46"]);
  assert.deepEqual([...merged.spans], [1, 1, 2, 1]);
  assert.deepEqual([...merged.selfNano], [40, 40, 14, 6]);
});

test("boxes never overlap within a lane, and lie below their parents'", () => {
  const property = fc.property(anySpans(12), (spans) => {
    const table = briefTable(spans);
    const boxes = boxesByTime(table, 0, table.length);
    const lanes = new Map<number, number>();
    for (let lane = 0, box = 0; lane < boxes.lanes; lane++) {
      let reached = -Infinity;
      for (; box < boxes.laneEnds[lane]!; box++) {
        assert.ok(boxes.from[box]! >= reached);
        reached = boxes.to[box]!;
        lanes.set(boxes.row[box]!, lane);
      }
    }
    assert.equal(lanes.size, table.length, "each row once");
    table.parent.forEach((parent, row) => {
      if (parent >= 0) assert.ok(lanes.get(row)! > lanes.get(parent)!);
    });
  });
  fc.assert(property, { numRuns: 300 });
});

test("mergedBoxes: spans, totals and widths come to what the trace has", () => {
  const property = fc.property(anySpans(12), (spans) => {
    const table = briefTable(spans);
    const merged = mergedBoxes(table, 0, table.length);
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
    assert.equal(sum(merged.spans), table.length);
    assert.equal(sum(merged.totalNano), sum(table.spanNano.map((took) => Math.max(took, 0))));
    merged.totalNano.forEach((total, box) => {
      assert.ok(merged.to[box]! - merged.from[box]! >= total);
    });
  });
  fc.assert(property, { numRuns: 300 });
});

test("boxesInSight: what shows, one for a pixel", () => {
  const many = briefTable([
    { id: "r", start: 0, duration: 1000 },
    ...Array.from({ length: 500 }, (_, i) => child(`s${i}`, "r", 2 * i, 2 * i + 1)),
  ]);
  const boxes = boxesByTime(many, 0, many.length);
  const seen: number[] = [];
  boxesInSight(boxes, 1, { from: 100, to: 200, step: 10 }, (box) => seen.push(boxes.from[box]!));
  assert.deepEqual(seen, [100, 110, 120, 130, 140, 150, 160, 170, 180, 190]);
  assert.equal(boxes.from[boxAt(boxes, 1, 100.5, 0)], 100);
  assert.equal(boxAt(boxes, 1, 101.5, 0.1), -1);
  assert.equal(boxAt(boxes, 7, 0, 0), -1);
});
