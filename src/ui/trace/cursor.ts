/** Moving through the waterfall and folding it: what a key does to the state, and nothing else. */
import type { TreeRow } from "../../model/trace-tree.ts";

/** What a reader has done to the waterfall. */
export interface WaterfallState {
  /** The row that has the keyboard. It is always visible. */
  readonly cursor: number;
  /** Rows whose subtree is folded away. */
  readonly collapsed: ReadonlySet<number>;
}

/** What can be done to it. */
export type WaterfallAction =
  | { readonly kind: "move"; readonly rows: number }
  | { readonly kind: "first" | "last" }
  | { readonly kind: "out" | "in" }
  | { readonly kind: "toggle"; readonly row: number }
  | { readonly kind: "expandAll" | "collapseAll" }
  | { readonly kind: "nextError" | "previousError" }
  | { readonly kind: "to"; readonly row: number };

/** The rows that show, in order: all but those below a collapsed one. */
export function visibleRows(rows: readonly TreeRow[], collapsed: ReadonlySet<number>): Int32Array {
  const visible = new Int32Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i += collapsed.has(i) ? rows[i]!.subtreeSize : 1) {
    visible[count++] = i;
  }
  return visible.subarray(0, count);
}

/** Where `row` is in `visible`; of a hidden row, where its nearest visible ancestor is. */
export function positionOf(visible: Int32Array, row: number): number {
  let [from, to] = [0, visible.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (visible[middle]! <= row) from = middle;
    else to = middle;
  }
  return from;
}

/** The state after `action`. */
export function act(
  rows: readonly TreeRow[],
  state: WaterfallState,
  action: WaterfallAction,
): WaterfallState {
  const { cursor, collapsed } = state;
  switch (action.kind) {
    case "move":
      return { cursor: moved(rows, state, action.rows), collapsed };
    case "first":
      return { cursor: 0, collapsed };
    case "last":
      return { cursor: moved(rows, state, rows.length), collapsed };
    case "out":
      if (hasChildren(rows, cursor) && !collapsed.has(cursor)) return fold(rows, state, cursor);
      return { cursor: Math.max(rows[cursor]!.parent, 0), collapsed };
    case "in":
      if (collapsed.has(cursor)) return unfold(state, cursor);
      return { cursor: hasChildren(rows, cursor) ? cursor + 1 : cursor, collapsed };
    case "toggle":
      return collapsed.has(action.row) ? unfold(state, action.row) : fold(rows, state, action.row);
    case "expandAll":
      return { cursor, collapsed: new Set() };
    case "collapseAll":
      return collapseAll(rows, cursor);
    case "nextError":
      return reveal(rows, state, errorFrom(rows, cursor, 1));
    case "previousError":
      return reveal(rows, state, errorFrom(rows, cursor, -1));
    case "to":
      return reveal(rows, state, action.row);
  }
}

/**
 * The state for a trace that was loaded again: the same spans have the cursor and are collapsed,
 * wherever they are now. Of spans that share an id, the first stands for all.
 */
export function carryOver(
  before: readonly TreeRow[],
  after: readonly TreeRow[],
  { cursor, collapsed }: WaterfallState,
): WaterfallState {
  const rowOfSpan = new Map<string, number>();
  for (let row = after.length - 1; row >= 0; row--) rowOfSpan.set(after[row]!.span.spanId, row);
  const moved = (row: number): number => rowOfSpan.get(before[row]?.span.spanId ?? "") ?? -1;
  const folded = [...collapsed].map(moved).filter((row) => row >= 0);
  const state = { cursor: 0, collapsed: new Set(folded) };
  return reveal(after, state, Math.max(moved(cursor), 0));
}

/** Whether a row can be collapsed. */
function hasChildren(rows: readonly TreeRow[], row: number): boolean {
  return rows[row]!.subtreeSize > 1;
}

function moved(
  rows: readonly TreeRow[],
  { cursor, collapsed }: WaterfallState,
  by: number,
): number {
  const visible = visibleRows(rows, collapsed);
  const position = positionOf(visible, cursor) + by;
  return visible[Math.min(Math.max(position, 0), visible.length - 1)] ?? 0;
}

function unfold({ cursor, collapsed }: WaterfallState, row: number): WaterfallState {
  return { cursor, collapsed: new Set([...collapsed].filter((other) => other !== row)) };
}

/** A cursor inside the fold moves up to the folded row. */
function fold(
  rows: readonly TreeRow[],
  { cursor, collapsed }: WaterfallState,
  row: number,
): WaterfallState {
  if (!hasChildren(rows, row)) return { cursor, collapsed };
  const inside = cursor > row && cursor < row + rows[row]!.subtreeSize;
  return { cursor: inside ? row : cursor, collapsed: new Set([...collapsed, row]) };
}

/** Leaves the roots and their children. */
function collapseAll(rows: readonly TreeRow[], cursor: number): WaterfallState {
  const collapsed = new Set<number>();
  rows.forEach(({ depth }, row) => {
    if (depth > 0 && hasChildren(rows, row)) collapsed.add(row);
  });
  const visible = visibleRows(rows, collapsed);
  return { cursor: visible[positionOf(visible, cursor)] ?? 0, collapsed };
}

function errorFrom(rows: readonly TreeRow[], cursor: number, step: 1 | -1): number {
  for (let n = 1; n < rows.length; n++) {
    const row = (cursor + step * n + rows.length * 2) % rows.length;
    if (rows[row]!.span.status === "error") return row;
  }
  return cursor;
}

/** Puts the cursor on `row` and unfolds everything above it. */
function reveal(rows: readonly TreeRow[], state: WaterfallState, row: number): WaterfallState {
  if (row < 0 || row >= rows.length) return state;
  const collapsed = new Set(state.collapsed);
  for (let up = rows[row]!.parent; up >= 0; up = rows[up]!.parent) collapsed.delete(up);
  return { cursor: row, collapsed };
}
