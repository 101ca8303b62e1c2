import { spanKinds } from "../model/trace.ts";
import type { SpanTable } from "./span-table.ts";

/** The stretches of time that decided how long a trace took, each spent in one row's span itself.
 * Sorted by row, so that those of a subtree are together; of one row by time. */
export interface CriticalPath {
  readonly row: Int32Array;
  readonly fromNano: Float64Array;
  readonly toNano: Float64Array;
  /** By row: nanoseconds of it that are its own. */
  readonly selfNano: Float64Array;
}

const CONSUMER = spanKinds.indexOf("consumer");

/** A span that is being walked, backwards in time. */
interface Visit {
  readonly row: number;
  readonly from: number;
  /** Up to here its time is accounted for. */
  cursor: number;
  /** Its children, those that end last first; their ends cut to its own. */
  readonly children: readonly number[];
  readonly until: number;
  next: number;
}

/**
 * The critical path below row `root`: from its end backwards, always into the child that ended last
 * before the moment reached. Of children that overlap, those that a later one covers at their end are
 * not on it; siblings that do not overlap are taken to wait for one another. Parts of a child outside
 * of its parent do not count, and consumers not at all: nobody waits for them.
 */
export function criticalPath(table: SpanTable, root: number): CriticalPath {
  const found: [row: number, from: number, to: number][] = [];
  const { startNano, spanNano } = table;
  const end = (startNano[root] ?? 0) + (spanNano[root] ?? 0);
  const open = root >= 0 && root < table.length ? [visit(table, root, -Infinity, end)] : [];
  while (open.length > 0) {
    const current = open.at(-1)!;
    const child = nextChild(table, current);
    if (child === undefined) {
      if (current.cursor > current.from) found.push([current.row, current.from, current.cursor]);
      open.pop();
      continue;
    }
    const childEnd = Math.min(startNano[child]! + spanNano[child]!, current.until);
    if (current.cursor > childEnd) found.push([current.row, childEnd, current.cursor]);
    const inner = visit(table, child, current.from, childEnd);
    current.cursor = inner.from;
    open.push(inner);
  }
  found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const selfNano = new Float64Array(table.length);
  for (const [row, from, to] of found) selfNano[row]! += to - from;
  return {
    row: Int32Array.from(found, ([row]) => row),
    fromNano: Float64Array.from(found, ([, from]) => from),
    toNano: Float64Array.from(found, ([, , to]) => to),
    selfNano,
  };
}

function visit(
  { startNano, spanNano, subtreeSize, kind }: SpanTable,
  row: number,
  notBefore: number,
  until: number,
): Visit {
  const children: number[] = [];
  for (let at = row + 1; at < row + subtreeSize[row]!; at += subtreeSize[at]!) {
    if (kind[at] !== CONSUMER && spanNano[at]! >= 0) children.push(at);
  }
  const end = (at: number): number => Math.min(startNano[at]! + spanNano[at]!, until);
  children.sort((a, b) => end(b) - end(a) || startNano[b]! - startNano[a]! || b - a);
  const from = Math.min(Math.max(startNano[row]!, notBefore), until);
  return { row, from, cursor: until, until, children, next: 0 };
}

/** The child that ended last before the cursor, or undefined if none is left. */
function nextChild({ startNano, spanNano }: SpanTable, visited: Visit): number | undefined {
  const { children, cursor, from, until } = visited;
  while (visited.next < children.length) {
    const child = children[visited.next++]!;
    const end = Math.min(startNano[child]! + spanNano[child]!, until);
    if (end <= cursor && end > from && startNano[child]! < cursor) return child;
  }
  return undefined;
}

/** Where the stretches of the rows `[from, to)` are among those of the path. */
export function stretchesOf(
  { row }: CriticalPath,
  from: number,
  to: number,
): { readonly first: number; readonly end: number } {
  return { first: lowerBound(row, from), end: lowerBound(row, to) };
}

function lowerBound(sorted: Int32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
