import { FAILED, type SpanTable } from "./span-table.ts";

/** A trace as a small picture of its waterfall: cells of `columns` × `lines`, line by line. */
export interface Overview {
  readonly columns: number;
  readonly lines: number;
  /** The number of the service's name of a span that runs in the cell, plus 1; 0 where none does. */
  readonly service: Uint32Array;
  /** 1 where a span runs that failed. */
  readonly failed: Uint8Array;
}

/** How often a line's cells are painted over; spans beyond that leave a mark where they begin. */
const PAINTS = 64;

/**
 * The picture over all of the trace's time; rows share lines if there are more of them, and of spans
 * in one cell the one furthest down shows.
 */
export function overviewOf(table: SpanTable, columns: number, lines: number): Overview {
  const { length, durationNano, startNano, spanNano, status, service } = table;
  const cells = new Uint32Array(columns * lines);
  const failed = new Uint8Array(columns * lines);
  const left = new Int32Array(lines).fill(PAINTS * columns);
  const perColumn = Math.max(durationNano, 1) / columns;
  const columnAt = (nano: number): number =>
    Math.min(Math.max(Math.floor(nano / perColumn), 0), columns - 1);
  const perLine = Math.max(length, lines);
  for (let row = 0; row < length; row++) {
    const line = Math.floor((row * lines) / perLine);
    const from = columnAt(startNano[row]!);
    const end = columnAt(startNano[row]! + Math.max(spanNano[row]!, 0));
    const to = left[line]! > 0 ? Math.max(end, from) : from;
    left[line]! -= to - from + 1;
    const at = line * columns;
    cells.fill(service[row]! + 1, at + from, at + to + 1);
    if (status[row] === FAILED) failed.fill(1, at + from, at + to + 1);
  }
  return { columns, lines, service: cells, failed };
}
