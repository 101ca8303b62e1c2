/**
 * A trace as a stream of frames of typed arrays: how a page gets a million spans without JSON. The same
 * code writes and reads it, on the server and in browsers. Everything is little-endian, and every
 * array begins at a multiple of 8 bytes, so that it is used where it stands.
 *
 *     frame     kind u32 · bytes of the payload u32 (a multiple of 8) · payload
 *     begin     "CLEW" · version u32 · spans there are u32 · 0
 *     strings   count u32 · bytes of text u32 · ends u32[count] · UTF-8
 *     spans     spans u32 · events u32 · links u32 · 0 · the arrays of `spanArrays`
 *     values    spans u32 · 0 · the arrays of `valueArrays`
 *     end       spans u32 · 1 if there are more than these, else 0
 *
 * Strings are numbered from 0 in the order they come, over all frames of a stream; those of a frame
 * come before it. A stream without an end frame was cut short.
 */
import { Fault } from "../base/fault.ts";

/** The media type of a stream of frames. */
export const traceFramesType = "application/vnd.clew.trace-frames";
/** Raised by any change that a reader of the version before would misread. */
const FRAMES_VERSION = 1;

const MAGIC = 0x57454c43; // "CLEW"
const frameKinds = { begin: 1, strings: 2, spans: 3, values: 4, end: 5 } as const;

/** Whether an array has an item for each span, event or link. */
type Per = "spans" | "events" | "links";
type ArrayShape = readonly [name: string, itemBytes: 1 | 4 | 8 | 16, per: Per];

/** The arrays of a spans frame, in order. Items of 8 and 16 bytes are words of 32 bits, low first. */
const spanArrays = [
  ["startUnixNano", 8, "spans"],
  ["durationNano", 8, "spans"],
  ["spanId", 8, "spans"],
  ["parentSpanId", 8, "spans"],
  ["name", 4, "spans"],
  ["service", 4, "spans"],
  ["eventEnds", 4, "spans"],
  ["linkEnds", 4, "spans"],
  ["kind", 1, "spans"],
  ["status", 1, "spans"],
  ["marks", 1, "spans"],
  ["eventTimeUnixNano", 8, "events"],
  ["eventName", 4, "events"],
  ["linkTraceId", 16, "links"],
  ["linkSpanId", 8, "links"],
] as const satisfies readonly ArrayShape[];

/** The arrays of a values frame: which span has which value. */
const valueArrays = [
  ["spanId", 8, "spans"],
  ["value", 4, "spans"],
  ["kind", 1, "spans"],
] as const satisfies readonly ArrayShape[];

type ArraysOf<Shapes extends readonly ArrayShape[]> = {
  readonly [S in Shapes[number] as S[0]]: S[1] extends 1 ? Uint8Array : Uint32Array;
};

/**
 * Spans as arrays, an item each: `name` and `service` are numbers of strings, `marks` a sum
 * of `markBits`. Events and links of span `i` end at item
 * `eventEnds[i]` and `linkEnds[i]` of theirs, and begin where those of the span before end.
 */
export interface SpanArrays extends ArraysOf<typeof spanArrays> {
  readonly spans: number;
  readonly events: number;
  readonly links: number;
}

/** For spans (of this id and kind), the number of the string that says the value, as `readValue` reads
 * it. Spans without a value are left out. */
export interface ValueArrays extends ArraysOf<typeof valueArrays> {
  readonly spans: number;
}

/** One frame, read. */
export type TraceFrame =
  | { readonly kind: "begin"; readonly expectedSpans: number }
  | { readonly kind: "strings"; readonly texts: readonly string[] }
  | { readonly kind: "spans"; readonly arrays: SpanArrays }
  | { readonly kind: "values"; readonly arrays: ValueArrays }
  | { readonly kind: "end"; readonly spans: number; readonly isPartial: boolean };

/** The first frame; `expectedSpans` is for showing progress, and may be off by spans that repeat. */
export function encodeBegin(expectedSpans: number): Uint8Array {
  return encodeFrame(frameKinds.begin, [MAGIC, FRAMES_VERSION, expectedSpans, 0], []);
}

/** The last frame. */
export function encodeEnd(spans: number, isPartial: boolean): Uint8Array {
  return encodeFrame(frameKinds.end, [spans, isPartial ? 1 : 0], []);
}

/** Strings that stand back to back in `bytes[from..to)`, with where each ends counted from `from`. */
export function encodeStrings(ends: Uint32Array, bytes: Uint8Array): Uint8Array {
  return encodeFrame(frameKinds.strings, [ends.length, bytes.length], [ends, bytes]);
}

/** Arrays as they are written: those of words may also be given as their bytes. */
export type Writable<Arrays> = {
  readonly [Name in keyof Arrays]: Arrays[Name] extends Uint32Array
    ? Uint8Array | Uint32Array
    : Arrays[Name];
};

/** A frame of spans. */
export function encodeSpans(arrays: Writable<SpanArrays>): Uint8Array {
  const { spans, events, links } = arrays;
  return encodeFrame(
    frameKinds.spans,
    [spans, events, links, 0],
    spanArrays.map(([name]) => arrays[name]),
  );
}

/** A frame of values. */
export function encodeValues(arrays: Writable<ValueArrays>): Uint8Array {
  return encodeFrame(
    frameKinds.values,
    [arrays.spans, 0],
    valueArrays.map(([name]) => arrays[name]),
  );
}

const padded = (bytes: number): number => (bytes + 7) & ~7;
const HEAD_BYTES = 8;

function encodeFrame(
  kind: number,
  head: readonly number[],
  arrays: readonly (Uint8Array | Uint32Array)[],
): Uint8Array {
  const bytes = arrays.reduce((sum, array) => sum + padded(array.byteLength), head.length * 4);
  const frame = new Uint8Array(HEAD_BYTES + bytes);
  new Uint32Array(frame.buffer, 0, 2 + head.length).set([kind, bytes, ...head]);
  let at = HEAD_BYTES + head.length * 4;
  for (const array of arrays) {
    frame.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += padded(array.byteLength);
  }
  return frame;
}

/** Reads a stream of frames, piece by piece. Throws Fault "invalid" for what is no such stream. */
export class FrameReader {
  readonly #head = new Uint32Array(2);
  readonly #headBytes = new Uint8Array(this.#head.buffer);
  #headLength = 0;
  #payload: Uint8Array<ArrayBuffer> | undefined;
  #payloadLength = 0;

  /** Hands every frame that `piece` completes to `take`. */
  push(piece: Uint8Array, take: (frame: TraceFrame) => void): void {
    let at = 0;
    while (at < piece.length || this.#payload?.length === this.#payloadLength) {
      if (this.#payload === undefined) {
        at += this.#fillHead(piece, at);
        continue;
      }
      const part = piece.subarray(at, at + this.#payload.length - this.#payloadLength);
      this.#payload.set(part, this.#payloadLength);
      this.#payloadLength += part.length;
      at += part.length;
      if (this.#payloadLength < this.#payload.length) return;
      const payload = this.#payload;
      this.#payload = undefined;
      this.#headLength = 0;
      take(decodeFrame(this.#head[0]!, payload));
    }
  }

  #fillHead(piece: Uint8Array, at: number): number {
    const part = piece.subarray(at, at + HEAD_BYTES - this.#headLength);
    this.#headBytes.set(part, this.#headLength);
    this.#headLength += part.length;
    if (this.#headLength === HEAD_BYTES) {
      if (this.#head[0]! > frameKinds.end) {
        throw new Fault("invalid", `trace frame of unknown kind ${this.#head[0]}`);
      }
      this.#payload = new Uint8Array(this.#head[1]!);
      this.#payloadLength = 0;
    }
    return part.length;
  }
}

function decodeFrame(kind: number, payload: Uint8Array<ArrayBuffer>): TraceFrame {
  const word = (i: number): number => new DataView(payload.buffer).getUint32(i * 4, true);
  switch (kind) {
    case frameKinds.begin:
      if (word(0) !== MAGIC) throw new Fault("invalid", "this is not a stream of trace frames");
      if (word(1) !== FRAMES_VERSION) {
        throw new Fault("invalid", `trace frames of version ${word(1)}, not ${FRAMES_VERSION}`);
      }
      return { kind: "begin", expectedSpans: word(2) };
    case frameKinds.strings:
      return { kind: "strings", texts: decodeStrings(payload, word(0)) };
    case frameKinds.spans: {
      const counts = { spans: word(0), events: word(1), links: word(2) };
      return {
        kind: "spans",
        arrays: { ...counts, ...views(payload, 16, spanArrays, counts) } as SpanArrays,
      };
    }
    case frameKinds.values: {
      const counts = { spans: word(0), events: 0, links: 0 };
      const arrays = views(payload, 8, valueArrays, counts);
      return { kind: "values", arrays: { spans: counts.spans, ...arrays } as ValueArrays };
    }
    case frameKinds.end:
      return { kind: "end", spans: word(0), isPartial: word(1) === 1 };
    default:
      throw new Fault("invalid", `trace frame of unknown kind ${kind}`);
  }
}

function decodeStrings(payload: Uint8Array<ArrayBuffer>, count: number): string[] {
  const ends = new Uint32Array(payload.buffer, 8, count);
  const bytes = payload.subarray(8 + padded(count * 4));
  const decoder = new TextDecoder();
  return Array.from(ends, (end, i) =>
    decoder.decode(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)),
  );
}

function views(
  payload: Uint8Array<ArrayBuffer>,
  from: number,
  shapes: readonly ArrayShape[],
  counts: Readonly<Record<Per, number>>,
): Record<string, Uint8Array | Uint32Array> {
  let at = from;
  const arrays: Record<string, Uint8Array | Uint32Array> = {};
  for (const [name, itemBytes, per] of shapes) {
    const bytes = counts[per] * itemBytes;
    if (at + bytes > payload.length) throw new Fault("invalid", `trace frame without its ${name}`);
    arrays[name] =
      itemBytes === 1
        ? new Uint8Array(payload.buffer, at, bytes)
        : new Uint32Array(payload.buffer, at, bytes / 4);
    at += padded(bytes);
  }
  return arrays;
}
