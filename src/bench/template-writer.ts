/**
 * Writes protobuf once and remembers where the things stand that differ each time it is sent: ids, times,
 * digits and numbers. See `stamp.ts` for what is put there.
 */
import { ProtoWriter } from "../base/protobuf.ts";

/** An export request that can be sent again and again, each time as other traces. */
export interface RequestTemplate {
  /** The encoded request; stamping changes it in place. */
  readonly bytes: Buffer;
  readonly spans: number;
  /** Of each trace in it. */
  readonly traceSpans: readonly number[];
  /** From a trace's start to the last end of its spans. */
  readonly traceDurationNano: readonly number[];
  readonly traceIds: Places;
  /** Span ids, also where they stand as parents or in links. `what` is the span's position. */
  readonly spanIds: Places;
  /** `what` is the time since the trace's start in nanoseconds. */
  readonly times: Places;
  /** Eight hex digits each. `what` is a number that makes them differ, or 0 for the same ones
   * throughout the trace. */
  readonly digits: Places;
  /** Varints of two bytes each, `what` as with digits. */
  readonly integers: Places;
  /** Eight bytes each, `what` as with digits. */
  readonly doubles: Places;
}

/** Offsets in the bytes, with the trace that each belongs to. */
export interface Places {
  readonly at: Uint32Array;
  readonly trace: Uint32Array;
  readonly what: Float64Array;
}

interface Place {
  at: number;
  readonly trace: number;
  readonly what: number;
}

type PlaceKind = "traceIds" | "spanIds" | "times" | "digits" | "integers" | "doubles";

const EIGHT_DIGITS = Buffer.from("00000000");

/** Tags are `field << 3 | wire type`. `trace` is the position of a trace in the request. */
export class TemplateWriter {
  readonly #proto = new ProtoWriter(4096);
  readonly #places: Place[] = [];
  readonly #kinds: PlaceKind[] = [];

  /** A field with the message that `write` writes. */
  message(tag: number, write: () => void): void {
    const first = this.#places.length;
    let count = 0;
    this.#proto.message(tag, () => {
      const start = this.#proto.length;
      write();
      count = this.#proto.length - start;
    });
    // The writer leaves one byte for the length, and moves the message if it takes more.
    let moved = 0;
    for (let rest = count; rest > 0x7f; rest = Math.floor(rest / 128)) moved++;
    if (moved === 0) return;
    for (let i = first; i < this.#places.length; i++) this.#places[i]!.at += moved;
  }

  text(tag: number, text: string): void {
    this.#proto.text(tag, text);
  }

  number(tag: number, value: number): void {
    this.#proto.varint(tag);
    this.#proto.varint(value);
  }

  fixed32(tag: number, value: number): void {
    this.#proto.varint(tag);
    this.#proto.fixed32(value);
  }

  /** A varint from 128 to 16,383, which follows from `what`. */
  integer(tag: number, trace: number, what: number): void {
    this.#proto.varint(tag);
    this.#remember("integers", trace, what);
    this.#proto.varint(128);
  }

  /** An amount with two decimals, which follows from `what`. */
  double(tag: number, trace: number, what: number): void {
    this.#proto.varint(tag);
    this.#remember("doubles", trace, what);
    this.#proto.double(0);
  }

  traceId(tag: number, trace: number): void {
    this.#proto.varint(tag);
    this.#proto.varint(16);
    this.#remember("traceIds", trace, 0);
    this.#proto.fixed64(0, 0);
    this.#proto.fixed64(0, 0);
  }

  spanId(tag: number, trace: number, span: number): void {
    this.#proto.varint(tag);
    this.#proto.varint(8);
    this.#remember("spanIds", trace, span);
    this.#proto.fixed64(0, 0);
  }

  time(tag: number, trace: number, sinceStartNano: number): void {
    this.#proto.varint(tag);
    this.#remember("times", trace, sinceStartNano);
    this.#proto.fixed64(0, 0);
  }

  /** A text with eight hex digits in it, which follow from `what`; see `RequestTemplate`. */
  digits(tag: number, place: { trace: number; what: number; before: string; after: string }): void {
    const [before, after] = [Buffer.from(place.before), Buffer.from(place.after)];
    this.#proto.varint(tag);
    this.#proto.varint(before.length + EIGHT_DIGITS.length + after.length);
    this.#proto.raw(before);
    this.#remember("digits", place.trace, place.what);
    this.#proto.raw(EIGHT_DIGITS);
    this.#proto.raw(after);
  }

  #remember(kind: PlaceKind, trace: number, what: number): void {
    this.#kinds.push(kind);
    this.#places.push({ at: this.#proto.length, trace, what });
  }

  /** The template, in memory of its own. */
  finish(
    traces: Pick<RequestTemplate, "spans" | "traceSpans" | "traceDurationNano">,
  ): RequestTemplate {
    return {
      ...traces,
      bytes: Buffer.from(this.#proto.finish()),
      traceIds: this.#placesOf("traceIds"),
      spanIds: this.#placesOf("spanIds"),
      times: this.#placesOf("times"),
      digits: this.#placesOf("digits"),
      integers: this.#placesOf("integers"),
      doubles: this.#placesOf("doubles"),
    };
  }

  #placesOf(kind: PlaceKind): Places {
    const places = this.#places.filter((_, i) => this.#kinds[i] === kind);
    return {
      at: Uint32Array.from(places, ({ at }) => at),
      trace: Uint32Array.from(places, ({ trace }) => trace),
      what: Float64Array.from(places, ({ what }) => what),
    };
  }
}
