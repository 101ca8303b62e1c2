/**
 * What the spans of a batch say together: how many there were of each kind, how long they took, how
 * many failed. A row is one minute of one operation with one outcome; its durations are in cells.
 *
 *     row     0                       1
 *     cells   -12  3  5               7  8        buckets, ascending
 *     ends    3                       5
 */
import type { Interner } from "../base/interner.ts";
import { buckets, bucketUpperNano } from "./latency-buckets.ts";

/** Spans that came under other names than they were sent with, to keep names few. */
export interface Renamed {
  readonly tenant: string;
  /** As it is counted. */
  readonly service: string;
  /** Spans whose names have `{id}` in place of ids now. */
  readonly templated: number;
  /** Spans that count under no name of their own. */
  readonly other: number;
}

/** See the head of the file. Rows are in no particular order. */
export interface RollUp {
  readonly rows: number;
  /** The strings that rows have numbers of; 0 is the empty one. */
  readonly texts: Interner;
  readonly tenant: Uint32Array;
  readonly service: Uint32Array;
  readonly name: Uint32Array;
  /** As `dimensionsText` makes it. */
  readonly dimensions: Uint32Array;
  readonly kind: Uint8Array;
  readonly statusCode: Uint8Array;
  /** When the spans' minute began, in seconds since 1970. */
  readonly minute: Uint32Array;
  readonly calls: Uint32Array;
  /** How many more spans there were than came, by what samplers say: the sum of weight − 1. */
  readonly unseen: Float64Array;
  readonly durationNano: Float64Array;
  /** Of the unseen: the sum of (weight − 1) · duration. */
  readonly unseenDurationNano: Float64Array;
  readonly bytes: Float64Array;
  /** By row: where its cells end. */
  readonly cellEnds: Uint32Array;
  /** As `bucketOf` gives it. */
  readonly bucket: Int16Array;
  readonly cellCalls: Uint32Array;
  readonly cellUnseen: Float64Array;
  /** By row: where its exemplars end. */
  readonly exemplarEnds: Uint32Array;
  /** As `exemplarGroup` gives it, ascending within a row. */
  readonly exemplarGroup: Int16Array;
  /** Trace id and span id, 24 bytes each. */
  readonly exemplarId: Uint8Array;
  readonly exemplarNano: Float64Array;
  readonly renamed: readonly Renamed[];
}

/** Bytes of an exemplar: a trace id and a span id. */
export const EXEMPLAR_BYTES = 24;

const BUCKETS_PER_EXEMPLAR = 9;

/** Which exemplar stands for spans of this bucket: there is one for nine buckets, two to a doubling.
 * The groups end where every ninth bucket does, bucket 0 among them. */
export function exemplarGroup(bucket: number): number {
  return Math.ceil(bucket / BUCKETS_PER_EXEMPLAR);
}

/** The longest duration that an exemplar of this group stands for. */
export function groupUpperNano(group: number): number {
  const highest = buckets.lowest + buckets.count - 1;
  return bucketUpperNano(Math.min(group * BUCKETS_PER_EXEMPLAR, highest));
}

/** Further dimensions as one text: a JSON object with its keys in this order; empty if there are none. */
export function dimensionsText(values: readonly (readonly [key: string, value: string])[]): string {
  return values.length === 0 ? "" : JSON.stringify(Object.fromEntries(values));
}

/** The values in what `dimensionsText` made. */
export function parseDimensions(text: string): Readonly<Record<string, string>> {
  return text === "" ? {} : (JSON.parse(text) as Record<string, string>);
}
