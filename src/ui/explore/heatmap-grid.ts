/** A heatmap's cells in rows and steps, and where they are on the screen. Without a document. */
import type { RedHeatmapAnswer } from "../../api/contract.ts";
import { bucketOf, buckets, bucketUpperNano } from "../../model/latency-buckets.ts";
import type { Box } from "./explore-route.ts";

/** Calls by row and step. Row `r`, counted from the bottom, holds durations of (bounds[r], bounds[r + 1]]. */
export interface HeatmapGrid {
  readonly steps: number;
  readonly rows: number;
  /** `rows + 1` durations in nanoseconds, rising. */
  readonly bounds: Float64Array;
  /** By row, then step. */
  readonly counts: Float64Array;
  /** The most calls in a cell. */
  readonly most: number;
  /** When the first step begins, in seconds since 1970, and how long each is. */
  readonly fromSeconds: number;
  readonly stepSeconds: number;
}

/** How many buckets a row may hold: rows then begin where doublings do. */
const HEIGHTS = [1, 2, 3, 6, 9, 18, 36, 72];
const LEAST_ROWS = 8;

/** The cells in at most `maxRows` rows; undefined if there is none. */
export function heatmapGrid(answer: RedHeatmapAnswer, maxRows: number): HeatmapGrid | undefined {
  const { cells, times, stepSeconds } = answer;
  if (cells.steps.length === 0 || times.length === 0) return undefined;
  const own = cells.upperNano.map(bucketOf);
  const lowest = own.reduce((a, b) => Math.min(a, b));
  const highest = own.reduce((a, b) => Math.max(a, b));
  const height = HEIGHTS.find((each) => (highest - lowest + 1) / each <= maxRows - 2) ?? 144;
  const rowOf = (bucket: number): number => Math.ceil(bucket / height);
  const first = Math.min(rowOf(lowest), rowOf(highest) - LEAST_ROWS);
  const rows = rowOf(highest) - first + 1;
  const steps = times.length;
  const counts = new Float64Array(rows * steps);
  own.forEach((bucket, i) => {
    counts[(rowOf(bucket) - first) * steps + cells.steps[i]!]! += cells.calls[i]!;
  });
  const bounds = Float64Array.from({ length: rows + 1 }, (_, r) =>
    upperOf((first + r - 1) * height),
  );
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  return { steps, rows, bounds, counts, most, fromSeconds: times[0]!, stepSeconds };
}

function upperOf(bucket: number): number {
  if (bucket < buckets.lowest) return 0;
  return bucketUpperNano(Math.min(bucket, buckets.lowest + buckets.count - 1));
}

/** A cell, or the corner of a box. */
export interface Cell {
  readonly step: number;
  readonly row: number;
}

/** The cell at a place given in parts of the width from the left and of the height from the top. */
export function cellAt({ steps, rows }: HeatmapGrid, x: number, y: number): Cell {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most - 1);
  return {
    step: within(Math.floor(x * steps), steps),
    row: within(Math.floor((1 - y) * rows), rows),
  };
}

/** The box from one cell to another, both included. */
export function boxOf(grid: HeatmapGrid, a: Cell, b: Cell): Box {
  const { fromSeconds, stepSeconds, bounds } = grid;
  return {
    fromSeconds: fromSeconds + Math.min(a.step, b.step) * stepSeconds,
    toSeconds: fromSeconds + (Math.max(a.step, b.step) + 1) * stepSeconds,
    overNano: bounds[Math.min(a.row, b.row)]!,
    upToNano: bounds[Math.max(a.row, b.row) + 1]!,
  };
}

/** The calls in a box. Exact if it was drawn on this grid, else those of cells with their middle in it. */
export function callsIn(grid: HeatmapGrid, box: Box): number {
  const { steps, rows, bounds, counts, fromSeconds, stepSeconds } = grid;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const middle = (bounds[row]! + bounds[row + 1]!) / 2;
    if (middle <= box.overNano || middle > box.upToNano) continue;
    for (let step = 0; step < steps; step++) {
      const at = fromSeconds + (step + 0.5) * stepSeconds;
      if (at >= box.fromSeconds && at < box.toSeconds) sum += counts[row * steps + step]!;
    }
  }
  return sum;
}

/** Where a duration is, in parts of the height from the top; beyond the edges outside of [0, 1]. */
export function placeOf({ bounds, rows }: HeatmapGrid, nano: number): number {
  const above = bounds.findIndex((bound) => bound >= nano);
  if (above === 0) return 1;
  if (above === -1) return -1;
  const [low, high] = [Math.max(bounds[above - 1]!, 1), bounds[above]!];
  const part = nano <= low ? 0 : Math.log(nano / low) / Math.log(high / low);
  return 1 - (above - 1 + part) / rows;
}

/** Round durations to mark, smallest first: powers of ten within the grid. */
export function durationTicks({ bounds }: HeatmapGrid): number[] {
  const ticks: number[] = [];
  for (let nano = 1; nano <= bounds.at(-1)!; nano *= 10) if (nano > bounds[0]!) ticks.push(nano);
  return ticks;
}

/** How strongly a cell is coloured: 0 for none, else 1 to `levels`, by the logarithm of its calls. */
export function levelOf(calls: number, most: number, levels: number): number {
  if (calls <= 0) return 0;
  if (most <= 1) return Math.ceil(levels / 2);
  return 1 + Math.min(levels - 1, Math.floor((Math.log(calls) / Math.log(most)) * levels));
}
