import type { TraceSummary } from "../model/trace.ts";
import { type Column, drawTable } from "./table.ts";
import { safeText } from "../base/safe-text.ts";
import { durationText, instantText, type Looks, paint } from "./text.ts";

/** The columns of a list of traces. */
export const traceColumns: readonly Column<TraceSummary>[] = [
  { title: "TRACE", text: ({ traceId }) => traceId },
  { title: "START (UTC)", text: ({ startUnixNano }) => instantText(startUnixNano) },
  {
    title: "DURATION",
    right: true,
    text: ({ durationNano }, unicode) => durationText(durationNano, unicode),
  },
  { title: "SPANS", right: true, text: ({ spanCount }) => String(spanCount) },
  { title: "ERRORS", right: true, text: ({ errorCount }) => String(errorCount) },
  {
    title: "SERVICE",
    most: 24,
    text: ({ rootService }, unicode) => safeText(rootService || "?", unicode),
  },
  {
    title: "NAME",
    most: 60,
    text: ({ rootName }, unicode) => safeText(rootName || "(first span not seen)", unicode),
  },
];

/** A table of traces, one a line, below a line of titles; those with errors are red. */
export function drawTraces<Row extends TraceSummary>(
  traces: readonly Row[],
  looks: Looks,
  columns: readonly Column<Row>[] = traceColumns,
): string {
  const paintRow = (line: string, { errorCount }: Row) =>
    errorCount > 0 ? paint(line, "red", looks) : line;
  return drawTable(traces, columns, { ...looks, paintRow });
}
