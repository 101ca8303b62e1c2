/** Spreads attribute lists over the columns that hold them: promoted ones, and maps by type. */
import { grown } from "../../base/growable.ts";
import { type AttributeColumns, attributeTypes } from "../../model/attribute-columns.ts";
import type { PromotedAttribute } from "../promoted.ts";

/** Where the attributes of a list of owners went. */
export interface Spread {
  /** By promoted attribute: its values by owner; undefined if no owner has the attribute. */
  readonly promoted: readonly (OwnerValues | undefined)[];
  /** What no promoted column took, by type of attribute. */
  readonly rest: readonly ValueLists[];
}

/** A value for each owner, or none. */
export interface OwnerValues {
  /** By owner: 1 if it has no value. */
  readonly nulls: Uint8Array;
  /** By owner: the value's two words, as in AttributeColumns; zeros if it has none. */
  readonly words: Uint32Array;
}

/** A list of attributes for each owner, one after the other. */
export interface ValueLists {
  /** By owner: where its list ends. */
  readonly ends: Uint32Array;
  readonly keys: Uint32Array;
  /** Two for each attribute, as in AttributeColumns. */
  readonly words: Uint32Array;
}

const TYPES = Object.keys(attributeTypes).length;
const KEY_STRIDE = 8; // types, rounded up

/** Spreads the attributes of the owners in `owners`, in this order: one pass over memory, so that
 * what is written column by column afterwards lies side by side. */
export function spreadAttributes(
  attributes: AttributeColumns,
  owners: Uint32Array,
  promoted: readonly PromotedAttribute[],
): Spread {
  const { key, type, ends, words } = attributes;
  const slots = slotsOf(attributes, promoted);
  const columns = promoted.length;
  const taken: (OwnerValues | undefined)[] = promoted.map(() => undefined);
  const rest = Array.from({ length: TYPES }, () => new GrowingLists(owners.length));
  for (let i = 0; i < owners.length; i++) {
    const owner = owners[i]!;
    const end = ends[owner]!;
    for (let at = owner === 0 ? 0 : ends[owner - 1]!; at < end; at++) {
      const slot = slots[key[at]! * KEY_STRIDE + type[at]!]!;
      const low = words[2 * at]!;
      const high = words[2 * at + 1]!;
      if (slot < columns) {
        const values = (taken[slot] ??= noValues(owners.length));
        values.nulls[i] = 0;
        values.words[2 * i] = low;
        values.words[2 * i + 1] = high;
      } else rest[slot - columns]!.add(key[at]!, low, high);
    }
    for (let list = 0; list < TYPES; list++) rest[list]!.ends[i] = rest[list]!.count;
  }
  return { promoted: taken, rest: rest.map((lists) => lists.finish()) };
}

/** Owners without any value. */
export function noValues(owners: number): OwnerValues {
  return { nulls: new Uint8Array(owners).fill(1), words: new Uint32Array(2 * owners) };
}

class GrowingLists {
  readonly ends: Uint32Array;
  count = 0;
  #keys = new Uint32Array(64);
  #words = new Uint32Array(128);

  constructor(owners: number) {
    this.ends = new Uint32Array(owners);
  }

  add(key: number, low: number, high: number): void {
    const at = this.count++;
    if (this.count > this.#keys.length) {
      this.#keys = grown(this.#keys, this.count);
      this.#words = grown(this.#words, 2 * this.count);
    }
    this.#keys[at] = key;
    this.#words[2 * at] = low;
    this.#words[2 * at + 1] = high;
  }

  finish(): ValueLists {
    const { ends, count } = this;
    return { ends, keys: this.#keys.subarray(0, count), words: this.#words.subarray(0, 2 * count) };
  }
}

/** By key and type: the number of the promoted column, or, behind those, of the list for the type. */
function slotsOf(
  { memory: { keys } }: AttributeColumns,
  promoted: readonly PromotedAttribute[],
): Uint16Array {
  const slots = new Uint16Array(keys.size * KEY_STRIDE);
  const byKey = Map.groupBy(promoted.keys(), (column) => promoted[column]!.key);
  for (let key = 0; key < keys.size; key++) {
    const at = key * KEY_STRIDE;
    for (let type = 0; type < TYPES; type++) slots[at + type] = promoted.length + type;
    for (const column of byKey.get(keys.text(key)) ?? [])
      slots[at + promoted[column]!.type] = column;
  }
  return slots;
}

/** What was spread over owners that rows share, row by row: row `i` shows owner `owner[i]`. */
export function listsByRow({ ends, keys, words }: ValueLists, owner: Uint32Array): ValueLists {
  const lists = new GrowingLists(owner.length);
  for (let i = 0; i < owner.length; i++) {
    const shown = owner[i]!;
    const end = ends[shown]!;
    for (let at = shown === 0 ? 0 : ends[shown - 1]!; at < end; at++) {
      lists.add(keys[at]!, words[2 * at]!, words[2 * at + 1]!);
    }
    lists.ends[i] = lists.count;
  }
  return lists.finish();
}

/** Likewise, of single values. */
export function valuesByRow({ nulls, words }: OwnerValues, owner: Uint32Array): OwnerValues {
  const rows = noValues(owner.length);
  for (let i = 0; i < owner.length; i++) {
    const shown = owner[i]!;
    rows.nulls[i] = nulls[shown]!;
    rows.words[2 * i] = words[2 * shown]!;
    rows.words[2 * i + 1] = words[2 * shown + 1]!;
  }
  return rows;
}
