/** Moving through the waterfall and folding it: what a key does to the state, and nothing else. */
import { FAILED, type SpanTable } from "../../analysis/span-table.ts";

/** What a reader has done to the waterfall. */
export interface WaterfallState {
  /** The row that has the keyboard. It is always visible. */
  readonly cursor: number;
  /** By row: 1 if its subtree is folded away. */
  readonly folded: Uint8Array;
}

/** What can be done to it. */
export type WaterfallAction =
  | { readonly kind: "move"; readonly rows: number }
  | { readonly kind: "first" | "last" }
  | { readonly kind: "out" | "in" }
  | { readonly kind: "toggle"; readonly row: number }
  | { readonly kind: "toggleSiblings"; readonly row: number }
  | { readonly kind: "expandAll" | "collapseAll" | "expandLevel" | "collapseLevel" }
  | { readonly kind: "nextError" | "previousError" }
  | { readonly kind: "nextSibling" | "previousSibling" }
  | { readonly kind: "to"; readonly row: number };

/** What of a table the waterfall's lines depend on. */
export type Tree = Pick<SpanTable, "length" | "depth" | "parent" | "subtreeSize">;

/** Nothing folded. */
export function unfolded({ length }: Pick<SpanTable, "length">): WaterfallState {
  return { cursor: 0, folded: new Uint8Array(length) };
}

/** The rows that show, in order: all but those below a folded one. */
export function visibleRows({ length, subtreeSize }: Tree, folded: Uint8Array): Int32Array {
  const visible = new Int32Array(length);
  let count = 0;
  for (let row = 0; row < length; row += folded[row] === 1 ? subtreeSize[row]! : 1) {
    visible[count++] = row;
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

/** The state after `action`; `visible` are the rows that show now. */
export function act(
  table: SpanTable,
  visible: Int32Array,
  state: WaterfallState,
  action: WaterfallAction,
): WaterfallState {
  const { cursor, folded } = state;
  switch (action.kind) {
    case "move":
      return { cursor: moved(visible, cursor, action.rows), folded };
    case "first":
      return { cursor: 0, folded };
    case "last":
      return { cursor: moved(visible, cursor, table.length), folded };
    case "out":
      if (hasChildren(table, cursor) && folded[cursor] === 0) return fold(table, state, [cursor]);
      return { cursor: Math.max(table.parent[cursor]!, 0), folded };
    case "in":
      if (folded[cursor] === 1) return unfold(state, [cursor]);
      return { cursor: hasChildren(table, cursor) ? cursor + 1 : cursor, folded };
    case "toggle":
      return toggle(table, state, [action.row], folded[action.row] === 1);
    case "toggleSiblings":
      return toggle(table, state, siblings(table, action.row), folded[action.row] === 1);
    case "expandAll":
      return { cursor, folded: new Uint8Array(table.length) };
    case "collapseAll":
      return foldFrom(table, state, 1);
    case "expandLevel":
      return changeLevel(table, state, 1);
    case "collapseLevel":
      return changeLevel(table, state, -1);
    case "nextError":
      return reveal(table, state, errorFrom(table, cursor, 1));
    case "previousError":
      return reveal(table, state, errorFrom(table, cursor, -1));
    case "nextSibling":
      return { cursor: sibling(table, cursor, 1), folded };
    case "previousSibling":
      return { cursor: sibling(table, cursor, -1), folded };
    case "to":
      return reveal(table, state, action.row);
  }
}

/**
 * The state for a trace that was loaded again: the same spans have the cursor and are folded,
 * wherever they are now. Of spans that share an id, the first stands for all.
 */
export function carryOver(
  before: SpanTable,
  after: SpanTable,
  { cursor, folded }: WaterfallState,
): WaterfallState {
  const rowOfSpan = new Map<number, number>();
  for (let row = after.length - 1; row >= 0; row--) rowOfSpan.set(idNumber(after, row), row);
  const next = new Uint8Array(after.length);
  for (let row = 0; row < before.length; row++) {
    const now = folded[row] === 1 ? rowOfSpan.get(idNumber(before, row)) : undefined;
    if (now !== undefined) next[now] = 1;
  }
  const at = cursor < before.length ? rowOfSpan.get(idNumber(before, cursor)) : undefined;
  return reveal(after, { cursor: 0, folded: next }, at ?? 0);
}

/** Ids as numbers; two of a trace that share one are as rare as their first 53 bits being the same. */
function idNumber({ spanId }: SpanTable, row: number): number {
  return spanId[2 * row]! * 2 ** 21 + (spanId[2 * row + 1]! >>> 11);
}

function hasChildren({ subtreeSize }: Tree, row: number): boolean {
  return subtreeSize[row]! > 1;
}

function moved(visible: Int32Array, cursor: number, by: number): number {
  const position = positionOf(visible, cursor) + by;
  return visible[Math.min(Math.max(position, 0), visible.length - 1)] ?? 0;
}

function toggle(
  table: SpanTable,
  state: WaterfallState,
  rows: readonly number[],
  isFolded: boolean,
): WaterfallState {
  return isFolded ? unfold(state, rows) : fold(table, state, rows);
}

function unfold({ cursor, folded }: WaterfallState, rows: readonly number[]): WaterfallState {
  const next = folded.slice();
  for (const row of rows) next[row] = 0;
  return { cursor, folded: next };
}

/** A cursor inside a fold moves up to the folded row. */
function fold(
  table: SpanTable,
  { cursor, folded }: WaterfallState,
  rows: readonly number[],
): WaterfallState {
  const next = folded.slice();
  for (const row of rows) if (hasChildren(table, row)) next[row] = 1;
  return { cursor: nearestVisible(table, next, cursor), folded: next };
}

/** The row itself, or the outermost of the folded rows above it. */
function nearestVisible({ parent }: Tree, folded: Uint8Array, row: number): number {
  let visible = row;
  for (let up = parent[row] ?? -1; up >= 0; up = parent[up]!) if (folded[up] === 1) visible = up;
  return visible;
}

/** Folds every row from level `level` on: with 1, roots and their children are left. */
function foldFrom(table: SpanTable, { cursor }: WaterfallState, level: number): WaterfallState {
  const folded = new Uint8Array(table.length);
  for (let row = 0; row < table.length; row++) {
    if (table.depth[row]! >= level && hasChildren(table, row)) folded[row] = 1;
  }
  return { cursor: nearestVisible(table, folded, cursor), folded };
}

/** One level more, or one less, than shows now. */
function changeLevel(table: SpanTable, state: WaterfallState, by: 1 | -1): WaterfallState {
  let deepest = 0;
  const { subtreeSize, depth, length } = table;
  for (let row = 0; row < length; row += state.folded[row] === 1 ? subtreeSize[row]! : 1) {
    if (depth[row]! > deepest) deepest = depth[row]!;
  }
  return foldFrom(table, state, Math.max(0, deepest + by));
}

function siblings({ parent, subtreeSize, length }: Tree, row: number): number[] {
  const above = parent[row]!;
  const rows: number[] = [];
  const [from, to] = above < 0 ? [0, length] : [above + 1, above + subtreeSize[above]!];
  for (let at = from; at < to; at += subtreeSize[at]!) rows.push(at);
  return rows;
}

function sibling(table: Tree, row: number, step: 1 | -1): number {
  const rows = siblings(table, row);
  return rows[rows.indexOf(row) + step] ?? row;
}

function errorFrom({ status, length }: SpanTable, cursor: number, step: 1 | -1): number {
  for (let n = 1; n < length; n++) {
    const row = (cursor + step * n + length * 2) % length;
    if (status[row] === FAILED) return row;
  }
  return cursor;
}

/** Puts the cursor on `row` and unfolds everything above it. */
function reveal({ length, parent }: Tree, state: WaterfallState, row: number): WaterfallState {
  if (row < 0 || row >= length) return state;
  let { folded } = state;
  for (let up = parent[row]!; up >= 0; up = parent[up]!) {
    if (folded[up] === 0) continue;
    if (folded === state.folded) folded = folded.slice();
    folded[up] = 0;
  }
  return { cursor: row, folded };
}
