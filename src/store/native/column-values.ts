/** Single values out of columns of a Native answer. */
import assert from "node:assert/strict";
import type { Column } from "./block-reader.ts";

/** An item of a column. */
export interface ItemAt {
  readonly column: Column;
  readonly i: number;
}

/** The bytes of the text of item `i`, not copied. */
export function textBytesAt(column: Column, i: number): Uint8Array {
  assert.ok(column.kind === "string");
  const { texts } = column;
  return texts.bytes.subarray(texts.start(i), texts.end(i));
}

/** The text of item `i`. */
export function textAt(column: Column, i: number): string {
  if (column.kind === "dictionary") return textsOf(column)[column.indexes[i]!]!;
  assert.ok(column.kind === "string");
  const { bytes } = column.texts;
  const [from, to] = [column.texts.start(i), column.texts.end(i)];
  return from === to
    ? ""
    : Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}

const texts = new WeakMap<Column, readonly string[]>();

/** The texts of a dictionary. */
function textsOf(column: Extract<Column, { kind: "dictionary" }>): readonly string[] {
  let known = texts.get(column);
  if (known === undefined) {
    const { keys, count } = column;
    known = Array.from({ length: count }, (_, i) => textAt(keys, i));
    texts.set(column, known);
  }
  return known;
}

/** Whether item `i` of a column whose type says Nullable is NULL. */
export function isNullAt(column: Column, i: number): boolean {
  if (column.kind === "dictionary") return column.indexes[i] === 0;
  assert.ok(column.kind === "nullable");
  return column.nulls[i] !== 0;
}

/** What a Nullable column has where it is not NULL. */
export function valuesOf(column: Column): Column {
  return column.kind === "nullable" ? column.values : column;
}

/** The bytes of item `i`, not copied. */
export function bytesAt(column: Column, i: number): Uint8Array {
  assert.ok(column.kind === "fixed");
  return column.bytes.subarray(i * column.width, (i + 1) * column.width);
}

/** Item `i` of a column of signed 64-bit integers. */
export function int64At(column: Column, i: number): bigint {
  return viewOf(column).getBigInt64(i * 8, true);
}

/** Item `i` of a column of unsigned 64-bit integers. */
export function uint64At(column: Column, i: number): bigint {
  return viewOf(column).getBigUint64(i * 8, true);
}

/** Item `i` of a column of doubles. */
export function float64At(column: Column, i: number): number {
  return viewOf(column).getFloat64(i * 8, true);
}

/** Item `i` of a column of single bytes. */
export function byteAt(column: Column, i: number): number {
  assert.ok(column.kind === "fixed");
  return column.bytes[i]!;
}

const views = new WeakMap<Column, DataView>();

function viewOf(column: Column): DataView {
  assert.ok(column.kind === "fixed");
  let view = views.get(column);
  if (view === undefined) {
    const { buffer, byteOffset, byteLength } = column.bytes;
    view = new DataView(buffer, byteOffset, byteLength);
    views.set(column, view);
  }
  return view;
}
