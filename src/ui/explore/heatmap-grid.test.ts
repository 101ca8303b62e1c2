import assert from "node:assert/strict";
import { test } from "node:test";
import type { RedHeatmapAnswer } from "../../api/contract.ts";
import { bucketOf, bucketUpperNano } from "../../model/latency-buckets.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";
import { boxOf, callsIn, cellAt, heatmapGrid, levelOf, placeOf } from "./heatmap-grid.ts";
import { heatmapKey } from "./heatmap-keys.ts";

/** An answer of calls given as [step, duration in nanoseconds, calls]. */
function answer(
  calls: readonly (readonly [number, number, number])[],
  steps = 10,
): RedHeatmapAnswer {
  return {
    stepSeconds: 60,
    times: Array.from({ length: steps }, (_, i) => 6000 + i * 60),
    cells: {
      steps: calls.map(([step]) => step),
      upperNano: calls.map(([, nano]) => bucketUpperNano(bucketOf(nano))),
      calls: calls.map(([, , count]) => count),
    },
    exemplars: { steps: [], upperNano: [], traceIds: [], spanIds: [] },
  };
}

test("heatmapGrid: every call is in the one row whose bounds hold it", () => {
  const seed = Number(process.env["CLEW_SEED"] ?? Date.now() % 2 ** 31);
  console.log(`heatmapGrid: seed ${seed}`);
  const random = seededRandom(seed);
  for (let i = 0; i < 50; i++) {
    const spread = 10 ** (random() * 11);
    const calls = Array.from({ length: 30 }, () => {
      const nano = Math.ceil(1000 + random() * spread);
      return [Math.floor(random() * 10), nano, 1] as const;
    });
    const grid = heatmapGrid(answer(calls), 40)!;
    assert.ok(grid.rows >= 2 && grid.rows <= 40, `${grid.rows} rows`);
    assert.ok(grid.bounds.every((bound, r) => r === 0 || bound > grid.bounds[r - 1]!));
    for (const [step, nano] of calls) {
      const row = grid.bounds.findIndex((bound) => nano <= bound) - 1;
      const box = boxOf(grid, { step, row }, { step, row });
      const same = calls.filter(
        ([at, other]) => at === step && other > box.overNano && other <= box.upToNano,
      );
      assert.equal(callsIn(grid, box), same.length);
    }
    const all = boxOf(grid, { step: 0, row: 0 }, { step: 9, row: grid.rows - 1 });
    assert.equal(callsIn(grid, all), 30);
  }
});

test("heatmapGrid: nothing without cells; a single one has room around it", () => {
  assert.equal(heatmapGrid(answer([]), 40), undefined);
  const grid = heatmapGrid(answer([[3, 5e6, 7]]), 40)!;
  assert.equal(grid.most, 7);
  assert.ok(grid.rows >= 8);
});

test("cellAt, placeOf: places and cells agree, edges included", () => {
  const grid = heatmapGrid(answer([[0, 1e6, 1]].concat([[9, 1e9, 1]]) as never), 40)!;
  for (let row = 0; row < grid.rows; row++) {
    const [low, high] = [grid.bounds[row]!, grid.bounds[row + 1]!];
    const middle = (placeOf(grid, low) + placeOf(grid, high)) / 2;
    assert.deepEqual(cellAt(grid, 0.55, middle), { step: 5, row });
  }
  assert.deepEqual(cellAt(grid, 1, 0), { step: 9, row: grid.rows - 1 });
  assert.deepEqual(cellAt(grid, 0, 1), { step: 0, row: 0 });
});

test("levelOf: none for nothing, the last for the most", () => {
  assert.deepEqual(
    [0, 1, 10, 99, 100].map((calls) => levelOf(calls, 100, 7)),
    [0, 1, 4, 7, 7],
  );
  assert.equal(levelOf(1, 1, 7), 4);
});

test("heatmapKey: arrows move, Shift makes a box, Enter takes it, Escape leaves", () => {
  const grid = heatmapGrid(answer([[0, 1e6, 1]]), 40)!;
  const press = (key: string, cell?: object, corner?: object, shiftKey = false) =>
    heatmapKey({ key, shiftKey }, { grid, cell: cell as never, corner: corner as never });
  const first = press("ArrowLeft")!.cell!;
  assert.equal(first.step, 9);
  assert.deepEqual(press("ArrowRight", first)!.cell, first);
  const wider = press("ArrowLeft", first, undefined, true)!;
  assert.deepEqual(wider.corner, first);
  assert.deepEqual(press("ArrowDown", wider.cell, wider.corner)!.corner, undefined);
  const taken = press("Enter", wider.cell, wider.corner)!;
  assert.deepEqual(taken.box, boxOf(grid, first, wider.cell!));
  assert.equal(press("Escape", first)!.box, undefined);
  assert.equal(press("x", first), undefined);
});
