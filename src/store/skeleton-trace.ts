import assert from "node:assert/strict";
import { ProtoReader } from "../base/protobuf.ts";
import { decodeAnyValue, keyValueTags } from "../model/any-value.ts";
import type {
  AttributeColumn,
  AttributeValue,
  EventsView,
  LinksView,
  OwnerScope,
  TraceView,
} from "../traceql/evaluate/trace-view.ts";
import { searchableValue } from "../traceql/evaluate/view-of-trace.ts";
import type { Block, Column } from "./native/block-reader.ts";
import {
  byteAt,
  bytesAt,
  float64At,
  int64At,
  isNullAt,
  textAt,
  uint32At,
  uint64At,
  valuesOf,
} from "./native/column-values.ts";
import { exactTags } from "./schema.ts";

/** An attribute that skeletons have. */
export interface SkeletonAttribute {
  readonly scope: OwnerScope;
  readonly key: string;
}

/** The column of an attribute's values of one type. */
export function attributeColumn(attribute: number, type: string): string {
  return `attribute${attribute}_${type}`;
}

/** A row of an answer. */
export interface RowAt {
  readonly block: Block;
  readonly i: number;
}

const SECOND = 1_000_000_000n;

/** A trace of which only some is there; see skeletons.ts. */
export class SkeletonTrace implements TraceView {
  readonly traceId: string;
  readonly length: number;
  readonly startUnixNano: BigUint64Array;
  readonly durationNano: BigInt64Array;
  readonly kind: Uint8Array;
  readonly status: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  /** By row: when the span is filed, in unix nanoseconds. */
  readonly filedNano: BigUint64Array;
  readonly #rows: readonly RowAt[];
  readonly #attributes: readonly SkeletonAttribute[];
  #services: readonly string[] | undefined;
  #names: readonly string[] | undefined;

  /** Rows are in the order of the trace's. */
  constructor(traceId: string, rows: readonly RowAt[], attributes: readonly SkeletonAttribute[]) {
    this.traceId = traceId;
    this.length = rows.length;
    this.#rows = rows;
    this.#attributes = attributes;
    const bigs = (name: string): bigint[] => this.#each(name, uint64At);
    this.startUnixNano = BigUint64Array.from(bigs("start_unix_nano"));
    this.durationNano = BigInt64Array.from(this.#each("duration_nano", int64At));
    this.kind = Uint8Array.from(this.#each("kind", byteAt));
    this.status = Uint8Array.from(this.#each("status_code", byteAt));
    this.spanId = this.#ids("span_id");
    this.parentSpanId = this.#ids("parent_span_id");
    const misfiled = this.#each("misfiled", byteAt);
    const buckets = this.#each("time_bucket", uint32At);
    this.filedNano = this.startUnixNano.map((start, row) =>
      misfiled[row] === 0 ? start : BigInt(buckets[row]!) * SECOND,
    );
  }

  #each<T>(name: string, at: (column: Column, i: number) => T): T[] {
    return this.#rows.map(({ block, i }) => at(columnOf(block, name), i));
  }

  #ids(name: string): Uint8Array {
    const bytes = new Uint8Array(this.length * 8);
    this.#rows.forEach(({ block, i }, row) =>
      bytes.set(bytesAt(columnOf(block, name), i), row * 8),
    );
    return bytes;
  }

  names(): readonly string[] {
    return (this.#names ??= this.#each("name", textAt));
  }

  services(): readonly string[] {
    return (this.#services ??= this.#each("service", textAt));
  }

  statusMessages(): readonly string[] {
    return this.#each("status_message", textAt);
  }

  scopeNames(): readonly string[] {
    return this.#each("scope_name", textAt);
  }

  scopeVersions(): readonly string[] {
    return this.#each("scope_version", textAt);
  }

  attribute(scope: OwnerScope, key: string): AttributeColumn {
    const number = this.#attributes.findIndex(
      (attribute) => attribute.scope === scope && attribute.key === key,
    );
    assert.ok(number >= 0, `the skeleton has no ${scope} attribute ${key}`);
    const isService = scope === "resource" && key === "service.name";
    return this.#rows.map(({ block, i }) => {
      const value = typedValue(block, i, number) ?? exactValue(block, i, exactTagOf[scope], key);
      return value === undefined && isService ? unknownService : value;
    });
  }

  attributeKeys(): never {
    throw new Error("a skeleton does not know all keys");
  }

  events(): EventsView {
    const times = this.#items("event_time_unix_nano");
    const at = this.#items("event_name").items;
    return {
      ends: times.ends,
      timeUnixNano: BigUint64Array.from(times.items, ({ column, i }) => uint64At(column, i)),
      names: () => at.map(({ column, i }) => textAt(column, i)),
      attribute: (key) => this.#nested("event", key),
    };
  }

  links(): LinksView {
    const traceIds = this.#items("link_trace_id");
    const spanIds = this.#items("link_span_id").items;
    return {
      ends: traceIds.ends,
      traceIds: () => traceIds.items.map(hexOf),
      spanIds: () => spanIds.map(hexOf),
      attribute: (key) => this.#nested("link", key),
    };
  }

  /** The items of all rows' arrays, and where each row's end. */
  #items(name: string): { ends: Uint32Array; items: ItemAt[] } {
    const items: ItemAt[] = [];
    const ends = new Uint32Array(this.length);
    this.#rows.forEach(({ block, i }, row) => {
      const array = columnOf(block, name);
      assert.ok(array.kind === "array");
      for (let at = i === 0 ? 0 : array.ends[i - 1]!; at < array.ends[i]!; at++) {
        items.push({ column: array.items, i: at });
      }
      ends[row] = items.length;
    });
    return { ends, items };
  }

  #nested(owner: "event" | "link", key: string): AttributeColumn {
    const maps = this.#items(`${owner}_attributes`).items;
    const exacts = this.#items(`${owner}_exact`).items;
    return maps.map(
      (map, n) =>
        mapText(map, key) ?? keyValueOf(bytesOfText(exacts[n]!), exactTags.attributes, key),
    );
  }
}

interface ItemAt {
  readonly column: Column;
  readonly i: number;
}

const unknownService: AttributeValue = { type: "string", value: "unknown_service" };

/** The tag in `exact` of the attributes of each owner. */
export const exactTagOf = {
  span: exactTags.attributes,
  resource: exactTags.resourceAttributes,
  instrumentation: exactTags.scopeAttributes,
} as const;

function columnOf(block: Block, name: string): Column {
  const column = block.columns.get(name);
  assert.ok(column !== undefined, `the skeleton has no column ${name}`);
  return column;
}

function hexOf({ column, i }: ItemAt): string {
  return Buffer.from(bytesAt(column, i)).toString("hex");
}

/** The value that some typed column has, if one has. */
function typedValue(block: Block, i: number, attribute: number): AttributeValue | undefined {
  const text = columnOf(block, attributeColumn(attribute, "string"));
  if (!isNullAt(text, i)) return { type: "string", value: textAt(valuesOf(text), i) };
  const int = columnOf(block, attributeColumn(attribute, "int"));
  if (!isNullAt(int, i)) return { type: "int", value: int64At(valuesOf(int), i) };
  const float = columnOf(block, attributeColumn(attribute, "float"));
  if (!isNullAt(float, i)) return { type: "float", value: float64At(valuesOf(float), i) };
  const bool = columnOf(block, attributeColumn(attribute, "bool"));
  return isNullAt(bool, i) ? undefined : { type: "bool", value: byteAt(valuesOf(bool), i) !== 0 };
}

function exactValue(block: Block, i: number, tag: number, key: string): AttributeValue | undefined {
  return keyValueOf(bytesOfText({ column: columnOf(block, "exact"), i }), tag, key);
}

function bytesOfText({ column, i }: ItemAt): Uint8Array {
  assert.ok(column.kind === "string");
  const { texts } = column;
  return texts.bytes.subarray(texts.start(i), texts.end(i));
}

/** The searchable value of a key among the encoded KeyValues under this tag. */
export function keyValueOf(
  message: Uint8Array,
  wanted: number,
  key: string,
): AttributeValue | undefined {
  if (message.length === 0) return undefined;
  const reader = new ProtoReader(message);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const bytes = reader.slice();
    if (tag !== wanted) continue;
    const pair = new ProtoReader(bytes);
    let name = "";
    let value = new Uint8Array(0) as Uint8Array;
    for (let part = pair.tag(); part !== 0; part = pair.tag()) {
      const slice = pair.slice();
      if (part === keyValueTags.key) name = Buffer.from(slice).toString();
      else value = slice;
    }
    if (name === key) return searchableValue(decodeAnyValue(value));
  }
  return undefined;
}

function mapText({ column, i }: ItemAt, key: string): AttributeValue | undefined {
  assert.ok(column.kind === "map");
  for (let at = i === 0 ? 0 : column.ends[i - 1]!; at < column.ends[i]!; at++) {
    if (textAt(column.keys, at) === key)
      return { type: "string", value: textAt(column.values, at) };
  }
  return undefined;
}
