/** Columns of the kinds that the service graph reads, out of blocks of any. */
import assert from "node:assert/strict";
import type { Column } from "../native/block-reader.ts";

/** The bytes of a column of numbers. */
export function fixedOf(column: Column): DataView {
  assert(column.kind === "fixed", `numbers expected, got ${column.kind}`);
  const { buffer, byteOffset, byteLength } = column.bytes;
  return new DataView(buffer, byteOffset, byteLength);
}

/** Lists of numbers: item `i` of a row is between where the row before and this one end. */
export function listOf(column: Column): { readonly ends: Uint32Array; readonly items: DataView } {
  assert(column.kind === "array", `lists expected, got ${column.kind}`);
  return { ends: column.ends, items: fixedOf(column.items) };
}

/** A column of few different texts; null is the empty one. */
export interface Dictionary {
  /** By row: which text. */
  readonly indexes: Uint32Array;
  readonly text: (index: number) => string;
}

/** The texts of a column of few. */
export function dictionaryOf(column: Column): Dictionary {
  assert(column.kind === "dictionary" && column.keys.kind === "string", "few texts expected");
  const { texts } = column.keys;
  const text = (index: number): string =>
    Buffer.from(texts.bytes.subarray(texts.start(index), texts.end(index))).toString();
  return { indexes: column.indexes, text };
}
