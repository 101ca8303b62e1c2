/** Attributes of OTLP protobuf straight into columns. */
import { grown } from "../../base/growable.ts";
import { ProtoReader } from "../../base/protobuf.ts";
import { anyValueTags, checkListValue, repairAnyValue } from "../../model/any-value.ts";
import {
  type AttributeColumns,
  type AttributeMemory,
  type AttributeType,
  attributeTypes,
} from "../../model/attribute-columns.ts";

/** Texts up to here may be shared: longer ones seldom come again. */
const MOST_RECENT_BYTES = 64;
const RECENT_SLOTS = 4096; // a power of two
const RECENT_SHIFT = 32 - Math.log2(RECENT_SLOTS);
const GOLDEN = 0x9e3779b1;

/** Decodes KeyValues, into any columns of one memory; remembers which keys follow each other. */
export class AttributeDecoder {
  /** Values so far that were not UTF-8; what was wrong is U+FFFD now. */
  invalidUtf8 = 0;
  readonly #memory: AttributeMemory;
  readonly #nestingDepth: number;
  #reader = new ProtoReader(new Uint8Array(0));
  #nextKey = new Uint32Array(64); // by key: the key that came after it last time
  // The value read last, and the tag of the field it came in.
  #valueTag = 0;
  #type: AttributeType = attributeTypes.encoded;
  #low = 0;
  #high = 0;
  readonly #recent = new Uint32Array(2 * RECENT_SLOTS); // from, to: where texts were kept

  constructor(memory: AttributeMemory, nestingDepth: number) {
    this.#memory = memory;
    this.#nestingDepth = nestingDepth;
  }

  /** Reads the KeyValue that comes next and sets it in the open owner of `into`. Throws Fault
   * "invalid" if it is malformed or nested too deeply. */
  read(reader: ProtoReader, into: AttributeColumns): void {
    this.#reader = reader;
    if (this.#readUsual(into)) return;
    const outer = reader.enter();
    let from = 0;
    let to = 0;
    this.#type = attributeTypes.encoded;
    this.#valueTag = this.#low = this.#high = 0;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) {
        to = reader.lengthEnd();
        from = reader.at;
        reader.at = to;
      } else if (tag === 0x12) {
        const value = reader.enter();
        this.#readValue();
        reader.leave(value);
      } else reader.skip(tag);
    }
    reader.leave(outer);
    into.set(this.#key(into, from, to), this.#type, this.#low, this.#high);
  }

  /**
   * Reads the KeyValue as nearly all encoders write nearly all of them: the key, then a value of one
   * scalar field, every length in one byte. Anything else is left to the general way, untouched.
   *
   *     length  0a length key…  12 length  0a length text… | 10 bool | 18 varint | 21 double (8)
   */
  #readUsual(into: AttributeColumns): boolean {
    const reader = this.#reader;
    const { bytes, at, limit } = reader;
    const length = bytes[at]!;
    const end = at + 1 + length;
    if (length >= 0x80 || end > limit || bytes[at + 1] !== 0x0a) return false;
    const keyFrom = at + 3;
    const keyTo = keyFrom + bytes[at + 2]!;
    const field = keyTo + 2; // the value's first byte
    if (field + 2 > end || bytes[keyTo] !== 0x12 || bytes[keyTo + 1] !== end - field) return false;
    switch (bytes[field]) {
      case anyValueTags.string:
        if (bytes[field + 1] !== end - field - 2) return false;
        this.#keepText(bytes, field + 2, end);
        break;
      case anyValueTags.int:
        reader.at = field + 1;
        reader.varint64();
        if (reader.at !== end) {
          reader.at = at;
          return false;
        }
        this.#setValue(attributeTypes.int, reader.low, reader.high);
        break;
      case anyValueTags.bool:
        if (field + 2 !== end || bytes[field + 1]! >= 0x80) return false;
        this.#setValue(attributeTypes.bool, bytes[field + 1] === 0 ? 0 : 1, 0);
        break;
      case anyValueTags.double:
        if (field + 9 !== end) return false;
        reader.at = field + 1;
        reader.fixed64();
        this.#setValue(attributeTypes.double, reader.low, reader.high);
        break;
      default:
        return false;
    }
    reader.at = end;
    into.set(this.#key(into, keyFrom, keyTo), this.#type, this.#low, this.#high);
    return true;
  }

  /** Sets the text as the value. Short ones that came lately are not kept twice: the same text is
   * found at the same place, which is how the store knows it again. */
  #keepText(bytes: Uint8Array, from: number, to: number): void {
    const { values } = this.#memory;
    const count = to - from;
    const kept = values.length;
    if (count > MOST_RECENT_BYTES || count === 0) {
      if (!values.appendText(bytes, from, to)) this.invalidUtf8++;
      return this.#setValue(attributeTypes.string, kept, values.length);
    }
    const sample = bytes[from]! ^ (bytes[from + (count >> 1)]! << 8) ^ (bytes[to - 1]! << 16);
    const slot = 2 * (Math.imul(sample ^ (count << 24), GOLDEN) >>> RECENT_SHIFT);
    const recentFrom = this.#recent[slot]!;
    const recentTo = this.#recent[slot + 1]!;
    if (recentTo - recentFrom === count && recentTo <= kept) {
      const held = values.bytes;
      let i = 0;
      while (i < count && held[recentFrom + i] === bytes[from + i] && bytes[from + i]! < 0x80) i++;
      if (i === count) return this.#setValue(attributeTypes.string, recentFrom, recentTo);
    }
    if (!values.appendText(bytes, from, to)) this.invalidUtf8++;
    this.#recent[slot] = kept;
    this.#recent[slot + 1] = values.length;
    this.#setValue(attributeTypes.string, kept, values.length);
  }

  /** The number of the key in bytes [from, to), guessed from the attribute before it. */
  #key(into: AttributeColumns, from: number, to: number): number {
    const { keys } = this.#memory;
    const { bytes } = this.#reader;
    if (into.length === 0) return keys.intern(bytes, from, to);
    const previous = into.key[into.length - 1]!;
    const guess = this.#nextKey[previous]!;
    if (guess < keys.size && keys.is(guess, bytes, from, to)) return guess;
    const key = keys.intern(bytes, from, to);
    this.#nextKey = grown(this.#nextKey, keys.size);
    this.#nextKey[previous] = key;
    return key;
  }

  /** Reads the AnyValue that the reader is in: type and bits. Of several fields the last one counts,
   * but a list that comes in pieces is one list (protobuf's rules for merging). */
  #readValue(): void {
    const reader = this.#reader;
    for (
      let start = reader.at, tag = reader.tag();
      tag !== 0;
      start = reader.at, tag = reader.tag()
    ) {
      switch (tag) {
        case anyValueTags.string:
          this.#readStringValue();
          break;
        case anyValueTags.bool:
          reader.varint64();
          this.#setValue(attributeTypes.bool, reader.low === 0 && reader.high === 0 ? 0 : 1, 0);
          break;
        case anyValueTags.int:
          reader.varint64();
          this.#setValue(attributeTypes.int, reader.low, reader.high);
          break;
        case anyValueTags.double:
          reader.fixed64();
          this.#setValue(attributeTypes.double, reader.low, reader.high);
          break;
        case anyValueTags.array:
        case anyValueTags.kvlist:
          this.#readListValue(tag, start);
          break;
        case anyValueTags.bytes:
          reader.at = reader.lengthEnd();
          this.#keepEncoded(reader.bytes, start, reader.at);
          break;
        default:
          reader.skip(tag);
          continue;
      }
      this.#valueTag = tag;
    }
  }

  #readStringValue(): void {
    const reader = this.#reader;
    const end = reader.lengthEnd();
    this.#keepText(reader.bytes, reader.at, end);
    reader.at = end;
  }

  /** Reads the list whose field began at `start`. */
  #readListValue(tag: number, start: number): void {
    const reader = this.#reader;
    // What the value has so far is at the memory's end: only its own pieces have been added since.
    const from = this.#valueTag === tag ? this.#low : this.#memory.values.length;
    if (checkListValue(reader, tag, this.#nestingDepth)) {
      this.#keepEncoded(reader.bytes, start, reader.at);
    } else {
      this.invalidUtf8++;
      const repaired = repairAnyValue(reader.bytes.subarray(start, reader.at));
      this.#keepEncoded(repaired, 0, repaired.length);
    }
    this.#low = from;
  }

  #keepEncoded(bytes: Uint8Array, start: number, end: number): void {
    const { values } = this.#memory;
    const from = values.length;
    values.append(bytes, start, end);
    this.#setValue(attributeTypes.encoded, from, values.length);
  }

  #setValue(type: AttributeType, low: number, high: number): void {
    this.#type = type;
    this.#low = low;
    this.#high = high;
  }
}
