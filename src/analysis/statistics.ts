import { FAILED, type SpanTable } from "./span-table.ts";

/** What spans that have something in common come to. Times are nanoseconds. */
export interface GroupStatistics {
  /** The number that they share. */
  readonly number: number;
  readonly count: number;
  readonly errors: number;
  readonly totalNano: number;
  /** Without the time of their children. */
  readonly selfNano: number;
  readonly p50Nano: number;
  readonly p95Nano: number;
  readonly mostNano: number;
}

/** By row: nanoseconds of its span during which none of its children ran. */
export function selfTimes({ length, startNano, spanNano, parent }: SpanTable): Float64Array {
  const self = spanNano.map((took) => Math.max(took, 0));
  const covered = startNano.slice();
  // Children come by start, so that what is covered only grows.
  for (let row = 0; row < length; row++) {
    const up = parent[row]!;
    if (up < 0) continue;
    const from = Math.max(startNano[row]!, covered[up]!);
    const to = Math.min(startNano[row]! + spanNano[row]!, startNano[up]! + spanNano[up]!);
    if (to <= from) continue;
    self[up]! -= to - from;
    covered[up] = to;
  }
  return self;
}

/** The rows in groups by their number (below 0: in none), those that took longest in all first. */
export function statisticsBy(
  table: SpanTable,
  numbers: ArrayLike<number>,
  self: Float64Array,
): GroupStatistics[] {
  const rowsOf = new Map<number, number[]>();
  for (let row = 0; row < table.length; row++) {
    const number = numbers[row]!;
    if (number < 0) continue;
    const rows = rowsOf.get(number);
    if (rows === undefined) rowsOf.set(number, [row]);
    else rows.push(row);
  }
  const groups = Array.from(rowsOf, ([number, rows]) => statisticsOf(table, number, rows, self));
  return groups.sort((a, b) => b.totalNano - a.totalNano || a.number - b.number);
}

function statisticsOf(
  { spanNano, status }: SpanTable,
  number: number,
  rows: readonly number[],
  self: Float64Array,
): GroupStatistics {
  const took = Float64Array.from(rows, (row) => Math.max(spanNano[row]!, 0)).sort();
  const quantile = (share: number): number => took[Math.ceil(share * took.length) - 1]!;
  return {
    number,
    count: rows.length,
    errors: rows.reduce((sum, row) => sum + (status[row] === FAILED ? 1 : 0), 0),
    totalNano: took.reduce((sum, nano) => sum + nano, 0),
    selfNano: rows.reduce((sum, row) => sum + self[row]!, 0),
    p50Nano: quantile(0.5),
    p95Nano: quantile(0.95),
    mostNano: took.at(-1)!,
  };
}
