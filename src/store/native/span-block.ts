/** Span columns as a Native block of the `spans` table. */
import assert from "node:assert/strict";
import { ByteArena } from "../../base/arena.ts";
import { ProtoWriter } from "../../base/protobuf.ts";
import { type AttributeColumns, attributeTypes } from "../../model/attribute-columns.ts";
import type { SpanColumns, TextColumn } from "../../model/span-columns.ts";
import { attributeMaps, builtInTable, exactTags, type SpansTable } from "../schema.ts";
import { AttributeWriter, denseDictionary, pick, writeKeys } from "./attribute-writer.ts";
import { BlockWriter, type Texts } from "./block-writer.ts";

const BYTES_PER_ROW = 640; // first guess at a block's size; it grows if need be

/** All spans of `columns`, of which there is at least one, as one block for `INSERT INTO spans (…)
 * FORMAT Native`, columns in the order of the table's. The block is a view of `memory`. */
export function spanBlock(
  columns: SpanColumns,
  table: SpansTable = builtInTable,
  memory = new ByteArena(columns.length * BYTES_PER_ROW),
): Uint8Array {
  const rows = columns.length;
  assert.ok(rows > 0, "a block has rows");
  const block = new BlockWriter(table.columns.length, rows, memory);
  writeSpans(block, columns);
  writeResourcesAndScopes(block, columns);
  writeAttributes(block, columns, table);
  writeEvents(block, columns);
  writeLinks(block, columns);
  return block.finish();
}

function writeSpans(block: BlockWriter, columns: SpanColumns): void {
  const rows = columns.length;
  writeStrings(block, "tenant", columns, rows, (row) => columns.tenant[row]!);
  block.column("time_bucket", "DateTime('UTC')");
  block.array(columns.timeBucket, rows);
  block.column("trace_id", "FixedString(16)");
  block.array(columns.traceId, rows * 16);
  block.column("span_id", "FixedString(8)");
  block.array(columns.spanId, rows * 8);
  block.column("parent_span_id", "FixedString(8)");
  block.array(columns.parentSpanId, rows * 8);
  block.column("start_unix_nano", "UInt64");
  block.array(columns.startUnixNano, rows * 2);
  block.column("duration_nano", "Int64");
  writeDurations(block, columns);
  writeStrings(block, "name", columns, rows, (row) => columns.name[row]!);
  block.column("kind", "UInt8");
  block.array(columns.kind, rows);
  block.column("status_code", "UInt8");
  block.array(columns.statusCode, rows);
  writeTexts(block, "status_message", columns.statusMessage, rows);
  writeTexts(block, "trace_state", columns.traceState, rows);
  block.column("flags", "UInt32");
  block.array(columns.flags, rows);
  block.column("marks", "UInt8");
  block.array(columns.marks, rows);
  block.column("dropped_attributes_count", "UInt32");
  block.array(columns.droppedAttributesCount, rows);
  block.column("dropped_events_count", "UInt32");
  block.array(columns.droppedEventsCount, rows);
  block.column("dropped_links_count", "UInt32");
  block.array(columns.droppedLinksCount, rows);
}

/** End minus start in 64 bits, wrapping, so that the end can be had back exactly. */
function writeDurations(block: BlockWriter, columns: SpanColumns): void {
  const { startUnixNano: start, endUnixNano: end } = columns;
  for (let row = 0; row < columns.length; row++) {
    const low = end[2 * row]! - start[2 * row]!;
    const high = end[2 * row + 1]! - start[2 * row + 1]! - (low < 0 ? 1 : 0);
    block.words(low >>> 0, high >>> 0);
  }
}

/** A LowCardinality(String) column of numbers of `columns.strings`. */
function writeStrings(
  block: BlockWriter,
  name: string,
  { strings }: SpanColumns,
  count: number,
  id: (i: number) => number,
): void {
  block.column(name, "LowCardinality(String)");
  block.lowCardinalityVersion();
  writeDictionary(block, strings, count, id);
}

function writeDictionary(
  block: BlockWriter,
  strings: Texts & { readonly size: number },
  count: number,
  id: (i: number) => number,
): void {
  const { indexes, used } = denseDictionary(count, strings.size, id);
  block.lowCardinality(indexes, count, pick(strings, used), used.length);
}

function writeTexts(block: BlockWriter, name: string, column: TextColumn, count: number): void {
  block.column(name, "String");
  writeTextItems(block, column, count);
}

function writeTextItems(block: BlockWriter, column: TextColumn, count: number): void {
  const { bytes } = column.arena;
  for (let i = 0; i < count; i++) block.string(bytes, column.from(i), column.to(i));
}

function writeResourcesAndScopes(block: BlockWriter, columns: SpanColumns): void {
  const { resources, scopes, resource, scope, length: rows } = columns;
  const counts = (name: string, of: Uint32Array, owner: Uint32Array): void => {
    block.column(name, "UInt32");
    const items = Uint32Array.from({ length: rows }, (_, row) => of[owner[row]!]!);
    block.array(items, rows);
  };
  const strings = (name: string, of: Uint32Array, owner: Uint32Array): void =>
    writeStrings(block, name, columns, rows, (row) => of[owner[row]!]!);
  strings("resource_schema_url", resources.schemaUrl, resource);
  counts("resource_dropped_attributes_count", resources.droppedAttributesCount, resource);
  strings("scope_name", scopes.name, scope);
  strings("scope_version", scopes.version, scope);
  strings("scope_schema_url", scopes.schemaUrl, scope);
  counts("scope_dropped_attributes_count", scopes.droppedAttributesCount, scope);
}

function writeAttributes(block: BlockWriter, columns: SpanColumns, table: SpansTable): void {
  const { resources, scopes, length: rows } = columns;
  const promoted = (scope: string) => table.promoted.filter((item) => item.scope === scope);
  const own = Uint32Array.from({ length: rows }, (_, row) => row);
  const owners = {
    span: { writer: new AttributeWriter(columns.attributes, promoted("span")), owner: own },
    resource: {
      writer: new AttributeWriter(resources.attributes, promoted("resource")),
      owner: columns.resource,
    },
    scope: { writer: new AttributeWriter(scopes.attributes, []), owner: columns.scope },
  };
  owners.span.writer.writePromoted(block, own, rows);
  owners.resource.writer.writePromoted(block, columns.resource, rows);
  for (const map of attributeMaps) {
    const { writer, owner } = owners[map.scope];
    writer.writeMap(block, map, owner, rows);
  }
  block.column("exact", "String");
  const message = new ProtoWriter();
  const shared = sharedExact(columns, owners.resource.writer, owners.scope.writer);
  for (let row = 0; row < rows; row++) {
    message.clear();
    owners.span.writer.writeExact(message, exactTags.attributes, row);
    const resource = shared.resources[columns.resource[row]!]!;
    const scope = shared.scopes[columns.scope[row]!]!;
    block.varuint(message.length + resource.length + scope.length);
    for (const part of [message.finish(), resource, scope]) block.array(part, part.length);
  }
}

/** What `exact` holds of resources and scopes, made once for each of them. */
function sharedExact(
  { resources, scopes }: SpanColumns,
  resourceWriter: AttributeWriter,
  scopeWriter: AttributeWriter,
): { readonly resources: Uint8Array[]; readonly scopes: Uint8Array[] } {
  const message = new ProtoWriter();
  const made = (write: () => void): Uint8Array => {
    message.clear();
    write();
    return message.finish().slice();
  };
  const { entityRefs } = resources;
  return {
    resources: Array.from({ length: resources.length }, (_, i) =>
      made(() => {
        resourceWriter.writeExact(message, exactTags.resourceAttributes, i);
        if (entityRefs.to(i) > entityRefs.from(i)) {
          const { bytes } = entityRefs.arena;
          message.bytes(exactTags.entityRefs, bytes, entityRefs.from(i), entityRefs.to(i));
        }
      }),
    ),
    scopes: Array.from({ length: scopes.length }, (_, i) =>
      made(() => scopeWriter.writeExact(message, exactTags.scopeAttributes, i)),
    ),
  };
}

function writeEvents(block: BlockWriter, columns: SpanColumns): void {
  const { events, length: rows } = columns;
  block.column("event_time_unix_nano", "Array(UInt64)");
  block.offsets(events.ends, rows);
  block.array(events.timeUnixNano, events.length * 2);
  block.column("event_name", "Array(LowCardinality(String))");
  block.lowCardinalityVersion();
  block.offsets(events.ends, rows);
  writeDictionary(block, columns.strings, events.length, (i) => events.name[i]!);
  block.column("event_dropped_attributes_count", "Array(UInt32)");
  block.offsets(events.ends, rows);
  block.array(events.droppedAttributesCount, events.length);
  writeNestedAttributes(block, "event", events.attributes, { ends: events.ends, rows });
}

function writeLinks(block: BlockWriter, columns: SpanColumns): void {
  const { links, length: rows } = columns;
  const count = links.length;
  const begin = (name: string, type: string): void => {
    block.column(name, `Array(${type})`);
    block.offsets(links.ends, rows);
  };
  begin("link_trace_id", "FixedString(16)");
  block.array(links.traceId, count * 16);
  begin("link_span_id", "FixedString(8)");
  block.array(links.spanId, count * 8);
  begin("link_trace_state", "String");
  writeTextItems(block, links.traceState, count);
  begin("link_flags", "UInt32");
  block.array(links.flags, count);
  begin("link_dropped_attributes_count", "UInt32");
  block.array(links.droppedAttributesCount, count);
  writeNestedAttributes(block, "link", links.attributes, { ends: links.ends, rows });
}

/** The attributes of events or links: strings in a map for each, the rest as KeyValues. */
function writeNestedAttributes(
  block: BlockWriter,
  prefix: "event" | "link",
  attributes: AttributeColumns,
  { ends, rows }: { readonly ends: Uint32Array; readonly rows: number },
): void {
  const { type, words, memory } = attributes;
  const mapEnds = new Uint32Array(attributes.owners);
  const places: number[] = [];
  for (let owner = 0; owner < attributes.owners; owner++) {
    for (let at = attributes.start(owner); at < attributes.end(owner); at++) {
      if (type[at] === attributeTypes.string) places.push(at);
    }
    mapEnds[owner] = places.length;
  }
  block.column(`${prefix}_attributes`, "Array(Map(LowCardinality(String), String))");
  block.lowCardinalityVersion();
  block.offsets(ends, rows);
  block.offsets(mapEnds, attributes.owners);
  writeKeys(block, attributes, Uint32Array.from(places));
  for (const at of places) block.string(memory.values.bytes, words[2 * at]!, words[2 * at + 1]!);
  block.column(`${prefix}_exact`, "Array(String)");
  block.offsets(ends, rows);
  const message = new ProtoWriter();
  for (let owner = 0; owner < attributes.owners; owner++) {
    message.clear();
    const other = (at: number): boolean => type[at] !== attributeTypes.string;
    attributes.write(message, exactTags.attributes, owner, other);
    block.string(message.finish(), 0, message.length);
  }
}
