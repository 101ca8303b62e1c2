import type { TraceSummary } from "../model/trace.ts";
import {
  alignRight,
  cellWidth,
  durationText,
  fit,
  instantText,
  type Looks,
  paint,
  safeText,
} from "./text.ts";

interface Column {
  readonly title: string;
  readonly right?: boolean;
  /** Cells at most; longer texts are cut. */
  readonly most?: number;
  readonly text: (trace: TraceSummary, unicode: boolean) => string;
}

const columns: readonly Column[] = [
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

/** A table of traces, one a line, below a line of titles. */
export function drawTraces(traces: readonly TraceSummary[], looks: Looks): string {
  const cells = traces.map((trace) => columns.map(({ text }) => text(trace, looks.unicode)));
  const widths = columns.map(({ title, most = Infinity }, i) => {
    const widest = cells.reduce((max, row) => Math.max(max, cellWidth(row[i]!)), title.length);
    return Math.min(widest, most);
  });
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => {
        const cell = fit(text, Math.min(widths[i]!, cellWidth(text)), looks.unicode);
        return columns[i]!.right ? alignRight(cell, widths[i]!) : fit(cell, widths[i]!, true);
      })
      .join("  ")
      .trimEnd();
  const head = paint(line(columns.map(({ title }) => title)), "dim", looks);
  const body = cells.map((texts, i) => {
    const shown = line(texts);
    return traces[i]!.errorCount > 0 ? paint(shown, "red", looks) : shown;
  });
  return [head, ...body].join("\n") + "\n";
}
