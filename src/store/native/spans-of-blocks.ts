/** Native blocks of the `spans` table back to span columns: `span-block.ts` in reverse. */
import assert from "node:assert/strict";
import { Fault } from "../../base/fault.ts";
import type { Interner } from "../../base/interner.ts";
import { ProtoReader } from "../../base/protobuf.ts";
import {
  type AttributeColumns,
  type AttributeType,
  attributeTypes,
} from "../../model/attribute-columns.ts";
import { anyValueTags, keyValueTags } from "../../model/any-value.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { attributeMaps, builtInTable, exactTags, type SpansTable } from "../schema.ts";
import { type Block, type Column, readBlocks } from "./block-reader.ts";
import type { Texts } from "./block-writer.ts";

/** The spans of an answer that has every column of `table`. Rows whose resource (or scope) is the
 * same share one. `keep` says of a row, once filled, whether it stays. */
export function spansOfBlocks(
  bytes: Uint8Array,
  table: SpansTable = builtInTable,
  keep: (columns: SpanColumns, row: number) => boolean = () => true,
): SpanColumns {
  const columns = new SpanColumns();
  const filler = new SpanFiller(columns, table);
  for (const block of readBlocks(bytes)) {
    if (block.rows === 0) continue;
    filler.open(block);
    for (let i = 0; i < block.rows; i++) filler.add(i, keep);
  }
  return columns;
}

class SpanFiller {
  readonly #columns: SpanColumns;
  readonly #resources = new Map<string, number>();
  readonly #scopes = new Map<string, number>();
  readonly #promoted: SpansTable["promoted"];
  /** By promoted attribute: the number of its key. */
  readonly #promotedKeys: readonly number[];
  #block: Block = { rows: 0, columns: new Map() };

  constructor(columns: SpanColumns, { promoted }: SpansTable) {
    this.#columns = columns;
    this.#promoted = promoted;
    this.#promotedKeys = promoted.map(({ key }) => {
      const bytes = Buffer.from(key);
      return columns.memory.keys.intern(bytes, 0, bytes.length);
    });
  }

  open(block: Block): void {
    this.#block = block;
  }

  #get<K extends Column["kind"]>(name: string, kind: K): Extract<Column, { kind: K }> {
    const column = this.#block.columns.get(name);
    assert.ok(column?.kind === kind, `column ${name} is ${column?.kind ?? "missing"}, not ${kind}`);
    return column as Extract<Column, { kind: K }>;
  }

  #uint32(name: string, i: number): number {
    return word(this.#get(name, "fixed").bytes, i * 4);
  }

  add(i: number, keep: (columns: SpanColumns, row: number) => boolean): void {
    const columns = this.#columns;
    const events = columns.events.length;
    const links = columns.links.length;
    const row = columns.add();
    this.#fillIds(row, i);
    this.#fillNumbers(row, i);
    this.#setText("trace_state", i, (from, to) => columns.traceState.set(row, from, to));
    this.#setText("status_message", i, (from, to) => columns.statusMessage.set(row, from, to));
    columns.tenant[row] = this.#internDictionary("tenant", i);
    columns.name[row] = this.#internDictionary("name", i);
    columns.resource[row] = this.#resource(i);
    columns.scope[row] = this.#scope(i);
    this.#fillAttributes(columns.attributes, "span", i);
    this.#exact(i, exactTags.attributes, (bytes) => this.#setKeyValue(columns.attributes, bytes));
    this.#fillEvents(i);
    this.#fillLinks(i);
    if (keep(columns, row)) columns.closeSpan();
    else columns.dropSpan({ events, links });
  }

  #fillIds(row: number, i: number): void {
    const columns = this.#columns;
    const copy = (name: string, width: number, into: Uint8Array): void =>
      into.set(this.#get(name, "fixed").bytes.subarray(i * width, (i + 1) * width), row * width);
    copy("trace_id", 16, columns.traceId);
    copy("span_id", 8, columns.spanId);
    copy("parent_span_id", 8, columns.parentSpanId);
  }

  #fillNumbers(row: number, i: number): void {
    const columns = this.#columns;
    const start = this.#get("start_unix_nano", "fixed").bytes;
    const duration = this.#get("duration_nano", "fixed").bytes;
    const [low, high] = [word(start, i * 8), word(start, i * 8 + 4)];
    const endLow = low + word(duration, i * 8);
    const carry = endLow > 0xffffffff ? 1 : 0;
    columns.startUnixNano[2 * row] = low;
    columns.startUnixNano[2 * row + 1] = high;
    columns.endUnixNano[2 * row] = endLow;
    columns.endUnixNano[2 * row + 1] = high + word(duration, i * 8 + 4) + carry;
    columns.kind[row] = this.#get("kind", "fixed").bytes[i]!;
    columns.statusCode[row] = this.#get("status_code", "fixed").bytes[i]!;
    columns.marks[row] = this.#get("marks", "fixed").bytes[i]!;
    columns.flags[row] = this.#uint32("flags", i);
    columns.timeBucket[row] = this.#uint32("time_bucket", i);
    columns.droppedAttributesCount[row] = this.#uint32("dropped_attributes_count", i);
    columns.droppedEventsCount[row] = this.#uint32("dropped_events_count", i);
    columns.droppedLinksCount[row] = this.#uint32("dropped_links_count", i);
  }

  #setText(name: string, i: number, set: (from: number, to: number) => void): void {
    this.#keepText(this.#get(name, "string").texts, i, set);
  }

  /** Copies text `i` to the columns' own memory and tells where it stands there. */
  #keepText(texts: Texts, i: number, set: (from: number, to: number) => void): void {
    const { values } = this.#columns.memory;
    const from = values.length;
    values.append(texts.bytes, texts.start(i), texts.end(i));
    set(from, values.length);
  }

  #internDictionary(name: string, i: number): number {
    return internKey(this.#get(name, "dictionary"), i, this.#columns.strings);
  }

  #resource(i: number): number {
    const { resources, memory } = this.#columns;
    const row = resources.add();
    resources.schemaUrl[row] = this.#internDictionary("resource_schema_url", i);
    const dropped = this.#uint32("resource_dropped_attributes_count", i);
    resources.droppedAttributesCount[row] = dropped;
    this.#fillAttributes(resources.attributes, "resource", i);
    this.#exact(i, exactTags.resourceAttributes, (bytes) =>
      this.#setKeyValue(resources.attributes, bytes),
    );
    let refs = new Uint8Array(0);
    this.#exact(i, exactTags.entityRefs, (bytes) => (refs = Uint8Array.from(bytes)));
    const from = memory.values.length;
    memory.values.append(refs, 0, refs.length);
    resources.entityRefs.set(row, from, memory.values.length);
    resources.attributes.closeOwner();
    const identity = [resources.schemaUrl[row], dropped, Buffer.from(refs).toString("latin1")];
    const key = attributesIdentity(resources.attributes, row, identity.join(" "));
    const known = this.#resources.get(key);
    if (known === undefined) this.#resources.set(key, row);
    else {
      resources.length--;
      resources.attributes.truncate(row);
    }
    return known ?? row;
  }

  #scope(i: number): number {
    const { scopes } = this.#columns;
    const row = scopes.add();
    scopes.name[row] = this.#internDictionary("scope_name", i);
    scopes.version[row] = this.#internDictionary("scope_version", i);
    scopes.schemaUrl[row] = this.#internDictionary("scope_schema_url", i);
    const dropped = this.#uint32("scope_dropped_attributes_count", i);
    scopes.droppedAttributesCount[row] = dropped;
    this.#fillAttributes(scopes.attributes, "scope", i);
    this.#exact(i, exactTags.scopeAttributes, (bytes) =>
      this.#setKeyValue(scopes.attributes, bytes),
    );
    scopes.attributes.closeOwner();
    const identity = [scopes.name[row], scopes.version[row], scopes.schemaUrl[row], dropped];
    const key = attributesIdentity(scopes.attributes, row, identity.join(" "));
    const known = this.#scopes.get(key);
    if (known === undefined) this.#scopes.set(key, row);
    else {
      scopes.length--;
      scopes.attributes.truncate(row);
    }
    return known ?? row;
  }

  /** A row that is older than its attribute's column has the value in the map still, and the column
   * shows it from there: it is set twice, and the owner has it once. */
  #fillAttributes(into: AttributeColumns, scope: "span" | "resource" | "scope", i: number): void {
    this.#promoted.forEach((promoted, n) => {
      if (promoted.scope !== scope) return;
      const column = this.#block.columns.get(promoted.column);
      assert.ok(column !== undefined, `column ${promoted.column} is missing`);
      if (column.kind === "dictionary") {
        const index = column.indexes[i]!;
        if (index !== 0)
          this.#setValue(into, this.#promotedKeys[n]!, promoted.type, column.keys, index);
      } else if (column.kind === "nullable" && column.nulls[i] === 0) {
        this.#setValue(into, this.#promotedKeys[n]!, promoted.type, column.values, i);
      }
    });
    for (const map of attributeMaps) {
      if (map.scope !== scope) continue;
      const { ends, keys, values } = this.#get(map.column, "map");
      for (let at = i === 0 ? 0 : ends[i - 1]!; at < ends[i]!; at++) {
        assert.ok(keys.kind === "dictionary");
        this.#setValue(into, internKey(keys, at, into.memory.keys), map.type, values, at);
      }
    }
  }

  #setValue(
    into: AttributeColumns,
    key: number,
    type: AttributeType,
    values: Column,
    i: number,
  ): void {
    if (values.kind === "string") {
      this.#keepText(values.texts, i, (from, to) => into.set(key, type, from, to));
    } else {
      assert.ok(values.kind === "fixed");
      if (values.width === 1) into.set(key, type, values.bytes[i]!, 0);
      else into.set(key, type, word(values.bytes, i * 8), word(values.bytes, i * 8 + 4));
    }
  }

  /** Hands each field of row `i`'s `exact` that has this tag to `take`. */
  #exact(i: number, wanted: number, take: (bytes: Uint8Array) => void): void {
    const { texts } = this.#get("exact", "string");
    eachField(texts, i, wanted, take);
  }

  #setKeyValue(into: AttributeColumns, bytes: Uint8Array): void {
    const reader = new ProtoReader(bytes);
    let key = new Uint8Array(0);
    let value = new Uint8Array(0);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const slice = reader.slice() as Uint8Array<ArrayBuffer>;
      if (tag === keyValueTags.key) key = slice;
      else value = slice;
    }
    const id = into.memory.keys.intern(key, 0, key.length);
    const scalar = new ProtoReader(value);
    switch (scalar.tag()) {
      case anyValueTags.bool:
        into.set(id, attributeTypes.bool, scalar.varint32(), 0);
        return;
      case anyValueTags.int:
        scalar.varint64();
        into.set(id, attributeTypes.int, scalar.low, scalar.high);
        return;
      case anyValueTags.double:
        scalar.fixed64();
        into.set(id, attributeTypes.double, scalar.low, scalar.high);
        return;
      default: {
        const { values } = into.memory;
        const from = values.length;
        values.append(value, 0, value.length);
        into.set(id, attributeTypes.encoded, from, values.length);
      }
    }
  }

  #fillEvents(i: number): void {
    const { events, strings } = this.#columns;
    const times = this.#get("event_time_unix_nano", "array");
    const names = this.#get("event_name", "array").items;
    const dropped = this.#get("event_dropped_attributes_count", "array").items;
    assert.ok(times.items.kind === "fixed" && names.kind === "dictionary");
    assert.ok(dropped.kind === "fixed");
    for (let at = i === 0 ? 0 : times.ends[i - 1]!; at < times.ends[i]!; at++) {
      const row = events.add();
      events.timeUnixNano[2 * row] = word(times.items.bytes, at * 8);
      events.timeUnixNano[2 * row + 1] = word(times.items.bytes, at * 8 + 4);
      events.name[row] = internKey(names, at, strings);
      events.droppedAttributesCount[row] = word(dropped.bytes, at * 4);
      this.#fillNested(events.attributes, "event", at);
    }
  }

  #fillLinks(i: number): void {
    const { links } = this.#columns;
    const traceIds = this.#get("link_trace_id", "array");
    const bytesOf = (name: string): Uint8Array => {
      const { items } = this.#get(name, "array");
      assert.ok(items.kind === "fixed");
      return items.bytes;
    };
    const states = this.#get("link_trace_state", "array").items;
    assert.ok(states.kind === "string");
    for (let at = i === 0 ? 0 : traceIds.ends[i - 1]!; at < traceIds.ends[i]!; at++) {
      const row = links.add();
      links.traceId.set(bytesOf("link_trace_id").subarray(at * 16, at * 16 + 16), row * 16);
      links.spanId.set(bytesOf("link_span_id").subarray(at * 8, at * 8 + 8), row * 8);
      this.#keepText(states.texts, at, (from, to) => links.traceState.set(row, from, to));
      links.flags[row] = word(bytesOf("link_flags"), at * 4);
      links.droppedAttributesCount[row] = word(bytesOf("link_dropped_attributes_count"), at * 4);
      this.#fillNested(links.attributes, "link", at);
    }
  }

  /** The attributes of event or link number `at` of the block. */
  #fillNested(into: AttributeColumns, prefix: "event" | "link", at: number): void {
    const map = this.#get(`${prefix}_attributes`, "array").items;
    assert.ok(map.kind === "map" && map.keys.kind === "dictionary");
    for (let n = at === 0 ? 0 : map.ends[at - 1]!; n < map.ends[at]!; n++) {
      const key = internKey(map.keys, n, into.memory.keys);
      this.#setValue(into, key, attributeTypes.string, map.values, n);
    }
    const exact = this.#get(`${prefix}_exact`, "array").items;
    assert.ok(exact.kind === "string");
    eachField(exact.texts, at, exactTags.attributes, (bytes) => this.#setKeyValue(into, bytes));
    into.closeOwner();
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

function internKey(
  { indexes, keys }: Extract<Column, { kind: "dictionary" }>,
  i: number,
  into: Interner,
): number {
  assert.ok(keys.kind === "string");
  const { texts } = keys;
  const key = indexes[i]!;
  return into.intern(texts.bytes, texts.start(key), texts.end(key));
}

function eachField(
  texts: Texts,
  i: number,
  wanted: number,
  take: (bytes: Uint8Array) => void,
): void {
  const reader = new ProtoReader(texts.bytes, texts.start(i), texts.end(i));
  try {
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === wanted) take(reader.slice());
      else reader.skip(tag);
    }
  } catch (error) {
    // These bytes are our own: what cannot be read is damage, not a sender's mistake.
    if (error instanceof Fault)
      throw new Error(`exact column damaged: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A text that is the same for two owners exactly if their attributes and `more` are. */
function attributesIdentity(attributes: AttributeColumns, owner: number, more: string): string {
  const { key, type, words, memory } = attributes;
  const parts: string[] = [more];
  for (let at = attributes.start(owner); at < attributes.end(owner); at++) {
    const [low, high] = [words[2 * at]!, words[2 * at + 1]!];
    const own = type[at] === attributeTypes.string || type[at] === attributeTypes.encoded;
    const value = own
      ? Buffer.from(memory.values.bytes.subarray(low, high)).toString("latin1")
      : `${low} ${high}`;
    parts.push(`${key[at]} ${type[at]} ${value.length} ${value}`);
  }
  return parts.join("\n");
}
