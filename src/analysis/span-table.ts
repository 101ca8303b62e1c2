/**
 * A trace as typed arrays in waterfall order: what every view of a trace is drawn and worked out from.
 * Row `r` of every array is line `r` of the fully unfolded waterfall, so parents come before their
 * children and a subtree is the rows `[r, r + subtreeSize[r])`. 64 bytes a span, and no objects.
 */
import type { SpanArrays } from "../model/trace-frames.ts";
import { treeOrder } from "../model/tree-order.ts";

/** See the top of this file. Times are nanoseconds since the trace's start. */
export interface SpanTable {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** When time is 0: the earliest start, in nanoseconds since 1970. */
  readonly startUnixNano: bigint;
  /** From the earliest start to the latest end. */
  readonly durationNano: number;
  /** There are more spans than may be read of one trace. */
  readonly isPartial: boolean;
  readonly length: number;
  /** Names of spans, services and events, by number. */
  readonly texts: readonly string[];

  readonly startNano: Float64Array;
  /** Negative for a span that ends before it starts. */
  readonly spanNano: Float64Array;
  /** 0 for a root. */
  readonly depth: Int32Array;
  /** Row of the parent, or -1. */
  readonly parent: Int32Array;
  readonly subtreeSize: Int32Array;
  /** 1 if it names a parent that is not here. */
  readonly orphan: Uint8Array;
  readonly name: Uint32Array;
  readonly service: Uint32Array;
  /** Indices of `spanKinds` and `spanStatuses`; sums of `spanMarkBits`. */
  readonly kind: Uint8Array;
  readonly status: Uint8Array;
  readonly marks: Uint8Array;
  /** Two words an id, in the order of its bytes. */
  readonly spanId: Uint32Array;
  readonly parentSpanId: Uint32Array;

  /** Where the events of a row end; they begin where those of the row before end. */
  readonly eventEnds: Uint32Array;
  readonly eventNano: Float64Array;
  readonly eventName: Uint32Array;
  readonly linkEnds: Uint32Array;
  readonly linkTraceId: Uint32Array;
  readonly linkSpanId: Uint32Array;
}

/** The number of `spanStatuses` that says a span failed. */
export const FAILED = 2;

/** What a table is made of. */
export interface TableSource {
  readonly traceId: string;
  readonly isPartial: boolean;
  readonly texts: readonly string[];
  /** In any order. */
  readonly parts: readonly SpanArrays[];
}

/** The table of a trace; linear in its spans if they are nearly sorted by start. */
export function buildTable({ traceId, isPartial, texts, parts }: TableSource): SpanTable {
  const flat = flatten(parts);
  const byStart = startOrder(flat);
  const sorted = byStart === undefined ? flat : permuted(flat, byStart);
  const order = treeOrder({ ...sorted, resource: sorted.service });
  const { span, depth, parent, subtreeSize, orphan } = order;
  const rows = permuted(sorted, span);
  const first = rows.length === 0 ? 0 : sorted.startNano[0]!;
  let lastNano = 0;
  for (let row = 0; row < rows.length; row++) {
    rows.startNano[row]! -= first;
    lastNano = Math.max(lastNano, rows.startNano[row]! + rows.spanNano[row]!);
  }
  for (let i = 0; i < rows.eventNano.length; i++) rows.eventNano[i]! -= first;
  return {
    traceId,
    isPartial,
    texts,
    ...rows,
    startUnixNano: flat.zeroUnixNano + BigInt(first),
    durationNano: lastNano,
    depth,
    parent,
    subtreeSize,
    orphan,
  };
}

/** The arrays of a table that do not depend on the tree. */
type Flat = Omit<
  SpanTable,
  | "traceId"
  | "isPartial"
  | "texts"
  | "startUnixNano"
  | "durationNano"
  | "depth"
  | "parent"
  | "subtreeSize"
  | "orphan"
> & { readonly zeroUnixNano: bigint };

function flatten(parts: readonly SpanArrays[]): Flat {
  const total = (of: "spans" | "events" | "links"): number =>
    parts.reduce((sum, part) => sum + part[of], 0);
  const flat = newFlat(total("spans"), total("events"), total("links"), zeroOf(parts));
  const zero = [Number(flat.zeroUnixNano & 0xffffffffn), Number(flat.zeroUnixNano >> 32n)] as const;
  let [spans, events, links] = [0, 0, 0];
  for (const part of parts) {
    flat.name.set(part.name, spans);
    flat.service.set(part.service, spans);
    flat.kind.set(part.kind, spans);
    flat.status.set(part.status, spans);
    flat.marks.set(part.marks, spans);
    flat.spanId.set(part.spanId, spans * 2);
    flat.parentSpanId.set(part.parentSpanId, spans * 2);
    flat.eventName.set(part.eventName, events);
    flat.linkTraceId.set(part.linkTraceId, links * 4);
    flat.linkSpanId.set(part.linkSpanId, links * 2);
    for (let i = 0; i < part.spans; i++) {
      flat.startNano[spans + i] = since(zero, part.startUnixNano, i);
      flat.spanNano[spans + i] =
        (part.durationNano[2 * i + 1]! | 0) * 2 ** 32 + part.durationNano[2 * i]!;
      flat.eventEnds[spans + i] = events + part.eventEnds[i]!;
      flat.linkEnds[spans + i] = links + part.linkEnds[i]!;
    }
    for (let i = 0; i < part.events; i++) {
      flat.eventNano[events + i] = since(zero, part.eventTimeUnixNano, i);
    }
    spans += part.spans;
    events += part.events;
    links += part.links;
  }
  return flat;
}

/** Any moment of the trace: what times are counted from until the earliest is known. */
function zeroOf(parts: readonly SpanArrays[]): bigint {
  const words = parts.find(({ spans }) => spans > 0)?.startUnixNano;
  return words === undefined ? 0n : (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
}

function since(zero: readonly [low: number, high: number], words: Uint32Array, i: number): number {
  return (words[2 * i + 1]! - zero[1]) * 2 ** 32 + (words[2 * i]! - zero[0]);
}

function newFlat(length: number, events: number, links: number, zeroUnixNano: bigint): Flat {
  return {
    zeroUnixNano,
    length,
    startNano: new Float64Array(length),
    spanNano: new Float64Array(length),
    name: new Uint32Array(length),
    service: new Uint32Array(length),
    kind: new Uint8Array(length),
    status: new Uint8Array(length),
    marks: new Uint8Array(length),
    spanId: new Uint32Array(length * 2),
    parentSpanId: new Uint32Array(length * 2),
    eventEnds: new Uint32Array(length),
    eventNano: new Float64Array(events),
    eventName: new Uint32Array(events),
    linkEnds: new Uint32Array(length),
    linkTraceId: new Uint32Array(links * 4),
    linkSpanId: new Uint32Array(links * 2),
  };
}

/** The spans by start, then id; undefined if they are in that order already. */
function startOrder({ length, startNano, spanId }: Flat): Int32Array | undefined {
  const ids = new DataView(spanId.buffer, spanId.byteOffset, spanId.byteLength);
  const compare = (a: number, b: number): number =>
    startNano[a]! - startNano[b]! ||
    ids.getUint32(a * 8) - ids.getUint32(b * 8) ||
    ids.getUint32(a * 8 + 4) - ids.getUint32(b * 8 + 4) ||
    a - b;
  let sorted = true;
  for (let i = 1; i < length && sorted; i++) sorted = compare(i - 1, i) <= 0;
  if (sorted) return undefined;
  const order = new Int32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  return order.sort(compare);
}

/** The spans in another order: item `i` is what was item `order[i]`. */
function permuted(from: Flat, order: Int32Array): Flat {
  const { length } = from;
  const to = newFlat(length, from.eventNano.length, from.linkEnds.at(-1) ?? 0, from.zeroUnixNano);
  let [events, links] = [0, 0];
  for (let i = 0; i < length; i++) {
    const at = order[i]!;
    to.startNano[i] = from.startNano[at]!;
    to.spanNano[i] = from.spanNano[at]!;
    to.name[i] = from.name[at]!;
    to.service[i] = from.service[at]!;
    to.kind[i] = from.kind[at]!;
    to.status[i] = from.status[at]!;
    to.marks[i] = from.marks[at]!;
    for (const word of [0, 1]) {
      to.spanId[2 * i + word] = from.spanId[2 * at + word]!;
      to.parentSpanId[2 * i + word] = from.parentSpanId[2 * at + word]!;
    }
    for (
      let event = itemsStart(from.eventEnds, at);
      event < from.eventEnds[at]!;
      event++, events++
    ) {
      to.eventNano[events] = from.eventNano[event]!;
      to.eventName[events] = from.eventName[event]!;
    }
    to.eventEnds[i] = events;
    for (let link = itemsStart(from.linkEnds, at); link < from.linkEnds[at]!; link++, links++) {
      to.linkTraceId.set(from.linkTraceId.subarray(link * 4, link * 4 + 4), links * 4);
      to.linkSpanId.set(from.linkSpanId.subarray(link * 2, link * 2 + 2), links * 2);
    }
    to.linkEnds[i] = links;
  }
  return to;
}

/** Where the items of a row begin, by where those of each row end. */
export function itemsStart(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : ends[row - 1]!;
}

/** An id of so many words as hexadecimal digits. */
export function hexId(words: Uint32Array, at: number, count: number): string {
  const bytes = new Uint8Array(words.buffer, words.byteOffset + at * count * 4, count * 4);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The id of the span in a row: 16 hexadecimal digits. */
export function spanIdOf({ spanId }: SpanTable, row: number): string {
  return hexId(spanId, row, 2);
}

/** Its parent's id, or "" for a root. */
export function parentIdOf({ parentSpanId }: SpanTable, row: number): string {
  const isRoot = parentSpanId[2 * row] === 0 && parentSpanId[2 * row + 1] === 0;
  return isRoot ? "" : hexId(parentSpanId, row, 2);
}
