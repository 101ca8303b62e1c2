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

/** A block and the names of its columns, in order. */
export interface WrittenBlock {
  readonly bytes: Uint8Array;
  readonly columns: readonly string[];
}

const MOST_HEAD_BYTES = 16; // two varuints
const LONG_COPY_BYTES = 48; // above this a native copy beats a loop (measured on Node 24)

/** Writes one block; the caller keeps to the format's order within a column. */
export class BlockWriter {
  readonly #out: ByteArena;
  readonly #rows: number;
  readonly #columns: string[] = [];
  #columnStart = MOST_HEAD_BYTES;
  // The offsets written last: columns of one Nested structure have the same.
  #ends: Uint32Array | undefined;
  #offsets = new Uint32Array(0);

  /** Writes into `memory`, from its beginning. */
  constructor(rows: number, memory: ByteArena) {
    this.#out = memory;
    this.#rows = rows;
    memory.length = 0;
    memory.reserve(MOST_HEAD_BYTES);
    memory.length = MOST_HEAD_BYTES;
  }

  /** Everything written, as a view of the memory. */
  finish(): WrittenBlock {
    const out = this.#out;
    const { length } = out;
    // The number of columns is known only now: the head is written behind, and moved to the front.
    this.varuint(this.#columns.length);
    this.varuint(this.#rows);
    const start = MOST_HEAD_BYTES - (out.length - length);
    out.bytes.copyWithin(start, length, out.length);
    out.length = length;
    return { bytes: out.bytes.subarray(start, length), columns: this.#columns };
  }

  /** Begins a column. */
  column(name: string, type: string): void {
    this.#columnStart = this.#out.length;
    this.#columns.push(name);
    this.text(name);
    this.text(type);
  }

  /** Takes back the column begun last: every row has its default, which ClickHouse knows. */
  leaveOut(): void {
    this.#columns.pop();
    this.#out.length = this.#columnStart;
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
    const count = to - from;
    const out = this.#out;
    out.reserve(count + 8);
    if (count < 0x80) out.bytes[out.length++] = count;
    else this.varuint(count);
    const at = out.length;
    const target = out.bytes;
    if (count > LONG_COPY_BYTES) target.set(bytes.subarray(from, to), at);
    else for (let i = 0; i < count; i++) target[at + i] = bytes[from + i]!;
    out.length = at + count;
  }

  /** String values: item `i` is `bytes[ranges[2i] .. ranges[2i + 1])`. */
  strings(bytes: Uint8Array, ranges: Uint32Array): void {
    const out = this.#out;
    for (let i = 0; i < ranges.length; i += 2) {
      const from = ranges[i]!;
      const to = ranges[i + 1]!;
      if (from === to) {
        out.reserve(1);
        out.bytes[out.length++] = 0;
      } else this.string(bytes, from, to);
    }
  }

  /** A typed array, as it stands in memory. */
  array(items: Uint8Array | Uint16Array | Uint32Array): void {
    const { buffer, byteOffset, byteLength } = items;
    this.#out.append(new Uint8Array(buffer, byteOffset, byteLength), 0, byteLength);
  }

  /** The offsets of an Array or Map: each end as UInt64. */
  offsets(ends: Uint32Array): void {
    if (this.#ends !== ends) {
      this.#ends = ends;
      this.#offsets = new Uint32Array(2 * ends.length);
      for (let i = 0; i < ends.length; i++) this.#offsets[2 * i] = ends[i]!;
    }
    this.array(this.#offsets);
  }

  /** What comes before all data of a column that is or holds a LowCardinality. */
  lowCardinalityVersion(): void {
    this.#uint64(LOW_CARDINALITY_VERSION);
  }

  /** A LowCardinality's data: item `i` is key `indexes[i]`. With `nullable`, index 0 is null and
   * index n the key n − 1. */
  lowCardinality(
    indexes: Uint32Array,
    keys: Texts,
    keyCount: number,
    { nullable = false } = {},
  ): void {
    const count = indexes.length;
    if (count === 0) return;
    const dictionarySize = keyCount + (nullable ? 1 : 0);
    const width = dictionarySize <= 0x100 ? 0 : dictionarySize <= 0x10000 ? 1 : 2;
    this.#uint64(HAS_ADDITIONAL_KEYS | NEED_UPDATE_DICTIONARY | width);
    this.#uint64(dictionarySize);
    if (nullable) this.varuint(0);
    for (let key = 0; key < keyCount; key++) {
      this.string(keys.bytes, keys.start(key), keys.end(key));
    }
    this.#uint64(count);
    if (width === 0) this.#bytesOf(indexes);
    else this.array(width === 1 ? new Uint16Array(indexes) : indexes);
  }

  #bytesOf(items: Uint32Array): void {
    const out = this.#out;
    out.reserve(items.length);
    const { bytes, length } = out;
    for (let i = 0; i < items.length; i++) bytes[length + i] = items[i]!;
    out.length = length + items.length;
  }

  /** A UInt64 below 2^53. */
  #uint64(value: number): void {
    this.array(Uint32Array.of(value % 2 ** 32, Math.floor(value / 2 ** 32)));
  }
}
