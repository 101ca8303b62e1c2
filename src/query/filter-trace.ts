/** Which spans of one trace somebody wants to see: those that a filter finds, and those around them. */
import { type SpanColumns } from "../model/span-columns.ts";
import { type Span, spanKinds, type Trace } from "../model/trace.ts";
import { treeRows } from "../model/trace-tree.ts";
import type { SearchQuery } from "../traceql/ast.ts";
import { compileSearch } from "../traceql/evaluate/search.ts";
import { traceViewOf } from "../traceql/evaluate/view-of-trace.ts";

/** What is wanted of a trace. */
export interface TraceFilter {
  /** Of one filter, `{ … }`. */
  readonly query: SearchQuery;
  /** So many levels below each span found; Infinity for all. */
  readonly levelsBelow: number;
  /** So many levels above each span found; Infinity for all. */
  readonly levelsAbove: number;
}

/**
 * The spans that the filter finds, with those so many levels below and above them. Linear in the number
 * of spans. Throws Fault "invalid" if the filter cannot be calculated for this trace.
 */
export function filterTrace(trace: Trace, filter: TraceFilter): ReadonlySet<Span> {
  const search = compileSearch(filter.query);
  const found = new Set<Span>();
  for (const { rows } of search.evaluate(traceViewOf(trace))) {
    for (const row of rows) found.add(trace.spans[row]!);
  }
  if (filter.levelsBelow === 0 && filter.levelsAbove === 0) return found;
  return withRelatives(trace, found, filter);
}

function withRelatives(
  trace: Trace,
  found: ReadonlySet<Span>,
  { levelsBelow, levelsAbove }: TraceFilter,
): ReadonlySet<Span> {
  const rows = treeRows(trace.spans); // parents before children
  // How far the nearest span found is: up the tree, and down.
  const upwards = rows.map(({ span }) => (found.has(span) ? 0 : Infinity));
  const downwards = [...upwards];
  rows.forEach(({ parent }, i) => {
    if (parent >= 0) upwards[i] = Math.min(upwards[i]!, upwards[parent]! + 1);
  });
  for (let i = rows.length - 1; i >= 0; i--) {
    const { parent } = rows[i]!;
    if (parent >= 0) downwards[parent] = Math.min(downwards[parent]!, downwards[i]! + 1);
  }
  const isNear = (distance: number, limit: number) => distance < Infinity && distance <= limit;
  return new Set(
    rows
      .filter((_, i) => isNear(upwards[i]!, levelsBelow) || isNear(downwards[i]!, levelsAbove))
      .map(({ span }) => span),
  );
}

/** Whether a row of the columns is one of these spans of the trace that was made of them. */
export function isRowOf(columns: SpanColumns, spans: ReadonlySet<Span>): (row: number) => boolean {
  const keys = new Set<string>();
  for (const { spanId, kind, resource } of spans) keys.add(`${spanId} ${kind} ${resource}`);
  return (row) => {
    const spanId = Buffer.from(columns.spanId.subarray(row * 8, row * 8 + 8)).toString("hex");
    return keys.has(`${spanId} ${spanKinds[columns.kind[row]!]} ${columns.resource[row]}`);
  };
}
