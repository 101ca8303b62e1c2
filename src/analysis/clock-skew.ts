/**
 * Clocks that differ. A span that another service made cannot begin before the call that caused it; if
 * it seems to, the clocks of the two differ. Nothing is corrected unasked: this says what there is to
 * correct, and makes the corrected table.
 */
import { spanKinds } from "../model/trace.ts";
import type { SpanTable } from "./span-table.ts";

/** What a service's clock seems to be off by. */
export interface Skew {
  /** Number of the service's name. */
  readonly service: number;
  /** Spans that were moved, and the most that any was moved by, in nanoseconds (negative: earlier). */
  readonly spans: number;
  readonly byNano: number;
}

/** The spans as they would stand if all clocks were right. */
export interface Corrected {
  /** The table with other starts, or the same if nothing is to be corrected. */
  readonly table: SpanTable;
  /** Most moved first. */
  readonly skews: readonly Skew[];
  /** By row: what was added to its start; all zero if nothing was. */
  readonly byNano: Float64Array;
}

const ASYNC = new Set([spanKinds.indexOf("consumer"), spanKinds.indexOf("producer")]);

/**
 * Moves each subtree of another service that does not lie within its parent: into the middle of it, as
 * if there and back took as long; where it is longer than the parent, to the parent's start. What is
 * of the parent's own service moves with it. Consumers may run whenever they like.
 */
export function correctSkew(table: SpanTable): Corrected {
  const { length, parent, service } = table;
  const byNano = new Float64Array(length);
  const most = new Map<number, { spans: number; byNano: number }>();
  for (let row = 0; row < length; row++) {
    const up = parent[row]!;
    if (up < 0) continue;
    const own = service[up] === service[row] ? 0 : ownSkew(table, row, byNano);
    const by = byNano[up]! + own;
    if (by === 0) continue;
    byNano[row] = by;
    const known = most.get(service[row]!) ?? { spans: 0, byNano: 0 };
    known.spans++;
    if (Math.abs(by) > Math.abs(known.byNano)) known.byNano = by;
    most.set(service[row]!, known);
  }
  const skews = Array.from(most, ([number, found]) => ({ service: number, ...found }));
  skews.sort((a, b) => Math.abs(b.byNano) - Math.abs(a.byNano));
  return { table: skews.length === 0 ? table : moved(table, byNano), skews, byNano };
}

/** What is to be added to a row's start, beyond what its parent was moved by. */
function ownSkew(table: SpanTable, row: number, byNano: Float64Array): number {
  const { startNano, spanNano, parent, kind } = table;
  if (ASYNC.has(kind[row]!)) return 0;
  const up = parent[row]!;
  const parentStart = startNano[up]! + byNano[up]!;
  const start = startNano[row]! + byNano[up]!;
  const [took, parentTook] = [Math.max(spanNano[row]!, 0), Math.max(spanNano[up]!, 0)];
  const startsBefore = start < parentStart;
  const endsAfter = start + took > parentStart + parentTook;
  // What outlives its parent may just not be waited for.
  if (!startsBefore && (!endsAfter || took > parentTook || start < parentStart + parentTook))
    return 0;
  const wanted = took > parentTook ? parentStart : parentStart + (parentTook - took) / 2;
  return Math.round(wanted - start);
}

function moved(table: SpanTable, byNano: Float64Array): SpanTable {
  const { length } = table;
  let [first, last] = [Infinity, 0];
  const startNano = table.startNano.map((start, row) => start + byNano[row]!);
  for (let row = 0; row < length; row++) first = Math.min(first, startNano[row]!);
  const eventNano = table.eventNano.slice();
  for (let row = 0, event = 0; row < length; row++) {
    startNano[row]! -= first;
    last = Math.max(last, startNano[row]! + table.spanNano[row]!);
    for (; event < table.eventEnds[row]!; event++) eventNano[event]! += byNano[row]! - first;
  }
  return {
    ...table,
    startNano,
    eventNano,
    durationNano: last,
    startUnixNano: table.startUnixNano + BigInt(first),
  };
}
