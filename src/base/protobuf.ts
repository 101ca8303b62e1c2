/**
 * Protobuf's wire format: reading in place, writing into a buffer that grows.
 * Source: protobuf.dev/programming-guides/encoding.
 */
import { Fault } from "./fault.ts";

const TEXT = new TextDecoder("utf-8", { ignoreBOM: true }); // a BOM is text like any other
const GROUP_DEPTH_LIMIT = 32;
const BYTES_OF_32_BITS = 5; // in groups of 7

/** Reads one message after the other from the same bytes; `limit` is where the current one ends. */
export class ProtoReader {
  readonly bytes: Uint8Array;
  at: number;
  limit: number;
  /** The upper and lower halves of the last `varint64` or `fixed64`, each unsigned. */
  high = 0;
  low = 0;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.at = from;
    this.limit = to;
  }

  /** The next field's tag, `field << 3 | wire type`, or 0 at the end of the message. */
  tag(): number {
    if (this.at >= this.limit) return 0;
    const start = this.at;
    const tag = this.varint32();
    if (tag >>> 3 === 0) throw new Fault("invalid", `field number 0 at byte ${start}`);
    const length = this.at - start;
    if (length >= BYTES_OF_32_BITS && (length > BYTES_OF_32_BITS || this.high !== 0)) {
      throw new Fault("invalid", `tag longer than 32 bits at byte ${start}`);
    }
    return tag;
  }

  /** A varint's low 32 bits, unsigned; longer ones are read to their end, as protobuf's int32 is. */
  varint32(): number {
    const { bytes } = this;
    const first = bytes[this.at]!;
    if (first < 0x80 && this.at < this.limit) {
      this.at++;
      return first;
    }
    this.varint64();
    return this.low;
  }

  /** Reads a varint into `high` and `low`. */
  varint64(): void {
    const { bytes, limit } = this;
    const start = this.at;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const at = start + i;
      if (at >= limit) throw new Fault("invalid", `varint cut short at byte ${at}`);
      const byte = bytes[at]!;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.at = at + 1;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new Fault("invalid", `varint longer than 10 bytes at byte ${start}`);
  }

  /** Reads 8 little-endian bytes into `high` and `low`. */
  fixed64(): void {
    this.low = this.fixed32();
    this.high = this.fixed32();
  }

  fixed32(): number {
    const { at, bytes } = this;
    if (at + 4 > this.limit)
      throw new Fault("invalid", `fixed-width value cut short at byte ${at}`);
    this.at = at + 4;
    return (
      (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
    );
  }

  /** Reads a length prefix; gives back the offset at which what follows ends. */
  lengthEnd(): number {
    const start = this.at;
    // Nearly every length is one byte; the general way is several times slower.
    const first = this.bytes[start]!;
    if (first < 0x80 && start + 1 + first <= this.limit) {
      this.at = start + 1;
      return start + 1 + first;
    }
    this.varint64();
    // Not all decoders read longer ones, and what we keep encoded goes on to others.
    if (this.at - start > BYTES_OF_32_BITS) {
      throw new Fault("invalid", `length written in more than 5 bytes at byte ${start}`);
    }
    const end = this.at + this.low;
    if (this.high !== 0 || end > this.limit) {
      const length = this.high * 2 ** 32 + this.low;
      throw new Fault(
        "invalid",
        `length ${length} at byte ${start} runs past the end at byte ${this.limit}`,
      );
    }
    return end;
  }

  /** Steps into the embedded message that follows; gives back the outer limit for `leave`. */
  enter(): number {
    const end = this.lengthEnd();
    const outer = this.limit;
    this.limit = end;
    return outer;
  }

  leave(outerLimit: number): void {
    this.at = this.limit;
    this.limit = outerLimit;
  }

  /** A string field's text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return TEXT.decode(this.slice());
  }

  /** A bytes field, as a view of the message's own memory. */
  slice(): Uint8Array {
    const end = this.lengthEnd();
    const slice = this.bytes.subarray(this.at, end);
    this.at = end;
    return slice;
  }

  /** Steps over the value of a field that nobody asked for. */
  skip(tag: number, depth = 0): void {
    const start = this.at;
    switch (tag & 7) {
      case 0:
        this.varint64();
        return;
      case 1:
        this.fixed64();
        return;
      case 2:
        this.at = this.lengthEnd();
        return;
      case 3:
        this.#skipGroup(tag, depth);
        return;
      case 5:
        this.fixed32();
        return;
      default:
        throw new Fault("invalid", `wire type ${tag & 7} of field ${tag >>> 3} at byte ${start}`);
    }
  }

  #skipGroup(startTag: number, depth: number): void {
    if (depth >= GROUP_DEPTH_LIMIT) {
      throw new Fault(
        "invalid",
        `groups nested deeper than ${GROUP_DEPTH_LIMIT} at byte ${this.at}`,
      );
    }
    const endTag = startTag + 1;
    for (;;) {
      const tag = this.tag();
      if (tag === 0)
        throw new Fault("invalid", `group ${startTag >>> 3} not ended at byte ${this.at}`);
      if (tag === endTag) return;
      this.skip(tag, depth + 1);
    }
  }
}

/** Writes messages field by field into memory that grows; `finish` gives what was written. */
export class ProtoWriter {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = Buffer.allocUnsafe(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written; the memory is used again. */
  clear(): void {
    this.#length = 0;
  }

  /** The bytes written so far, as a view that the next write may make stale. */
  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#length + count, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  /** An unsigned number below 2^53 as a varint. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A 64-bit varint from its two unsigned halves. */
  varint64(high: number, low: number): void {
    this.#reserve(10);
    let [h, l] = [high, low];
    while (h !== 0 || l > 0x7f) {
      this.#bytes[this.#length++] = (l & 0x7f) | 0x80;
      l = ((l >>> 7) | (h << 25)) >>> 0;
      h >>>= 7;
    }
    this.#bytes[this.#length++] = l;
  }

  /** Eight little-endian bytes from two unsigned halves. */
  fixed64(high: number, low: number): void {
    this.#reserve(8);
    this.#bytes.writeUInt32LE(low, this.#length);
    this.#bytes.writeUInt32LE(high, this.#length + 4);
    this.#length += 8;
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A tag, a length and `source[from..to)`: a string, bytes or a message made elsewhere. */
  bytes(tag: number, source: Uint8Array, from = 0, to = source.length): void {
    this.varint(tag);
    this.varint(to - from);
    this.raw(source, from, to);
  }

  /** A tag, a length and the text. */
  text(tag: number, text: string): void {
    const count = Buffer.byteLength(text);
    this.varint(tag);
    this.varint(count);
    this.#reserve(count);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** `source[from..to)` and nothing else. */
  raw(source: Uint8Array, from = 0, to = source.length): void {
    this.#reserve(to - from);
    this.#bytes.set(source.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  /** A tag, a length and the message that `write` writes. The message is moved once if its length
   * takes more than one byte. */
  message(tag: number, write: () => void): void {
    this.varint(tag);
    this.#reserve(1);
    const start = ++this.#length;
    write();
    const count = this.#length - start;
    const lengthBytes = count < 0x80 ? 1 : Math.floor(Math.log2(count) / 7) + 1;
    this.#reserve(10); // for the length, while everything written still counts
    if (lengthBytes > 1) {
      this.#bytes.copyWithin(start + lengthBytes - 1, start, this.#length);
    }
    this.#length = start - 1;
    this.varint(count);
    this.#length += count;
  }
}
