import type { Sort } from "../ast.ts";
import { compareForSort, type RuntimeValue } from "./values.ts";

/** What traces are ordered by. */
export interface RankedTrace {
  /** What `sort` says of it: the key of its first spanset. */
  readonly key: RuntimeValue | undefined;
  /** Unix nanoseconds of its earliest start. */
  readonly startUnixNano: bigint;
  readonly traceId: string;
}

/** Orders values; nil is last whichever the direction. */
export function compareKeys(
  direction: Sort["direction"],
  a: RuntimeValue | undefined,
  b: RuntimeValue | undefined,
): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return direction === "asc" ? compareForSort(a, b) : compareForSort(b, a);
}

/** The order of traces in an answer: as `sort` says, then the newest first, then by id. */
export function compareTraces(sort: Sort | undefined, a: RankedTrace, b: RankedTrace): number {
  const byKey = sort === undefined ? 0 : compareKeys(sort.direction, a.key, b.key);
  if (byKey !== 0) return byKey;
  if (a.startUnixNano !== b.startUnixNano) return a.startUnixNano > b.startUnixNano ? -1 : 1;
  return a.traceId < b.traceId ? -1 : Number(a.traceId > b.traceId);
}
