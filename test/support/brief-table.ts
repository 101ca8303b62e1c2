/** Tables of traces written briefly, for tests of what is worked out from them. */
import { arraysOfTrace } from "../../src/analysis/arrays-of-trace.ts";
import { buildTable, type SpanTable } from "../../src/analysis/span-table.ts";
import { type BriefSpan, briefTrace } from "./brief-trace.ts";

/** The table of a trace of these spans. */
export function briefTable(spans: readonly BriefSpan[]): SpanTable {
  return buildTable(arraysOfTrace(briefTrace(spans)));
}

/** The names of the spans in rows. */
export function namesOf(table: SpanTable, rows: Iterable<number>): string[] {
  return Array.from(rows, (row) => table.texts[table.name[row]!]!);
}

/** The row of the first span with a name. */
export function rowNamed(table: SpanTable, name: string): number {
  const row = namesOf(
    table,
    Array.from({ length: table.length }, (_, i) => i),
  ).indexOf(name);
  if (row < 0) throw new Error(`no span ${name}`);
  return row;
}
