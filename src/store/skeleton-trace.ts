import assert from "node:assert/strict";
import type {
  AttributeColumn,
  AttributeValue,
  EventsView,
  LinksView,
  OwnerScope,
  TraceView,
} from "../traceql/evaluate/trace-view.ts";
import { keyValueOf } from "./exact-value.ts";
import { bytesAt, type ItemAt, textAt, textBytesAt, uint64At } from "./native/column-values.ts";
import { exactTags } from "./schema.ts";
import type { SkeletonBatch } from "./skeleton-batch.ts";

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
  /** The trace has more spans than may be read: these are the first. */
  readonly isCut: boolean;
  readonly #rows: Uint32Array;
  readonly #batch: SkeletonBatch;
  #services: readonly string[] | undefined;
  #names: readonly string[] | undefined;

  /** Rows are those of the batch, in the order of the trace's. */
  constructor(batch: SkeletonBatch, rows: Uint32Array, isCut: boolean) {
    this.traceId = batch.traceId(rows[0]!);
    this.length = rows.length;
    this.isCut = isCut;
    this.#rows = rows;
    this.#batch = batch;
    this.startUnixNano = new BigUint64Array(rows.length);
    this.durationNano = new BigInt64Array(rows.length);
    this.filedNano = new BigUint64Array(rows.length);
    this.kind = new Uint8Array(rows.length);
    this.status = new Uint8Array(rows.length);
    this.spanId = new Uint8Array(8 * rows.length);
    this.parentSpanId = new Uint8Array(8 * rows.length);
    for (let row = 0; row < rows.length; row++) {
      const from = rows[row]!;
      this.startUnixNano[row] = batch.startUnixNano[from]!;
      this.durationNano[row] = batch.durationNano[from]!;
      this.filedNano[row] = batch.filedNano[from]!;
      this.kind[row] = batch.kind[from]!;
      this.status[row] = batch.status[from]!;
      for (let i = 0; i < 8; i++) {
        this.spanId[8 * row + i] = batch.spanId[8 * from + i]!;
        this.parentSpanId[8 * row + i] = batch.parentSpanId[8 * from + i]!;
      }
    }
  }

  /** By row: for how many spans it stands; undefined if the plan has no weights. */
  weights(): Float64Array | undefined {
    const all = this.#batch.weights();
    return all && Float64Array.from(this.#rows, (row) => all[row]!);
  }

  #texts(name: string): string[] {
    return Array.from(this.#rows, (row) => this.#batch.text(name, row));
  }

  names(): readonly string[] {
    return (this.#names ??= this.#texts("name"));
  }

  services(): readonly string[] {
    return (this.#services ??= this.#texts("service"));
  }

  statusMessages(): readonly string[] {
    return this.#texts("status_message");
  }

  scopeNames(): readonly string[] {
    return this.#texts("scope_name");
  }

  scopeVersions(): readonly string[] {
    return this.#texts("scope_version");
  }

  attribute(scope: OwnerScope, key: string): AttributeColumn {
    const valueAt = this.#batch.attribute(scope, key);
    return Array.from(this.#rows, (row) => valueAt(row));
  }

  /** Those that the skeleton was made with. */
  attributeKeys(scope: OwnerScope): readonly string[] {
    return this.#batch.attributeKeys(scope);
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
    this.#rows.forEach((from, row) => {
      const { column: array, i } = this.#batch.at(name, from);
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
        mapText(map, key) ??
        keyValueOf(textBytesAt(exacts[n]!.column, exacts[n]!.i), exactTags.attributes, key),
    );
  }
}

function hexOf({ column, i }: ItemAt): string {
  return Buffer.from(bytesAt(column, i)).toString("hex");
}

function mapText({ column, i }: ItemAt, key: string): AttributeValue | undefined {
  assert.ok(column.kind === "map");
  for (let at = i === 0 ? 0 : column.ends[i - 1]!; at < column.ends[i]!; at++) {
    if (textAt(column.keys, at) === key)
      return { type: "string", value: textAt(column.values, at) };
  }
  return undefined;
}
