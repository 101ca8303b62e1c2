/** What the page knows of a trace beyond what it was sent: worked out once, asked often. */
import type { Span, SpanMark, Trace } from "../../model/trace.ts";
import { treeRows, type TreeRow } from "../../model/trace-tree.ts";
import { assignColours } from "../colours.ts";

/** A service's part in a trace. */
export interface ServiceCount {
  readonly name: string;
  readonly colour: number;
  readonly spanCount: number;
  readonly errorCount: number;
}

/** A trace and all that is shown of it as a whole. */
export interface TraceView {
  readonly trace: Trace;
  readonly rows: readonly TreeRow[];
  /** For each row, how many spans below it (itself excluded) failed. */
  readonly errorsBelow: Int32Array;
  /** Most spans first, then by name. */
  readonly services: readonly ServiceCount[];
  readonly colours: ReadonlyMap<string, number>;
  readonly errorCount: number;
  /** Levels of the tree: 1 for nothing but roots. */
  readonly levels: number;
  readonly orphanCount: number;
}

/** The view of `trace`; linear in its spans. */
export function viewTrace(trace: Trace): TraceView {
  const rows = treeRows(trace.spans);
  const services = countServices(trace);
  let levels = 0;
  let orphanCount = 0;
  for (const { depth, orphan } of rows) {
    if (depth >= levels) levels = depth + 1;
    if (orphan) orphanCount++;
  }
  return {
    trace,
    rows,
    errorsBelow: countErrorsBelow(rows),
    services,
    colours: new Map(services.map(({ name, colour }) => [name, colour])),
    errorCount: services.reduce((sum, service) => sum + service.errorCount, 0),
    levels,
    orphanCount,
  };
}

function countErrorsBelow(rows: readonly TreeRow[]): Int32Array {
  const below = new Int32Array(rows.length);
  for (let i = rows.length - 1; i >= 0; i--) {
    const { parent, span } = rows[i]!;
    if (parent >= 0) below[parent]! += below[i]! + (span.status === "error" ? 1 : 0);
  }
  return below;
}

function countServices(trace: Trace): ServiceCount[] {
  const counts = new Map<string, { spanCount: number; errorCount: number }>();
  for (const span of trace.spans) {
    const name = serviceOf(trace, span);
    const count = counts.get(name) ?? { spanCount: 0, errorCount: 0 };
    count.spanCount++;
    if (span.status === "error") count.errorCount++;
    counts.set(name, count);
  }
  const colours = assignColours(counts.keys());
  return [...counts]
    .map(([name, count]) => ({ name, colour: colours.get(name)!, ...count }))
    .sort((a, b) => b.spanCount - a.spanCount || (a.name < b.name ? -1 : 1));
}

/** The service that made a span. */
export function serviceOf(trace: Trace, span: Span): string {
  return trace.resources[span.resource]!.service;
}

/** The row that stands for the whole: the first root that names no missing parent, else row 0. */
export function mainRow(rows: readonly TreeRow[]): TreeRow | undefined {
  for (let i = 0; i < rows.length; i += rows[i]!.subtreeSize) {
    if (!rows[i]!.orphan) return rows[i];
  }
  return rows[0];
}

/**
 * Names a row in the URL: its span id, and from the second row with the same id on, `.2`, `.3`….
 */
export function spanKey(rows: readonly TreeRow[], row: number): string {
  const { spanId } = rows[row]!.span;
  let nth = 1;
  for (let i = 0; i < row; i++) if (rows[i]!.span.spanId === spanId) nth++;
  return nth === 1 ? spanId : `${spanId}.${nth}`;
}

/** The row that `spanKey` named, or -1. */
export function rowOfKey(rows: readonly TreeRow[], key: string): number {
  const [spanId, nth = "1"] = key.split(".");
  let left = Number(nth);
  return rows.findIndex(({ span }) => span.spanId === spanId && --left === 0);
}

/** Nanoseconds of a row's span during which none of its children ran. */
export function selfNano(rows: readonly TreeRow[], row: number): number {
  const { span, subtreeSize } = rows[row]!;
  const end = span.startNano + span.durationNano;
  let self = Math.max(span.durationNano, 0);
  let covered = span.startNano;
  for (let i = row + 1; i < row + subtreeSize; i += rows[i]!.subtreeSize) {
    const child = rows[i]!.span;
    const from = Math.max(child.startNano, covered);
    const to = Math.min(child.startNano + child.durationNano, end);
    if (to <= from) continue;
    self -= to - from;
    covered = to;
  }
  return self;
}

/** What a mark means, in a few words and in a sentence. */
export const markTexts: Readonly<Record<SpanMark, readonly [brief: string, full: string]>> = {
  endsBeforeStart: ["ends before start", "The span's end is before its start, as it was sent."],
  farFuture: ["far future", "Dated far in the future of its arrival: check the sender's clock."],
  farPast: ["far past", "Dated long before its arrival: check the sender's clock."],
};
