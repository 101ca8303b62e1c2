/** What the page knows of a trace beyond its table: worked out once, asked often. */
import type { Cut } from "../../analysis/compress-gaps.ts";
import { FAILED, itemsStart, spanIdOf, type SpanTable } from "../../analysis/span-table.ts";
import type { SpanMark } from "../../model/trace.ts";
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
  readonly table: SpanTable;
  /** For each row, how many spans below it (itself excluded) failed. */
  readonly errorsBelow: Int32Array;
  /** Most spans first, then by name. */
  readonly services: readonly ServiceCount[];
  /** Colour numbers of services, by the numbers of their names. */
  readonly colours: Uint8Array;
  readonly errorCount: number;
  /** Levels of the tree: 1 for nothing but roots. */
  readonly levels: number;
  readonly orphanCount: number;
  /** What was taken out of the table's times, if anything. */
  readonly cuts: readonly Cut[];
}

/** The view of a trace; linear in its spans. */
export function viewTable(table: SpanTable): TraceView {
  const { length, depth, orphan, service, status, texts } = table;
  const spanCounts = new Uint32Array(texts.length);
  const errorCounts = new Uint32Array(texts.length);
  let levels = 0;
  let orphanCount = 0;
  let errorCount = 0;
  for (let row = 0; row < length; row++) {
    spanCounts[service[row]!]!++;
    if (depth[row]! >= levels) levels = depth[row]! + 1;
    if (orphan[row] === 1) orphanCount++;
    if (status[row] !== FAILED) continue;
    errorCounts[service[row]!]!++;
    errorCount++;
  }
  const numbers = Array.from(spanCounts.keys()).filter((number) => spanCounts[number]! > 0);
  const byName = assignColours(numbers.map((number) => texts[number]!));
  const colours = new Uint8Array(texts.length);
  for (const number of numbers) colours[number] = byName.get(texts[number]!)!;
  const services = numbers.map((number) => ({
    name: texts[number]!,
    colour: colours[number]!,
    spanCount: spanCounts[number]!,
    errorCount: errorCounts[number]!,
  }));
  services.sort((a, b) => b.spanCount - a.spanCount || (a.name < b.name ? -1 : 1));
  const errorsBelow = countErrorsBelow(table);
  return { table, errorsBelow, services, colours, errorCount, levels, orphanCount, cuts: [] };
}

function countErrorsBelow({ length, parent, status }: SpanTable): Int32Array {
  const below = new Int32Array(length);
  for (let row = length - 1; row >= 0; row--) {
    const up = parent[row]!;
    if (up >= 0) below[up]! += below[row]! + (status[row] === FAILED ? 1 : 0);
  }
  return below;
}

/** The service that made the span in a row. */
export function serviceOf({ texts, service }: SpanTable, row: number): string {
  return texts[service[row]!]!;
}

/** The name of the span in a row. */
export function nameOf({ texts, name }: SpanTable, row: number): string {
  return texts[name[row]!]!;
}

/** The row that stands for the whole: the first root that names no missing parent, else row 0; -1 if
 * there are no spans. */
export function mainRow({ length, orphan, subtreeSize }: SpanTable): number {
  for (let row = 0; row < length; row += subtreeSize[row]!) if (orphan[row] === 0) return row;
  return length > 0 ? 0 : -1;
}

/**
 * Names a row in the URL: its span id, and from the second row with the same id on, `.2`, `.3`….
 */
export function spanKey(table: SpanTable, row: number): string {
  const { spanId } = table;
  let nth = 1;
  for (let at = 0; at < row; at++) {
    if (spanId[2 * at] === spanId[2 * row] && spanId[2 * at + 1] === spanId[2 * row + 1]) nth++;
  }
  return nth === 1 ? spanIdOf(table, row) : `${spanIdOf(table, row)}.${nth}`;
}

/** The row that `spanKey` named, or -1. */
export function rowOfKey({ length, spanId }: SpanTable, key: string): number {
  const [id = "", nth = "1"] = key.split(".");
  if (!/^[0-9a-f]{16}$/.test(id)) return -1;
  const bytes = Uint8Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(id.slice(2 * i, 2 * i + 2), 16),
  );
  const [low, high] = new Uint32Array(bytes.buffer);
  let left = Number(nth);
  for (let row = 0; row < length; row++) {
    if (spanId[2 * row] === low && spanId[2 * row + 1] === high && --left === 0) return row;
  }
  return -1;
}

const MOST_LINKING = 20;

/** The rows of this trace whose spans link to the span in `row`. */
export function linkedFrom(table: SpanTable, row: number): number[] {
  const { linkEnds, linkSpanId, spanId } = table;
  const [low, high] = [spanId[2 * row], spanId[2 * row + 1]];
  const rows: number[] = [];
  if ((linkEnds.at(-1) ?? 0) === 0) return rows;
  for (let at = 0; at < table.length && rows.length < MOST_LINKING; at++) {
    for (let link = itemsStart(linkEnds, at); link < linkEnds[at]!; link++) {
      if (linkSpanId[2 * link] === low && linkSpanId[2 * link + 1] === high) {
        rows.push(at);
        break;
      }
    }
  }
  return rows;
}

/** Nanoseconds of a row's span during which none of its children ran. */
export function selfNano({ startNano, spanNano, subtreeSize }: SpanTable, row: number): number {
  const end = startNano[row]! + spanNano[row]!;
  let self = Math.max(spanNano[row]!, 0);
  let covered = startNano[row]!;
  for (let at = row + 1; at < row + subtreeSize[row]!; at += subtreeSize[at]!) {
    const from = Math.max(startNano[at]!, covered);
    const to = Math.min(startNano[at]! + spanNano[at]!, end);
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
