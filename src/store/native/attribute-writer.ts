/**
 * Spreads attribute lists over the table's columns: promoted ones, maps by type, and `exact`.
 * A row of the table is an owner here: a span with its own attributes, or with those of its
 * resource or scope, which many rows share.
 */
import { unreachable } from "../../base/fault.ts";
import { grown } from "../../base/growable.ts";
import { Interner } from "../../base/interner.ts";
import type { ProtoWriter } from "../../base/protobuf.ts";
import { type AttributeColumns, attributeTypes } from "../../model/attribute-columns.ts";
import type { PromotedAttribute } from "../promoted.ts";
import { attributeMaps } from "../schema.ts";
import type { BlockWriter, Texts } from "./block-writer.ts";

type AttributeMap = (typeof attributeMaps)[number];

const IN_MAP = -1;

/** The attributes of one kind of owner, and which of them go to which column. */
export class AttributeWriter {
  readonly #attributes: AttributeColumns;
  readonly #promoted: readonly PromotedAttribute[];
  /** By key: the promoted column for it, or IN_MAP. */
  readonly #route: Int32Array;

  constructor(attributes: AttributeColumns, promoted: readonly PromotedAttribute[]) {
    this.#attributes = attributes;
    this.#promoted = promoted;
    const { keys } = attributes.memory;
    this.#route = new Int32Array(keys.size).fill(IN_MAP);
    const byKey = new Map(promoted.map(({ key }, column) => [key, column]));
    for (let key = 0; key < keys.size; key++) {
      this.#route[key] = byKey.get(keys.text(key)) ?? IN_MAP;
    }
  }

  /** The promoted column of the attribute at `at`, or IN_MAP. */
  #columnAt(at: number): number {
    const column = this.#route[this.#attributes.key[at]!]!;
    if (column === IN_MAP) return IN_MAP;
    return this.#promoted[column]!.type === this.#attributes.type[at] ? column : IN_MAP;
  }

  /** Writes the promoted columns; row `i` of the table shows owner `owner[i]`. */
  writePromoted(block: BlockWriter, owner: Uint32Array, rows: number): void {
    const attributes = this.#attributes;
    const owners = attributes.owners;
    // By column and owner: where its attribute is, plus one; 0 if it has none.
    const places = this.#promoted.map(() => new Uint32Array(owners));
    for (let i = 0; i < owners; i++) {
      for (let at = attributes.start(i); at < attributes.end(i); at++) {
        const column = this.#columnAt(at);
        if (column !== IN_MAP) places[column]![i] = at + 1;
      }
    }
    const scratch = new Uint32Array(Math.max(owners, rows));
    this.#promoted.forEach(({ column, columnType }, i) => {
      block.column(column, columnType);
      const place = places[i]!;
      switch (columnType) {
        case "Nullable(Int64)":
        case "Nullable(Float64)":
          return this.#writeNumbers(block, place, owner, rows);
        case "Nullable(Bool)":
          return this.#writeBools(block, place, owner, rows);
        case "Nullable(String)":
          return this.#writeTexts(block, place, owner, rows);
        case "LowCardinality(Nullable(String))":
          return this.#writeDictionary(block, place, { owner, rows }, scratch);
        default:
          return unreachable(columnType);
      }
    });
  }

  #writeBools(block: BlockWriter, place: Uint32Array, owner: Uint32Array, rows: number): void {
    const { words } = this.#attributes;
    for (let i = 0; i < rows; i++) block.byte(place[owner[i]!] === 0 ? 1 : 0);
    for (let i = 0; i < rows; i++) {
      const at = place[owner[i]!]!;
      block.byte(at === 0 ? 0 : words[2 * at - 2]!);
    }
  }

  #writeNumbers(block: BlockWriter, place: Uint32Array, owner: Uint32Array, rows: number): void {
    const { words } = this.#attributes;
    for (let i = 0; i < rows; i++) block.byte(place[owner[i]!] === 0 ? 1 : 0);
    for (let i = 0; i < rows; i++) {
      const at = place[owner[i]!]!;
      if (at === 0) block.words(0, 0);
      else block.words(words[2 * at - 2]!, words[2 * at - 1]!);
    }
  }

  #writeTexts(block: BlockWriter, place: Uint32Array, owner: Uint32Array, rows: number): void {
    const { words, memory } = this.#attributes;
    for (let i = 0; i < rows; i++) block.byte(place[owner[i]!] === 0 ? 1 : 0);
    for (let i = 0; i < rows; i++) {
      const at = place[owner[i]!]!;
      if (at === 0) block.varuint(0);
      else block.string(memory.values.bytes, words[2 * at - 2]!, words[2 * at - 1]!);
    }
  }

  #writeDictionary(
    block: BlockWriter,
    place: Uint32Array,
    { owner, rows }: { readonly owner: Uint32Array; readonly rows: number },
    scratch: Uint32Array,
  ): void {
    const { words, memory } = this.#attributes;
    const { bytes } = memory.values;
    const keys = new Interner();
    const index = new Uint32Array(place.length); // by owner
    let last = -1;
    for (let i = 0; i < place.length; i++) {
      const at = place[i]!;
      if (at === 0) continue;
      const [from, to] = [words[2 * at - 2]!, words[2 * at - 1]!];
      if (last === -1 || !keys.is(last, bytes, from, to)) last = keys.intern(bytes, from, to);
      index[i] = last + 1;
    }
    for (let i = 0; i < rows; i++) scratch[i] = index[owner[i]!]!;
    block.lowCardinalityVersion();
    block.lowCardinality(scratch, rows, keys, keys.size, { nullable: true });
  }

  /** Writes one map column with the attributes of its type that no promoted column took. */
  writeMap(block: BlockWriter, map: AttributeMap, owner: Uint32Array, rows: number): void {
    const attributes = this.#attributes;
    const list: number[][] = []; // by owner: where its attributes for this map are
    for (let i = 0; i < attributes.owners; i++) {
      const places: number[] = [];
      for (let at = attributes.start(i); at < attributes.end(i); at++) {
        if (attributes.type[at] === map.type && this.#columnAt(at) === IN_MAP) places.push(at);
      }
      list.push(places);
    }
    const ends = new Uint32Array(rows);
    let count = 0;
    for (let i = 0; i < rows; i++) ends[i] = count += list[owner[i]!]!.length;
    const places = new Uint32Array(count);
    count = 0;
    for (let i = 0; i < rows; i++) for (const at of list[owner[i]!]!) places[count++] = at;
    block.column(map.column, map.columnType);
    block.lowCardinalityVersion();
    block.offsets(ends, rows);
    writeKeys(block, attributes, places);
    this.#writeValues(block, map, places);
  }

  #writeValues(block: BlockWriter, map: AttributeMap, places: Uint32Array): void {
    const { words, memory } = this.#attributes;
    const { bytes } = memory.values;
    for (const at of places) {
      if (map.type === attributeTypes.string)
        block.string(bytes, words[2 * at]!, words[2 * at + 1]!);
      else if (map.type === attributeTypes.bool) block.byte(words[2 * at]!);
      else block.words(words[2 * at]!, words[2 * at + 1]!);
    }
  }

  /** Writes the owner's attributes that no typed column holds as KeyValues under `tag`. */
  writeExact(writer: ProtoWriter, tag: number, owner: number): void {
    const { type } = this.#attributes;
    this.#attributes.write(writer, tag, owner, (at) => type[at] === attributeTypes.encoded);
  }
}

/** Writes the keys of the attributes at `places` as a LowCardinality's data. */
export function writeKeys(
  block: BlockWriter,
  attributes: AttributeColumns,
  places: Uint32Array,
): void {
  const { keys } = attributes.memory;
  const dictionary = denseDictionary(places.length, keys.size, (i) => attributes.key[places[i]!]!);
  block.lowCardinality(
    dictionary.indexes,
    places.length,
    pick(keys, dictionary.used),
    dictionary.used.length,
  );
}

/** A dictionary of just the ids that occur: `used[indexes[i]]` is `id(i)`. */
export function denseDictionary(
  count: number,
  ids: number,
  id: (i: number) => number,
): { indexes: Uint32Array; used: Uint32Array } {
  const indexOf = new Uint32Array(ids); // plus one
  const indexes = new Uint32Array(count);
  let used = new Uint32Array(16);
  let size = 0;
  for (let i = 0; i < count; i++) {
    const at = id(i);
    if (indexOf[at] === 0) {
      used = grown(used, size + 1);
      used[size++] = at;
      indexOf[at] = size;
    }
    indexes[i] = indexOf[at]! - 1;
  }
  return { indexes, used: used.subarray(0, size) };
}

/** Some of `texts`, renumbered. */
export function pick(texts: Texts, ids: Uint32Array): Texts {
  return {
    bytes: texts.bytes,
    start: (i) => texts.start(ids[i]!),
    end: (i) => texts.end(ids[i]!),
  };
}
