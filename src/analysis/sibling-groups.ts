import { FAILED, type SpanTable } from "./span-table.ts";

/**
 * Runs of equal siblings: next to one another by start, under one parent, of one service, name and
 * status. Group `g` is the rows `[first[g], end[g])`, subtrees included.
 */
export interface SiblingGroups {
  readonly count: number;
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** How many siblings it has, and how long they took together and at most. */
  readonly size: Int32Array;
  readonly totalNano: Float64Array;
  readonly mostNano: Float64Array;
  /** By row: the number of the group that it is a sibling of, or -1. */
  readonly of: Int32Array;
}

/** Fewer than these are shown one by one. */
export const LEAST_SIBLINGS = 5;

/** The groups of a trace, by their first rows; linear in its spans. */
export function siblingGroups(table: SpanTable): SiblingGroups {
  const { length, subtreeSize } = table;
  const runs: { first: number; end: number; size: number; total: number; most: number }[] = [];
  // For each parent (roots under -1), the run that its latest child may continue.
  const open = new Map<number, (typeof runs)[number]>();
  for (let row = 0; row < length; row++) {
    const parent = table.parent[row]!;
    const run = open.get(parent);
    const took = Math.max(table.spanNano[row]!, 0);
    if (run !== undefined && run.end === row && isSame(table, run.first, row)) {
      run.end = row + subtreeSize[row]!;
      run.size++;
      run.total += took;
      run.most = Math.max(run.most, took);
      continue;
    }
    if (run !== undefined && run.size >= LEAST_SIBLINGS) runs.push(run);
    const end = row + subtreeSize[row]!;
    open.set(parent, { first: row, end, size: 1, total: took, most: took });
  }
  for (const run of open.values()) if (run.size >= LEAST_SIBLINGS) runs.push(run);
  runs.sort((a, b) => a.first - b.first);
  const of = new Int32Array(length).fill(-1);
  runs.forEach(({ first, end }, group) => {
    for (let row = first; row < end; row += subtreeSize[row]!) of[row] = group;
  });
  return {
    count: runs.length,
    first: Int32Array.from(runs, ({ first }) => first),
    end: Int32Array.from(runs, ({ end }) => end),
    size: Int32Array.from(runs, ({ size }) => size),
    totalNano: Float64Array.from(runs, ({ total }) => total),
    mostNano: Float64Array.from(runs, ({ most }) => most),
    of,
  };
}

function isSame({ service, name, status }: SpanTable, a: number, b: number): boolean {
  const fails = (status[a] === FAILED) === (status[b] === FAILED);
  return service[a] === service[b] && name[a] === name[b] && fails;
}

/** The number of the group whose first sibling is in `row`, or -1. */
export function groupFrom({ of, first }: SiblingGroups, row: number): number {
  const group = of[row] ?? -1;
  return group >= 0 && first[group] === row ? group : -1;
}
