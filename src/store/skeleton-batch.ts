/**
 * The rows of which skeletons are made, as an answer in Native format has them: block after block, rows
 * in any order. What every trace needs is put together in arrays, the rest is read where it is.
 */
import assert from "node:assert/strict";
import type { AttributeValue, OwnerScope } from "../traceql/evaluate/trace-view.ts";
import { exactTagOf, keyValueOf } from "./exact-value.ts";
import type { Block, Column } from "./native/block-reader.ts";
import {
  byteAt,
  float64At,
  int64At,
  isNullAt,
  type ItemAt,
  textAt,
  textBytesAt,
  valuesOf,
} from "./native/column-values.ts";

/** An attribute that skeletons have. */
export interface SkeletonAttribute {
  readonly scope: OwnerScope;
  readonly key: string;
}

/** The column of an attribute's values of one type. */
export function attributeColumn(attribute: number, type: string): string {
  return `attribute${attribute}_${type}`;
}

/** What a row has of something. */
type ValueOfRow = (row: number) => AttributeValue | undefined;

const SECOND = 1_000_000_000n;

/** See the top of this file. Rows are numbered through all blocks. */
export class SkeletonBatch {
  readonly length: number;
  readonly traceIds: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly startUnixNano: BigUint64Array;
  readonly durationNano: BigInt64Array;
  /** When the span is filed, in unix nanoseconds. */
  readonly filedNano: BigUint64Array;
  readonly kind: Uint8Array;
  readonly status: Uint8Array;
  readonly #blocks: readonly Block[];
  readonly #attributes: readonly SkeletonAttribute[];
  readonly #valuesOf = new Map<number, ValueOfRow>();
  /** By row: its block, and its number there. */
  readonly #blockOf: Uint32Array;
  readonly #rowInBlock: Uint32Array;
  #weights: Float64Array | undefined;

  constructor(blocks: readonly Block[], attributes: readonly SkeletonAttribute[]) {
    this.#blocks = blocks;
    this.#attributes = attributes;
    this.length = blocks.reduce((sum, { rows }) => sum + rows, 0);
    this.#blockOf = new Uint32Array(this.length);
    this.#rowInBlock = new Uint32Array(this.length);
    let row = 0;
    blocks.forEach(({ rows }, block) => {
      for (let i = 0; i < rows; i++, row++) {
        this.#blockOf[row] = block;
        this.#rowInBlock[row] = i;
      }
    });
    this.traceIds = this.#together("trace_id", 16);
    this.spanId = this.#together("span_id", 8);
    this.parentSpanId = this.#together("parent_span_id", 8);
    this.startUnixNano = new BigUint64Array(this.#together("start_unix_nano", 8).buffer);
    this.durationNano = new BigInt64Array(this.#together("duration_nano", 8).buffer);
    this.kind = this.#together("kind", 1);
    this.status = this.#together("status_code", 1);
    this.filedNano = this.#filed();
  }

  #together(name: string, width: number): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length * width);
    let at = 0;
    for (const { columns } of this.#blocks) {
      const column = columns.get(name);
      assert.ok(column?.kind === "fixed" && column.width === width, `no column ${name}`);
      all.set(column.bytes, at);
      at += column.bytes.length;
    }
    return all;
  }

  /** For how many spans each stands; undefined if the plan has no weights. */
  weights(): Float64Array | undefined {
    const hasWeights = this.#blocks.every(({ columns }) => columns.has("sampling_weight"));
    if (!hasWeights || this.length === 0) return undefined;
    return (this.#weights ??= new Float64Array(this.#together("sampling_weight", 8).buffer));
  }

  #filed(): BigUint64Array {
    const misfiled = this.#together("misfiled", 1);
    const buckets = new Uint32Array(this.#together("time_bucket", 4).buffer);
    const filed = this.startUnixNano.slice();
    for (let row = 0; row < this.length; row++) {
      if (misfiled[row] !== 0) filed[row] = BigInt(buckets[row]!) * SECOND;
    }
    return filed;
  }

  /** 32 lower-case hex digits. */
  traceId(row: number): string {
    return Buffer.from(this.traceIds.buffer, 16 * row, 16).toString("hex");
  }

  /** Where a row has its item of a column. */
  at(name: string, row: number): ItemAt {
    const column = this.#blocks[this.#blockOf[row]!]!.columns.get(name);
    assert.ok(column !== undefined, `the skeleton has no column ${name}`);
    return { column, i: this.#rowInBlock[row]! };
  }

  /** What a row has in a column of texts. */
  text(name: string, row: number): string {
    const { column, i } = this.at(name, row);
    return textAt(column, i);
  }

  /** The keys of the attributes that there are columns of. */
  attributeKeys(scope: OwnerScope): readonly string[] {
    const ofScope = this.#attributes.filter((attribute) => attribute.scope === scope);
    return ofScope.map(({ key }) => key);
  }

  /** What rows have of an attribute, which has to be one of the skeleton's. */
  attribute(scope: OwnerScope, key: string): ValueOfRow {
    const number = this.#attributes.findIndex(
      (attribute) => attribute.scope === scope && attribute.key === key,
    );
    assert.ok(number >= 0, `the skeleton has no ${scope} attribute ${key}`);
    let value = this.#valuesOf.get(number);
    if (value === undefined) this.#valuesOf.set(number, (value = this.#valueOf(number)));
    return value;
  }

  #valueOf(number: number): ValueOfRow {
    const { scope, key } = this.#attributes[number]!;
    const absent = scope === "resource" && key === "service.name" ? unknownService : undefined;
    const readers = this.#blocks.map(({ columns }) => {
      const typed = types.flatMap(([type, read]) => {
        const column = columns.get(attributeColumn(number, type));
        return column === undefined ? [] : [reader(column, read)];
      });
      const exact = columns.get("exact");
      if (exact === undefined) return typed;
      const tag = exactTagOf[scope];
      return [...typed, (i: number) => keyValueOf(textBytesAt(exact, i), tag, key)];
    });
    return (row) => {
      const i = this.#rowInBlock[row]!;
      for (const read of readers[this.#blockOf[row]!]!) {
        const value = read(i);
        if (value !== undefined) return value;
      }
      return absent;
    };
  }
}

const unknownService: AttributeValue = { type: "string", value: "unknown_service" };

type ReadValue = (column: Column, i: number) => AttributeValue;

/** How a value is read, by the type of its column. Columns of types that an attribute never has are not
 * there. */
const types: readonly (readonly [type: string, read: ReadValue])[] = [
  ["string", (column, i) => ({ type: "string", value: textAt(column, i) })],
  ["int", (column, i) => ({ type: "int", value: int64At(column, i) })],
  ["float", (column, i) => ({ type: "float", value: float64At(column, i) })],
  ["bool", (column, i) => ({ type: "bool", value: byteAt(column, i) !== 0 })],
];

function reader(column: Column, read: ReadValue): (i: number) => AttributeValue | undefined {
  const values = valuesOf(column);
  if (column.kind !== "dictionary") {
    return (i) => (isNullAt(column, i) ? undefined : read(values, i));
  }
  // Rows with the same text share one value.
  const known: AttributeValue[] = [];
  return (i) => {
    const index = column.indexes[i]!;
    return index === 0 ? undefined : (known[index] ??= read(values, i));
  };
}
