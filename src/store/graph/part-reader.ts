import type { Names } from "../../base/names.ts";
import { PairTable } from "../../base/pair-table.ts";
import { callPart, type PartKey, partKeys } from "../../model/call-part.ts";
import type { Block } from "../native/block-reader.ts";
import { builtInAttributes } from "../promoted.ts";
import { identifier, joinSql, sql } from "../sql.ts";
import { type Dictionary, dictionaryOf, fixedOf } from "./block-columns.ts";

/** The columns that parts follow from, beside `kind` and `has_links`. */
export const partColumns = joinSql(
  partKeys.map((key) => identifier(columnOf(key))),
  sql`, `,
);

function columnOf(key: PartKey): string {
  return builtInAttributes.find((each) => each.scope === "span" && each.key === key)!.column;
}

/** Kinds below have no part in calls: unspecified and internal. */
const LOWEST_KIND = 2;
const INDEX_BITS = 26;

/**
 * Finds the parts of a block's spans. What they follow from are numbers of texts, and there are few
 * combinations of them: each is thought about once.
 */
export class PartReader {
  readonly #columns: readonly Dictionary[];
  readonly #kind: DataView;
  readonly #hasLinks: DataView;
  readonly #names: Names;
  /** (combination so far, number of a column and of a text in it), beginning with the kind. */
  readonly #combinations = new PairTable();
  readonly #parts: { readonly role: number; readonly target: number }[] = [];

  constructor({ columns }: Block, names: Names) {
    this.#columns = partKeys.map((key) => dictionaryOf(columns.get(columnOf(key))!));
    this.#kind = fixedOf(columns.get("kind")!);
    this.#hasLinks = fixedOf(columns.get("has_links")!);
    this.#names = names;
  }

  /** The part of a row's span, with the number of its target's name. */
  read(row: number): { readonly role: number; readonly target: number } {
    const kind = this.#kind.getUint8(row);
    const hasLinks = this.#hasLinks.getUint8(row) === 1;
    let combination = this.#combinations.number(kind, hasLinks ? 1 : 0);
    if (kind >= LOWEST_KIND) {
      for (let i = 0; i < this.#columns.length; i++) {
        const index = this.#columns[i]!.indexes[row]!;
        if (index === 0) continue;
        combination = this.#combinations.number(combination, ((i + 1) << INDEX_BITS) | index);
      }
    }
    return (this.#parts[combination] ??= this.#think(row, kind, hasLinks));
  }

  #think(row: number, kind: number, hasLinks: boolean) {
    const text = (key: PartKey): string => {
      const { indexes, text: textOf } = this.#columns[partKeys.indexOf(key)]!;
      return textOf(indexes[row]!);
    };
    const { role, target } = callPart({ kind, hasLinks, text });
    return { role, target: this.#names.number(target) };
  }
}
