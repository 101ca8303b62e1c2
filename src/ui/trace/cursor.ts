/** Moving through the waterfall and folding it: what a key does to the state, and nothing else. */
import { groupFrom, type SiblingGroups } from "../../analysis/sibling-groups.ts";
import { FAILED, type SpanTable } from "../../analysis/span-table.ts";

/** What a reader has done to the waterfall. */
export interface WaterfallState {
  /** The row that has the keyboard. It is always visible. */
  readonly cursor: number;
  /** By row: 1 if its subtree is folded away. */
  readonly folded: Uint8Array;
  /** First rows of groups of siblings that show one by one. */
  readonly opened: ReadonlySet<number>;
}

/** What can be done to it. */
export type WaterfallAction =
  | { readonly kind: "move"; readonly rows: number }
  | { readonly kind: "first" | "last" }
  | { readonly kind: "out" | "in" }
  | { readonly kind: "toggle"; readonly row: number }
  | { readonly kind: "toggleSiblings" | "toggleGroup"; readonly row: number }
  | { readonly kind: "expandAll" | "collapseAll" | "expandLevel" | "collapseLevel" }
  | { readonly kind: "nextError" | "previousError" }
  | { readonly kind: "nextSibling" | "previousSibling" }
  | { readonly kind: "to"; readonly row: number };

/** What of a table the waterfall's lines depend on. */
export type Tree = Pick<SpanTable, "length" | "depth" | "parent" | "subtreeSize">;

const noneOpened: ReadonlySet<number> = new Set();

/** This folded, every group closed. */
export function foldedState(folded: Uint8Array): WaterfallState {
  return { cursor: 0, folded, opened: noneOpened };
}

/** What of the rows may show at all. */
export interface Scope {
  /** The row whose subtree alone shows, or -1 for everything. */
  readonly root: number;
  /** By row: 1 for rows that may show; all if it is left out. What is above such a row may, too. */
  readonly kept?: Uint8Array | undefined;
  /** Groups of siblings; of each that is not opened, the first row stands for all. */
  readonly groups?: SiblingGroups | undefined;
}

/** Everything may show. */
export const wholeScope: Scope = { root: -1 };

/** The rows that show, in order: all in the scope but those below a folded one. */
export function visibleRows(
  { length, subtreeSize }: Tree,
  { folded, opened }: Pick<WaterfallState, "folded" | "opened">,
  { root, kept, groups }: Scope = wholeScope,
): Int32Array {
  const from = Math.max(root, 0);
  const to = root < 0 ? length : root + subtreeSize[root]!;
  const visible = new Int32Array(to - from);
  let count = 0;
  for (let row = from; row < to;) {
    if (kept !== undefined && kept[row] === 0) {
      row += subtreeSize[row]!;
      continue;
    }
    visible[count++] = row;
    const group = groups === undefined ? -1 : groupFrom(groups, row);
    if (group >= 0 && !opened.has(row)) row = groups!.end[group]!;
    else row += folded[row] === 1 ? subtreeSize[row]! : 1;
  }
  return visible.subarray(0, count);
}

/** The group that a row stands for, or -1 if it stands for itself. */
export function groupShownBy(
  { groups }: Scope,
  { opened }: Pick<WaterfallState, "opened">,
  row: number,
): number {
  return groups === undefined || opened.has(row) ? -1 : groupFrom(groups, row);
}

/** By row: 1 for those that match and everything above them. */
export function withAncestors({ length, parent }: Tree, matches: Uint8Array): Uint8Array {
  const kept = matches.slice();
  for (let row = length - 1; row >= 0; row--) {
    if (kept[row] === 1 && parent[row]! >= 0) kept[parent[row]!] = 1;
  }
  return kept;
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

/** What an action is done to. */
export interface Lines {
  readonly table: SpanTable;
  readonly scope: Scope;
  /** The rows that show now. */
  readonly visible: Int32Array;
}

/** The state after `action`. */
export function act(lines: Lines, state: WaterfallState, action: WaterfallAction): WaterfallState {
  const { table, visible } = lines;
  const { cursor, folded } = state;
  switch (action.kind) {
    case "move":
      return { ...state, cursor: moved(visible, cursor, action.rows) };
    case "first":
      return { ...state, cursor: visible[0] ?? 0 };
    case "last":
      return { ...state, cursor: moved(visible, cursor, table.length) };
    case "out":
      return goOut(lines, state);
    case "in":
      if (groupShownBy(lines.scope, state, cursor) >= 0) return toggleGroup(lines, state, cursor);
      if (folded[cursor] === 1) return unfold(state, [cursor]);
      return { ...state, cursor: hasChildren(table, cursor) ? moved(visible, cursor, 1) : cursor };
    case "toggle":
      return toggle(table, state, [action.row], folded[action.row] === 1);
    case "toggleSiblings":
      return toggle(table, state, siblings(table, action.row), folded[action.row] === 1);
    case "toggleGroup":
      return toggleGroup(lines, state, action.row);
    case "expandAll":
      return { ...state, folded: new Uint8Array(table.length) };
    case "collapseAll":
      return foldFrom(lines, state, 1);
    case "expandLevel":
      return changeLevel(lines, state, 1);
    case "collapseLevel":
      return changeLevel(lines, state, -1);
    case "nextError":
      return reveal(lines, state, errorFrom(lines, cursor, 1));
    case "previousError":
      return reveal(lines, state, errorFrom(lines, cursor, -1));
    case "nextSibling":
      return { ...state, cursor: sibling(lines, cursor, 1) };
    case "previousSibling":
      return { ...state, cursor: sibling(lines, cursor, -1) };
    case "to":
      return reveal(lines, state, action.row);
  }
}

/** Closes what is open at the cursor; where nothing is, goes to the parent. */
function goOut({ table, scope }: Lines, state: WaterfallState): WaterfallState {
  const { cursor, folded, opened } = state;
  const isGroup = groupShownBy(scope, state, cursor) >= 0;
  if (!isGroup && hasChildren(table, cursor) && folded[cursor] === 0) {
    return fold(table, state, [cursor]);
  }
  if (scope.groups !== undefined && opened.has(cursor)) {
    return { ...state, opened: new Set([...opened].filter((row) => row !== cursor)) };
  }
  if (cursor === scope.root) return state;
  const up = table.parent[cursor]!;
  return { ...state, cursor: up < 0 ? cursor : up };
}

/** Opens a group, or closes it and takes the cursor to the row that stands for it. */
function toggleGroup({ scope }: Lines, state: WaterfallState, row: number): WaterfallState {
  const opened = new Set(state.opened);
  if (!opened.delete(row)) return { ...state, opened: opened.add(row) };
  const group = scope.groups === undefined ? -1 : groupFrom(scope.groups, row);
  const end = group < 0 ? row : scope.groups!.end[group]!;
  const inside = state.cursor > row && state.cursor < end;
  return { ...state, cursor: inside ? row : state.cursor, opened };
}

/**
 * The state for a trace that was loaded again: the same spans have the cursor and are folded,
 * wherever they are now. Of spans that share an id, the first stands for all.
 */
export function carryOver(
  before: SpanTable,
  after: SpanTable,
  { cursor, folded, opened }: WaterfallState,
): WaterfallState {
  const rowOfSpan = new Map<number, number>();
  for (let row = after.length - 1; row >= 0; row--) rowOfSpan.set(idNumber(after, row), row);
  const next = new Uint8Array(after.length);
  const now = (row: number): number =>
    (row < before.length ? rowOfSpan.get(idNumber(before, row)) : undefined) ?? -1;
  for (let row = 0; row < before.length; row++) {
    const at = folded[row] === 1 ? now(row) : -1;
    if (at >= 0) next[at] = 1;
  }
  const still = new Set([...opened].map(now).filter((row) => row >= 0));
  const whole = { table: after, scope: wholeScope, visible: new Int32Array(0) };
  return reveal(whole, { cursor: 0, folded: next, opened: still }, Math.max(now(cursor), 0));
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

function unfold(state: WaterfallState, rows: readonly number[]): WaterfallState {
  const folded = state.folded.slice();
  for (const row of rows) folded[row] = 0;
  return { ...state, folded };
}

/** A cursor inside a fold moves up to the folded row. */
function fold(table: SpanTable, state: WaterfallState, rows: readonly number[]): WaterfallState {
  const folded = state.folded.slice();
  for (const row of rows) if (hasChildren(table, row)) folded[row] = 1;
  return { ...state, cursor: nearestVisible(table, folded, state.cursor), folded };
}

/** The row itself, or the outermost of the folded rows above it. */
function nearestVisible({ parent }: Tree, folded: Uint8Array, row: number): number {
  let visible = row;
  for (let up = parent[row] ?? -1; up >= 0; up = parent[up]!) if (folded[up] === 1) visible = up;
  return visible;
}

/** Folds every row from level `level` on: with 1, roots and their children are left. */
function foldFrom({ table, scope }: Lines, state: WaterfallState, level: number): WaterfallState {
  const folded = new Uint8Array(table.length);
  const top = scope.root < 0 ? 0 : table.depth[scope.root]!;
  for (let row = 0; row < table.length; row++) {
    if (table.depth[row]! >= top + level && hasChildren(table, row)) folded[row] = 1;
  }
  return { ...state, cursor: nearestVisible(table, folded, state.cursor), folded };
}

/** One level more, or one less, than shows now. */
function changeLevel(lines: Lines, state: WaterfallState, by: 1 | -1): WaterfallState {
  const { table, scope, visible } = lines;
  const deepest = visible.reduce((most, row) => Math.max(most, table.depth[row]!), 0);
  const top = scope.root < 0 ? 0 : table.depth[scope.root]!;
  return foldFrom(lines, state, Math.max(0, deepest - top + by));
}

function siblings({ parent, subtreeSize, length }: Tree, row: number): number[] {
  const above = parent[row]!;
  const rows: number[] = [];
  const [from, to] = above < 0 ? [0, length] : [above + 1, above + subtreeSize[above]!];
  for (let at = from; at < to; at += subtreeSize[at]!) rows.push(at);
  return rows;
}

function sibling({ table, scope }: Lines, row: number, step: 1 | -1): number {
  if (row === scope.root) return row;
  const rows = siblings(table, row);
  return rows[rows.indexOf(row) + step] ?? row;
}

function errorFrom({ table, scope }: Lines, cursor: number, step: 1 | -1): number {
  const from = Math.max(scope.root, 0);
  const count = scope.root < 0 ? table.length : table.subtreeSize[scope.root]!;
  for (let n = 1; n < count; n++) {
    const row = from + ((cursor - from + step * n + count * 2) % count);
    if (table.status[row] === FAILED && scope.kept?.[row] !== 0) return row;
  }
  return cursor;
}

/** Puts the cursor on `row` and unfolds everything above it, and groups that it is in. */
function reveal({ table, scope }: Lines, state: WaterfallState, row: number): WaterfallState {
  const { parent, length } = table;
  if (row < 0 || row >= length) return state;
  let { folded, opened } = state;
  for (let at = row; at >= 0; at = parent[at]!) {
    if (at !== row && folded[at] === 1) {
      if (folded === state.folded) folded = folded.slice();
      folded[at] = 0;
    }
    const first = scope.groups?.first[scope.groups.of[at]!];
    if (first === undefined || opened.has(first) || (at === row && first === row)) continue;
    opened = new Set(opened).add(first);
  }
  return { cursor: row, folded, opened };
}
