/**
 * Span columns as a Native block of the `spans` table, in the table's order. Columns that have their
 * default in every row are left out; most blocks have no links, say, and no old names of attributes.
 */
import assert from "node:assert/strict";
import { ByteArena } from "../../base/arena.ts";
import { ProtoWriter } from "../../base/protobuf.ts";
import { type AttributeColumns, attributeTypes } from "../../model/attribute-columns.ts";
import type { SpanColumns, TextColumn } from "../../model/span-columns.ts";
import { attributeMaps, builtInTable, exactTags, type SpansTable } from "../schema.ts";
import { type Spread, spreadAttributes } from "./attribute-spread.ts";
import {
  type AttributeSource,
  denseDictionary,
  gather,
  pick,
  writeMap,
  writeMapData,
  writePromoted,
} from "./attribute-writer.ts";
import { BlockWriter, type WrittenBlock } from "./block-writer.ts";
import { rowsInTableOrder } from "./row-order.ts";

const BYTES_PER_ROW = 640; // first guess at a block's size; it grows if need be

/** All spans of `columns`, of which there is at least one, as one block for `INSERT INTO spans (…)
 * FORMAT Native`, columns in the order of the table's. The block is a view of `memory`. */
export function spanBlock(
  columns: SpanColumns,
  table: SpansTable = builtInTable,
  memory = new ByteArena(columns.length * BYTES_PER_ROW),
): WrittenBlock {
  const steps = spanBlockSteps(columns, table, memory);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Makes the same block in steps of a few milliseconds, so that others can go in between. The columns
 * are left alone until the last one. */
export function* spanBlockSteps(
  columns: SpanColumns,
  table: SpansTable,
  memory: ByteArena,
): Generator<undefined, WrittenBlock> {
  assert.ok(columns.length > 0, "a block has rows");
  const order = rowsInTableOrder(columns);
  yield;
  const block = new BlockWriter(columns.length, memory);
  const writer: Writer = { block, columns, order };
  writeSpans(writer);
  yield;
  writeResourcesAndScopes(writer);
  yield* writeAttributes(writer, table);
  yield;
  writeEvents(writer);
  writeLinks(writer);
  return block.finish();
}

/** What is written where; `order[i]` is the span that becomes row `i`. */
interface Writer {
  readonly block: BlockWriter;
  readonly columns: SpanColumns;
  readonly order: Uint32Array;
}

function writeSpans({ block, columns, order }: Writer): void {
  writeStrings({ block, columns, order }, "tenant", columns.tenant);
  block.column("time_bucket", "DateTime('UTC')");
  block.array(gather(columns.timeBucket, order));
  block.column("trace_id", "FixedString(16)");
  block.array(gatherWords(columns.traceId, order, 4));
  block.column("span_id", "FixedString(8)");
  block.array(gatherWords(columns.spanId, order, 2));
  block.column("parent_span_id", "FixedString(8)");
  block.array(gatherWords(columns.parentSpanId, order, 2));
  block.column("start_unix_nano", "UInt64");
  block.array(gatherWords(columns.startUnixNano, order, 2));
  block.column("duration_nano", "Int64");
  block.array(durations(columns, order));
  writeStrings({ block, columns, order }, "name", columns.name);
  writeBytes(block, "kind", columns.kind, order);
  writeBytes(block, "status_code", columns.statusCode, order);
  writeTexts(block, "status_message", columns.statusMessage, order);
  writeTexts(block, "trace_state", columns.traceState, order);
  writeCounts(block, "flags", columns.flags, order);
  writeBytes(block, "marks", columns.marks, order);
  writeCounts(block, "dropped_attributes_count", columns.droppedAttributesCount, order);
  writeCounts(block, "dropped_events_count", columns.droppedEventsCount, order);
  writeCounts(block, "dropped_links_count", columns.droppedLinksCount, order);
}

/** Items of two or four words each. */
function gatherWords(
  items: Uint8Array | Uint32Array,
  order: Uint32Array,
  words: 2 | 4,
): Uint32Array {
  const from = new Uint32Array(items.buffer, items.byteOffset, items.byteLength / 4);
  const gathered = new Uint32Array(order.length * words);
  for (let i = 0, to = 0; i < order.length; i++) {
    const at = order[i]! * words;
    gathered[to++] = from[at]!;
    gathered[to++] = from[at + 1]!;
    if (words === 2) continue;
    gathered[to++] = from[at + 2]!;
    gathered[to++] = from[at + 3]!;
  }
  return gathered;
}

/** End minus start in 64 bits, wrapping, so that the end can be had back exactly. */
function durations({ startUnixNano: start, endUnixNano: end }: SpanColumns, order: Uint32Array) {
  const durationNano = new Uint32Array(order.length * 2);
  for (let i = 0; i < order.length; i++) {
    const at = 2 * order[i]!;
    const low = end[at]! - start[at]!;
    durationNano[2 * i] = low;
    durationNano[2 * i + 1] = end[at + 1]! - start[at + 1]! - (low < 0 ? 1 : 0);
  }
  return durationNano;
}

function writeBytes(block: BlockWriter, name: string, items: Uint8Array, order: Uint32Array): void {
  block.column(name, "UInt8");
  const bytes = new Uint8Array(order.length);
  let any = 0;
  for (let i = 0; i < order.length; i++) any |= bytes[i] = items[order[i]!]!;
  if (any === 0) block.leaveOut();
  else block.array(bytes);
}

/** A UInt32 column: row `i` has `items[at[i]]`. */
function writeCounts(block: BlockWriter, name: string, items: Uint32Array, at: Uint32Array): void {
  block.column(name, "UInt32");
  const counts = gather(items, at);
  if (counts.some((count) => count !== 0)) block.array(counts);
  else block.leaveOut();
}

/** A LowCardinality(String) column: row `i` has number `ids[at[i]]` of the strings, `at` being the
 * order unless given. */
function writeStrings(
  { block, columns: { strings }, order }: Writer,
  name: string,
  ids: Uint32Array,
  at = order,
): void {
  block.column(name, "LowCardinality(String)");
  const { indexes, used } = denseDictionary(gather(ids, at), strings.size);
  if (used.length === 1 && used[0] === 0) return block.leaveOut();
  block.lowCardinalityVersion();
  block.lowCardinality(indexes, pick(strings, used), used.length);
}

function writeTexts(
  block: BlockWriter,
  name: string,
  column: TextColumn,
  order: Uint32Array,
): void {
  block.column(name, "String");
  if (!writeTextItems(block, column, order)) block.leaveOut();
}

/** Writes the texts; whether any is not empty. */
function writeTextItems(block: BlockWriter, column: TextColumn, order: Uint32Array): boolean {
  const ranges = gatherWords(column.ranges, order, 2);
  block.strings(column.arena.bytes, ranges);
  return ranges.some((to, i) => i % 2 === 1 && to !== ranges[i - 1]);
}

function writeResourcesAndScopes(writer: Writer): void {
  const { block, columns, order } = writer;
  const { resources, scopes } = columns;
  const resource = gather(columns.resource, order);
  const scope = gather(columns.scope, order);
  writeStrings(writer, "resource_schema_url", resources.schemaUrl, resource);
  const resourceDropped = resources.droppedAttributesCount;
  writeCounts(block, "resource_dropped_attributes_count", resourceDropped, resource);
  writeStrings(writer, "scope_name", scopes.name, scope);
  writeStrings(writer, "scope_version", scopes.version, scope);
  writeStrings(writer, "scope_schema_url", scopes.schemaUrl, scope);
  writeCounts(block, "scope_dropped_attributes_count", scopes.droppedAttributesCount, scope);
}

function* writeAttributes(writer: Writer, table: SpansTable): Generator<undefined, void> {
  const { block, columns, order } = writer;
  const rows = columns.length;
  const { resources, scopes } = columns;
  const promoted = (scope: string) => table.promoted.filter((item) => item.scope === scope);
  const shared = (attributes: AttributeColumns, owner: Uint32Array, scope: string) => ({
    attributes,
    spread: spreadAttributes(attributes, upTo(attributes.owners), promoted(scope)),
    owner: gather(owner, order),
  });
  const sources: Record<"span" | "resource" | "scope", AttributeSource> = {
    span: {
      attributes: columns.attributes,
      spread: spreadAttributes(columns.attributes, order, promoted("span")),
      owner: undefined,
    },
    resource: shared(resources.attributes, columns.resource, "resource"),
    scope: shared(scopes.attributes, columns.scope, "scope"),
  };
  yield;
  for (const scope of ["span", "resource"] as const) {
    for (const [n, attribute] of promoted(scope).entries()) {
      writePromoted(block, sources[scope], { promoted: attribute, n, rows });
      yield;
    }
  }
  for (const map of attributeMaps) {
    writeMap(block, sources[map.scope], map);
    yield;
  }
  writeExact(writer, sources);
}

function upTo(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

function writeExact(
  { block, columns, order }: Writer,
  sources: Record<"span" | "resource" | "scope", AttributeSource>,
): void {
  block.column("exact", "String");
  const message = new ProtoWriter();
  const shared = sharedExact(columns);
  const hasOwn = sources.span.spread.rest[attributeTypes.encoded]!.keys.length > 0;
  const hasShared = [...shared.resources, ...shared.scopes].some(({ length }) => length > 0);
  if (!hasOwn && !hasShared) return block.leaveOut();
  for (const row of order) {
    message.clear();
    if (hasOwn) writeEncoded(message, exactTags.attributes, columns.attributes, row);
    message.raw(shared.resources[columns.resource[row]!]!);
    message.raw(shared.scopes[columns.scope[row]!]!);
    block.string(message.finish(), 0, message.length);
  }
}

/** Writes the owner's attributes that no typed column holds as KeyValues under `tag`. */
function writeEncoded(
  writer: ProtoWriter,
  tag: number,
  attributes: AttributeColumns,
  owner: number,
): void {
  const { type } = attributes;
  attributes.write(writer, tag, owner, (at) => type[at] === attributeTypes.encoded);
}

/** What `exact` holds of resources and scopes, made once for each of them. */
function sharedExact({ resources, scopes }: SpanColumns): {
  readonly resources: readonly Uint8Array[];
  readonly scopes: readonly Uint8Array[];
} {
  const message = new ProtoWriter();
  const made = (write: () => void): Uint8Array => {
    message.clear();
    write();
    return message.length === 0 ? NOTHING : message.finish().slice();
  };
  const { entityRefs } = resources;
  return {
    resources: Array.from({ length: resources.length }, (_, i) =>
      made(() => {
        writeEncoded(message, exactTags.resourceAttributes, resources.attributes, i);
        if (entityRefs.to(i) > entityRefs.from(i)) {
          const { bytes } = entityRefs.arena;
          message.bytes(exactTags.entityRefs, bytes, entityRefs.from(i), entityRefs.to(i));
        }
      }),
    ),
    scopes: Array.from({ length: scopes.length }, (_, i) =>
      made(() => writeEncoded(message, exactTags.scopeAttributes, scopes.attributes, i)),
    ),
  };
}

const NOTHING = new Uint8Array(0);

/** Events or links row by row: where each row's end, and which they are. */
function childrenByRow(
  ends: Uint32Array,
  order: Uint32Array,
): { ends: Uint32Array; order: Uint32Array } {
  const rowEnds = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    count += ends[row]! - (row === 0 ? 0 : ends[row - 1]!);
    rowEnds[i] = count;
  }
  const children = new Uint32Array(count);
  count = 0;
  for (const row of order) {
    for (let at = row === 0 ? 0 : ends[row - 1]!; at < ends[row]!; at++) children[count++] = at;
  }
  return { ends: rowEnds, order: children };
}

function writeEvents({ block, columns, order: rows }: Writer): void {
  const { events, strings } = columns;
  if (events.length === 0) return;
  const { ends, order } = childrenByRow(events.ends, rows);
  block.column("event_time_unix_nano", "Array(UInt64)");
  block.offsets(ends);
  block.array(gatherWords(events.timeUnixNano, order, 2));
  block.column("event_name", "Array(LowCardinality(String))");
  block.lowCardinalityVersion();
  block.offsets(ends);
  const names = denseDictionary(gather(events.name, order), strings.size);
  block.lowCardinality(names.indexes, pick(strings, names.used), names.used.length);
  block.column("event_dropped_attributes_count", "Array(UInt32)");
  block.offsets(ends);
  block.array(gather(events.droppedAttributesCount, order));
  writeNestedAttributes(block, "event", events.attributes, { ends, order });
}

function writeLinks({ block, columns, order: rows }: Writer): void {
  const { links } = columns;
  if (links.length === 0) return;
  const { ends, order } = childrenByRow(links.ends, rows);
  const begin = (name: string, type: string): void => {
    block.column(name, `Array(${type})`);
    block.offsets(ends);
  };
  begin("link_trace_id", "FixedString(16)");
  block.array(gatherWords(links.traceId, order, 4));
  begin("link_span_id", "FixedString(8)");
  block.array(gatherWords(links.spanId, order, 2));
  begin("link_trace_state", "String");
  writeTextItems(block, links.traceState, order);
  begin("link_flags", "UInt32");
  block.array(gather(links.flags, order));
  begin("link_dropped_attributes_count", "UInt32");
  block.array(gather(links.droppedAttributesCount, order));
  writeNestedAttributes(block, "link", links.attributes, { ends, order });
}

/** The attributes of events or links: strings in a map for each, the rest as KeyValues. */
function writeNestedAttributes(
  block: BlockWriter,
  prefix: "event" | "link",
  attributes: AttributeColumns,
  { ends, order }: { readonly ends: Uint32Array; readonly order: Uint32Array },
): void {
  const spread: Spread = spreadAttributes(attributes, order, []);
  block.column(`${prefix}_attributes`, "Array(Map(LowCardinality(String), String))");
  block.lowCardinalityVersion();
  block.offsets(ends);
  writeMapData(
    block,
    attributes.memory,
    spread.rest[attributeTypes.string]!,
    attributeTypes.string,
  );
  block.column(`${prefix}_exact`, "Array(String)");
  block.offsets(ends);
  const { type } = attributes;
  const isOther = (at: number): boolean => type[at] !== attributeTypes.string;
  const message = new ProtoWriter();
  for (const owner of order) {
    message.clear();
    attributes.write(message, exactTags.attributes, owner, isOther);
    block.string(message.finish(), 0, message.length);
  }
}
