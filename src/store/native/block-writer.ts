/**
 * ClickHouse's Native format, writing side: a block is its number of columns and rows, then each
 * column with name, type and data. Source: clickhouse.com/docs/interfaces/formats/Native and the
 * serializations it names; version without block info (HTTP, no client_protocol_version).
 *
 *     String                  varuint length, bytes
 *     Array(T), Map(K, V)     end offsets (UInt64), then all items (all keys, all values)
 *     Nullable(T)             a byte a row (1 = null), then T with defaults in the gaps
 *     LowCardinality(T)       version, then if there are rows: flags, keys, indexes into them;
 *                             of a nullable T, key 0 stands for null
 *
 * The version of a LowCardinality comes before the data of the whole column, offsets included.
 */
import { ByteArena } from "../../base/arena.ts";

const LOW_CARDINALITY_VERSION = 1; // shared dictionaries with additional keys
const HAS_ADDITIONAL_KEYS = 1 << 9;
const NEED_UPDATE_DICTIONARY = 1 << 10;

/** Strings that stand back to back in memory, by number. */
export interface Texts {
  readonly bytes: Uint8Array;
  start(id: number): number;
  end(id: number): number;
}

/** Writes one block; the caller keeps to the format's order within a column. */
export class BlockWriter {
  readonly #out: ByteArena;

  /** Writes into `memory`, from its beginning. */
  constructor(columns: number, rows: number, memory: ByteArena) {
    this.#out = memory;
    memory.length = 0;
    this.varuint(columns);
    this.varuint(rows);
  }

  /** Everything written. */
  finish(): Uint8Array {
    return this.#out.bytes.subarray(0, this.#out.length);
  }

  /** Begins a column. */
  column(name: string, type: string): void {
    this.text(name);
    this.text(type);
  }

  varuint(value: number): void {
    const out = this.#out;
    out.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      out.bytes[out.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    out.bytes[out.length++] = rest;
  }

  text(text: string): void {
    const bytes = Buffer.from(text);
    this.string(bytes, 0, bytes.length);
  }

  /** One String value: `bytes[from..to)`. */
  string(bytes: Uint8Array, from: number, to: number): void {
    this.varuint(to - from);
    this.#out.reserve(to - from);
    const out = this.#out;
    const count = to - from;
    if (count > 48) out.bytes.set(bytes.subarray(from, to), out.length);
    else for (let i = 0; i < count; i++) out.bytes[out.length + i] = bytes[from + i]!;
    out.length += count;
  }

  byte(value: number): void {
    this.#out.reserve(1);
    this.#out.bytes[this.#out.length++] = value;
  }

  /** A UInt64 below 2^53. */
  uint64(value: number): void {
    this.words(value % 2 ** 32, Math.floor(value / 2 ** 32));
  }

  /** Eight bytes from their unsigned halves. */
  words(low: number, high: number): void {
    const out = this.#out;
    out.reserve(8);
    const { bytes, length } = out;
    bytes[length] = low;
    bytes[length + 1] = low >>> 8;
    bytes[length + 2] = low >>> 16;
    bytes[length + 3] = low >>> 24;
    bytes[length + 4] = high;
    bytes[length + 5] = high >>> 8;
    bytes[length + 6] = high >>> 16;
    bytes[length + 7] = high >>> 24;
    out.length = length + 8;
  }

  /** The first `count` items of a typed array, as they stand in memory. */
  array(items: Uint8Array | Uint16Array | Uint32Array, count: number): void {
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = items;
    const bytes = new Uint8Array(buffer, byteOffset, count * BYTES_PER_ELEMENT);
    this.#out.append(bytes, 0, bytes.length);
  }

  /** The offsets of an Array or Map: each end as UInt64. */
  offsets(ends: Uint32Array, count: number): void {
    this.#out.reserve(count * 8);
    for (let i = 0; i < count; i++) this.words(ends[i]!, 0);
  }

  /** What comes before all data of a column that is or holds a LowCardinality. */
  lowCardinalityVersion(): void {
    this.uint64(LOW_CARDINALITY_VERSION);
  }

  /** A LowCardinality's data: item `i` is key `indexes[i]`. With `nullable`, index 0 is null and
   * index n the key n − 1. */
  lowCardinality(
    indexes: Uint32Array,
    count: number,
    keys: Texts,
    keyCount: number,
    { nullable = false } = {},
  ): void {
    if (count === 0) return;
    const dictionarySize = keyCount + (nullable ? 1 : 0);
    const width = dictionarySize <= 0x100 ? 0 : dictionarySize <= 0x10000 ? 1 : 2;
    this.uint64(HAS_ADDITIONAL_KEYS | NEED_UPDATE_DICTIONARY | width);
    this.uint64(dictionarySize);
    if (nullable) this.varuint(0);
    for (let key = 0; key < keyCount; key++) {
      this.string(keys.bytes, keys.start(key), keys.end(key));
    }
    this.uint64(count);
    if (width === 0) this.array(Uint8Array.from(indexes.subarray(0, count)), count);
    else if (width === 1) this.array(Uint16Array.from(indexes.subarray(0, count)), count);
    else this.array(indexes, count);
  }
}
