/** What a key does on the heatmap. */
import type { Box } from "./explore-route.ts";
import { boxOf, type Cell, type HeatmapGrid } from "./heatmap-grid.ts";

/** What is pointed at: a cell, and the opposite corner of the box under way if there is one. */
export interface Pointed {
  readonly cell: Cell | undefined;
  readonly corner: Cell | undefined;
}

/** What is pointed at after the key, and what becomes of the chosen box. */
export interface AfterKey extends Pointed {
  readonly box: Box | undefined | "asBefore";
}

const moves: Readonly<Record<string, readonly [steps: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** What a key changes; undefined if it is not the heatmap's. */
export function heatmapKey(
  { key, shiftKey }: Pick<KeyboardEvent, "key" | "shiftKey">,
  { grid, cell, corner }: Pointed & { readonly grid: HeatmapGrid },
): AfterKey | undefined {
  const move = moves[key];
  if (move !== undefined) {
    const from = cell ?? { step: grid.steps - 1, row: Math.floor(grid.rows / 2) };
    const next = {
      step: clamp(from.step + (cell === undefined ? 0 : move[0]), grid.steps),
      row: clamp(from.row + (cell === undefined ? 0 : move[1]), grid.rows),
    };
    return { cell: next, corner: shiftKey ? (corner ?? from) : undefined, box: "asBefore" };
  }
  if (key === "Enter" && cell !== undefined) {
    return { cell, corner: undefined, box: boxOf(grid, corner ?? cell, cell) };
  }
  if (key === "Escape") return { cell: undefined, corner: undefined, box: undefined };
  return undefined;
}

function clamp(value: number, count: number): number {
  return Math.min(Math.max(value, 0), count - 1);
}
