import type { ByteArena } from "../base/arena.ts";
import { grown } from "../base/growable.ts";
import type { Interner } from "../base/interner.ts";
import type { ProtoWriter } from "../base/protobuf.ts";
import { anyValueTags, decodeAnyValue, int64Text, keyValueTags } from "./any-value.ts";
import { doubleJson } from "./double-json.ts";
import type { KeyValue } from "./trace.ts";

/** How an attribute's value is held. `encoded` is everything no typed column can hold: bytes,
 * arrays, key-value lists and empty values, as the fields of an encoded AnyValue. */
export const attributeTypes = { encoded: 0, string: 1, bool: 2, int: 3, double: 4 } as const;
export type AttributeType = (typeof attributeTypes)[keyof typeof attributeTypes];

/** What all attribute lists of a batch share: the numbering of keys, and memory for values. */
export interface AttributeMemory {
  readonly keys: Interner;
  readonly values: ByteArena;
}

/**
 * The attributes of many owners (spans, events, links, resources, scopes), one owner after the
 * other. Owner `i` has the attributes from `start(i)` up to `end(i)`:
 *
 *     ends      3        5
 *     key       0  1  2  0  3      numbers of `memory.keys`, unique within an owner
 *     type      s  i  b  s  e
 *     words     where a string or encoded value stands in `memory.values` (from, to),
 *               or the value's own 64 bits (low, high) for int, double and bool
 */
export class AttributeColumns {
  readonly memory: AttributeMemory;
  /** How many attributes there are, the open owner's included. */
  length = 0;
  /** How many owners are closed. */
  owners = 0;
  /** Keys that came twice in one owner; the last value has won. */
  duplicates = 0;
  ends = new Uint32Array(16);
  key = new Uint32Array(64);
  type = new Uint8Array(64);
  /** Two for each attribute. */
  words = new Uint32Array(128);
  #lastAt = new Uint32Array(64); // by key: where it came last, plus one; may be out of date

  constructor(memory: AttributeMemory) {
    this.memory = memory;
  }

  start(owner: number): number {
    return owner === 0 ? 0 : this.ends[owner - 1]!;
  }

  end(owner: number): number {
    return this.ends[owner]!;
  }

  /** Adds an attribute to the open owner, or replaces the one it has under this key. */
  set(key: number, type: AttributeType, low: number, high: number): void {
    if (key >= this.#lastAt.length) this.#lastAt = grown(this.#lastAt, key + 1);
    const openStart = this.owners === 0 ? 0 : this.ends[this.owners - 1]!;
    let at = this.#lastAt[key]! - 1;
    if (at >= openStart && at < this.length && this.key[at] === key) this.duplicates++;
    else {
      at = this.length++;
      this.#lastAt[key] = this.length;
      if (this.length > this.key.length) this.#grow();
    }
    this.key[at] = key;
    this.type[at] = type;
    this.words[2 * at] = low;
    this.words[2 * at + 1] = high;
  }

  /** Ends the open owner's list; the next attributes are the next owner's. */
  closeOwner(): void {
    if (this.owners === this.ends.length) this.ends = grown(this.ends, this.owners + 1);
    this.ends[this.owners++] = this.length;
  }

  /** Forgets the attributes of the open owner. */
  dropOpenOwner(): void {
    this.truncate(this.owners);
  }

  /** Forgets all owners from number `owners` on, and what the open one has so far. */
  truncate(owners: number): void {
    this.owners = owners;
    this.length = owners === 0 ? 0 : this.ends[owners - 1]!;
  }

  /** The attributes of one owner as objects, sorted by key. */
  keyValues(owner: number): KeyValue[] {
    const list: KeyValue[] = [];
    for (let at = this.start(owner); at < this.end(owner); at++) list.push(this.#keyValue(at));
    return list.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  /** Writes one owner's attributes as repeated KeyValue fields with tag `tag`, in stored order.
   * `which` leaves out attributes by their position. */
  write(writer: ProtoWriter, tag: number, owner: number, which?: (at: number) => boolean): void {
    for (let at = this.start(owner); at < this.end(owner); at++) {
      if (which !== undefined && !which(at)) continue;
      writer.message(tag, () => {
        const { keys } = this.memory;
        const key = this.key[at]!;
        writer.bytes(keyValueTags.key, keys.bytes, keys.start(key), keys.end(key));
        writer.message(keyValueTags.value, () => this.#writeValue(writer, at));
      });
    }
  }

  #writeValue(writer: ProtoWriter, at: number): void {
    const [low, high] = [this.words[2 * at]!, this.words[2 * at + 1]!];
    switch (this.type[at]) {
      case attributeTypes.string:
        writer.bytes(anyValueTags.string, this.memory.values.bytes, low, high);
        return;
      case attributeTypes.bool:
        writer.varint(anyValueTags.bool);
        writer.varint(low);
        return;
      case attributeTypes.int:
        writer.varint(anyValueTags.int);
        writer.varint64(high, low);
        return;
      case attributeTypes.double:
        writer.varint(anyValueTags.double);
        writer.fixed64(high, low);
        return;
      default:
        writer.raw(this.memory.values.bytes, low, high);
    }
  }

  #keyValue(at: number): KeyValue {
    const key = this.memory.keys.text(this.key[at]!);
    const [low, high] = [this.words[2 * at]!, this.words[2 * at + 1]!];
    switch (this.type[at]) {
      case attributeTypes.string: {
        const text = this.memory.values.bytes.subarray(low, high);
        return { key, value: { stringValue: Buffer.from(text).toString() } };
      }
      case attributeTypes.bool:
        return { key, value: { boolValue: low !== 0 } };
      case attributeTypes.int:
        return { key, value: { intValue: int64Text(high, low) } };
      case attributeTypes.double: {
        const value = new Float64Array(Uint32Array.of(low, high).buffer)[0]!;
        return { key, value: { doubleValue: doubleJson(value) } };
      }
      default:
        return { key, value: decodeAnyValue(this.memory.values.bytes.subarray(low, high)) };
    }
  }

  #grow(): void {
    this.key = grown(this.key, this.length);
    this.type = grown(this.type, this.length);
    this.words = grown(this.words, this.length * 2);
  }
}
