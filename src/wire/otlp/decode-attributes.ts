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

  constructor(memory: AttributeMemory, nestingDepth: number) {
    this.#memory = memory;
    this.#nestingDepth = nestingDepth;
  }

  /** Reads the KeyValue that comes next and sets it in the open owner of `into`. Throws Fault
   * "invalid" if it is malformed or nested too deeply. */
  read(reader: ProtoReader, into: AttributeColumns): void {
    this.#reader = reader;
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
    const { values } = this.#memory;
    const end = reader.lengthEnd();
    const from = values.length;
    if (!values.appendText(reader.bytes, reader.at, end)) this.invalidUtf8++;
    reader.at = end;
    this.#setValue(attributeTypes.string, from, values.length);
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
