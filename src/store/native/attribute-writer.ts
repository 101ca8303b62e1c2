/**
 * Writes attributes into the table's columns: promoted ones, and maps by type. A row of the table is a
 * span with its own attributes, or with those of its resource or scope, which many rows share.
 */
import { unreachable } from "../../base/fault.ts";
import { grown } from "../../base/growable.ts";
import { Interner } from "../../base/interner.ts";
import {
  type AttributeColumns,
  type AttributeMemory,
  attributeTypes,
} from "../../model/attribute-columns.ts";
import { builtInAttributes, type PromotedAttribute } from "../promoted.ts";
import type { attributeMaps } from "../schema.ts";
import {
  listsByRow,
  noValues,
  type OwnerValues,
  type Spread,
  type ValueLists,
  valuesByRow,
} from "./attribute-spread.ts";
import type { BlockWriter, Texts } from "./block-writer.ts";

/** Attributes spread over columns, and the rows that show them. */
export interface AttributeSource {
  readonly attributes: AttributeColumns;
  readonly spread: Spread;
  /** Row `i` shows owner `owner[i]` of the spread; undefined if it is owner `i`. */
  readonly owner: Uint32Array | undefined;
}

// A column that the migrations made has no default of its own: left out, its rows are null at no cost.
const nullByDefault: ReadonlySet<PromotedAttribute> = new Set(builtInAttributes);

/** Writes a column for an attribute, number `n` of those that were spread, of `rows` rows. */
export function writePromoted(
  block: BlockWriter,
  { attributes, spread, owner }: AttributeSource,
  { promoted, n, rows }: { readonly promoted: PromotedAttribute; n: number; rows: number },
): void {
  const { column, columnType } = promoted;
  block.column(column, columnType);
  const values = spread.promoted[n];
  if (values === undefined && nullByDefault.has(promoted)) return block.leaveOut();
  const { bytes } = attributes.memory.values;
  if (columnType === "LowCardinality(Nullable(String))") {
    const { indexes, keys } = values ? dictionaryOf(values, bytes) : noDictionary(rows);
    block.lowCardinalityVersion();
    block.lowCardinality(values && owner ? gather(indexes, owner) : indexes, keys, keys.size, {
      nullable: true,
    });
    return;
  }
  const { nulls, words } =
    values === undefined
      ? noValues(rows)
      : owner === undefined
        ? values
        : valuesByRow(values, owner);
  block.array(nulls);
  switch (columnType) {
    case "Nullable(String)":
      return block.strings(bytes, words);
    case "Nullable(Int64)":
    case "Nullable(Float64)":
      return block.array(words);
    case "Nullable(Bool)":
      return block.array(lowBytes(words));
    default:
      return unreachable(columnType);
  }
}

/** The first byte of every pair of words. */
function lowBytes(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[2 * i]!;
  return bytes;
}

/** A column's distinct values, and by owner the number of its own, plus one; 0 stands for none. */
interface Dictionary {
  readonly indexes: Uint32Array;
  readonly keys: Interner;
}

const noDictionary = (rows: number): Dictionary => ({
  indexes: new Uint32Array(rows),
  keys: new Interner(),
});

const RECENT_SLOTS = 1024; // a power of two
const GOLDEN = 0x9e3779b1;

/** Numbers the values. The decoder holds the same text at the same place mostly, so where it stands is
 * enough to know most of them again. */
function dictionaryOf({ nulls, words }: OwnerValues, bytes: Uint8Array): Dictionary {
  const keys = new Interner();
  const indexes = new Uint32Array(nulls.length);
  const recent = new Uint32Array(3 * RECENT_SLOTS); // from, to, number plus one
  for (let i = 0; i < indexes.length; i++) {
    if (nulls[i] === 1) continue;
    const from = words[2 * i]!;
    const to = words[2 * i + 1]!;
    const slot = 3 * (Math.imul(from, GOLDEN) >>> 22);
    if (recent[slot] !== from || recent[slot + 1] !== to || recent[slot + 2] === 0) {
      recent[slot] = from;
      recent[slot + 1] = to;
      recent[slot + 2] = keys.intern(bytes, from, to) + 1;
    }
    indexes[i] = recent[slot + 2]!;
  }
  return { indexes, keys };
}

/** Writes one map column: the attributes of its type that no promoted column took. */
export function writeMap(
  block: BlockWriter,
  { attributes, spread, owner }: AttributeSource,
  { column, columnType, type }: (typeof attributeMaps)[number],
): void {
  block.column(column, columnType);
  const ofOwner = spread.rest[type]!;
  if (ofOwner.keys.length === 0) return block.leaveOut();
  const lists = owner === undefined ? ofOwner : listsByRow(ofOwner, owner);
  block.lowCardinalityVersion();
  writeMapData(block, attributes.memory, lists, type);
}

/** The data of a map, or of the items of an array of maps: offsets, keys, values. */
export function writeMapData(
  block: BlockWriter,
  memory: AttributeMemory,
  { ends, keys, words }: ValueLists,
  type: (typeof attributeMaps)[number]["type"],
): void {
  block.offsets(ends);
  const { indexes, used } = denseDictionary(keys, memory.keys.size);
  block.lowCardinality(indexes, pick(memory.keys, used), used.length);
  if (type === attributeTypes.string) block.strings(memory.values.bytes, words);
  else block.array(type === attributeTypes.bool ? lowBytes(words) : words);
}

/** A dictionary of just the ids that occur: `used[indexes[i]]` is `ids[i]`. */
export function denseDictionary(
  ids: Uint32Array,
  idCount: number,
): { readonly indexes: Uint32Array; readonly used: Uint32Array } {
  const indexOf = new Uint32Array(idCount); // plus one
  const indexes = new Uint32Array(ids.length);
  let used = new Uint32Array(16);
  let size = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (indexOf[id] === 0) {
      used = grown(used, size + 1);
      used[size++] = id;
      indexOf[id] = size;
    }
    indexes[i] = indexOf[id]! - 1;
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

/** Item `i` is `items[at[i]]`. */
export function gather(items: Uint32Array, at: Uint32Array): Uint32Array {
  const gathered = new Uint32Array(at.length);
  for (let i = 0; i < at.length; i++) gathered[i] = items[at[i]!]!;
  return gathered;
}
