import { ProtoWriter } from "../../base/protobuf.ts";
import { writeKeyValue } from "../../model/any-value.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import type { KeyValue } from "../../model/trace.ts";

interface EncodeOptions {
  /** Gives resources without any attribute a `service.name`: Grafana drops their spans unsaid. */
  readonly nameEmptyResources?: boolean;
  /** Leaves out the other rows. */
  readonly isShown?: (row: number) => boolean;
}

/**
 * Spans as OTLP's TracesData in protobuf, by start, grouped by resource and scope in the order these
 * first come. `resource`, `scope` and `status` are always there, empty if need be: Grafana reads through
 * them unasked.
 */
export function encodeTracesData(
  columns: SpanColumns,
  { nameEmptyResources = false, isShown = () => true }: EncodeOptions = {},
): Uint8Array {
  const writer = new ProtoWriter(columns.length * 256);
  for (const [resource, scopes] of grouped(columns, isShown)) {
    writer.message(0x0a, () => {
      writeResource(writer, columns, resource, nameEmptyResources);
      for (const [scope, rows] of scopes) {
        writer.message(0x12, () => {
          writeScope(writer, columns, scope);
          for (const row of rows) writer.message(0x12, () => writeSpan(writer, columns, row));
          writeString(writer, 0x1a, columns, columns.scopes.schemaUrl[scope]!);
        });
      }
      writeString(writer, 0x1a, columns, columns.resources.schemaUrl[resource]!);
    });
  }
  return writer.finish();
}

function grouped(
  columns: SpanColumns,
  isShown: (row: number) => boolean,
): Map<number, Map<number, number[]>> {
  const groups = new Map<number, Map<number, number[]>>();
  for (const row of columns.rowsByStart()) {
    if (!isShown(row)) continue;
    const resource = columns.resource[row]!;
    const scope = columns.scope[row]!;
    let scopes = groups.get(resource);
    if (scopes === undefined) groups.set(resource, (scopes = new Map()));
    const rows = scopes.get(scope);
    if (rows === undefined) scopes.set(scope, [row]);
    else rows.push(row);
  }
  return groups;
}

function writeString(writer: ProtoWriter, tag: number, columns: SpanColumns, id: number): void {
  const { strings } = columns;
  const [from, to] = [strings.start(id), strings.end(id)];
  if (to > from) writer.bytes(tag, strings.bytes, from, to);
}

function writeCount(writer: ProtoWriter, tag: number, count: number): void {
  if (count === 0) return;
  writer.varint(tag);
  writer.varint(count);
}

function writeFixed64(writer: ProtoWriter, tag: number, words: Uint32Array, row: number): void {
  const [low, high] = [words[2 * row]!, words[2 * row + 1]!];
  if (low === 0 && high === 0) return;
  writer.varint(tag);
  writer.fixed64(high, low);
}

const unknownService: KeyValue = {
  key: "service.name",
  value: { stringValue: "unknown_service" },
};

function writeResource(
  writer: ProtoWriter,
  columns: SpanColumns,
  resource: number,
  nameIfEmpty: boolean,
): void {
  const { resources } = columns;
  const { attributes } = resources;
  const isEmpty = attributes.start(resource) === attributes.end(resource);
  writer.message(0x0a, () => {
    attributes.write(writer, 0x0a, resource);
    if (nameIfEmpty && isEmpty) writer.message(0x0a, () => writeKeyValue(writer, unknownService));
    writeCount(writer, 0x10, resources.droppedAttributesCount[resource]!);
    const { entityRefs } = resources;
    writer.raw(entityRefs.arena.bytes, entityRefs.from(resource), entityRefs.to(resource));
  });
}

function writeScope(writer: ProtoWriter, columns: SpanColumns, scope: number): void {
  const { scopes } = columns;
  writer.message(0x0a, () => {
    writeString(writer, 0x0a, columns, scopes.name[scope]!);
    writeString(writer, 0x12, columns, scopes.version[scope]!);
    scopes.attributes.write(writer, 0x1a, scope);
    writeCount(writer, 0x20, scopes.droppedAttributesCount[scope]!);
  });
}

function writeSpan(writer: ProtoWriter, columns: SpanColumns, row: number): void {
  writer.bytes(0x0a, columns.traceId, row * 16, row * 16 + 16);
  writer.bytes(0x12, columns.spanId, row * 8, row * 8 + 8);
  writeText(writer, 0x1a, columns.traceState, row);
  const parent = columns.parentSpanId.subarray(row * 8, row * 8 + 8);
  if (parent.some((byte) => byte !== 0)) writer.bytes(0x22, parent);
  writeString(writer, 0x2a, columns, columns.name[row]!);
  writeCount(writer, 0x30, columns.kind[row]!);
  writeFixed64(writer, 0x39, columns.startUnixNano, row);
  writeFixed64(writer, 0x41, columns.endUnixNano, row);
  columns.attributes.write(writer, 0x4a, row);
  writeCount(writer, 0x50, columns.droppedAttributesCount[row]!);
  for (let event = columns.eventsStart(row); event < columns.events.ends[row]!; event++) {
    writer.message(0x5a, () => writeEvent(writer, columns, event));
  }
  writeCount(writer, 0x60, columns.droppedEventsCount[row]!);
  for (let link = columns.linksStart(row); link < columns.links.ends[row]!; link++) {
    writer.message(0x6a, () => writeLink(writer, columns, link));
  }
  writeCount(writer, 0x70, columns.droppedLinksCount[row]!);
  writer.message(0x7a, () => {
    writeText(writer, 0x12, columns.statusMessage, row);
    writeCount(writer, 0x18, columns.statusCode[row]!);
  });
  writeFlags(writer, 0x85, columns.flags[row]!);
}

function writeText(
  writer: ProtoWriter,
  tag: number,
  column: SpanColumns["traceState"],
  row: number,
): void {
  const [from, to] = [column.from(row), column.to(row)];
  if (to > from) writer.bytes(tag, column.arena.bytes, from, to);
}

function writeFlags(writer: ProtoWriter, tag: number, flags: number): void {
  if (flags === 0) return;
  writer.varint(tag);
  writer.fixed32(flags);
}

function writeEvent(writer: ProtoWriter, columns: SpanColumns, event: number): void {
  const { events } = columns;
  writeFixed64(writer, 0x09, events.timeUnixNano, event);
  writeString(writer, 0x12, columns, events.name[event]!);
  events.attributes.write(writer, 0x1a, event);
  writeCount(writer, 0x20, events.droppedAttributesCount[event]!);
}

function writeLink(writer: ProtoWriter, columns: SpanColumns, link: number): void {
  const { links } = columns;
  writer.bytes(0x0a, links.traceId, link * 16, link * 16 + 16);
  writer.bytes(0x12, links.spanId, link * 8, link * 8 + 8);
  writeText(writer, 0x1a, links.traceState, link);
  links.attributes.write(writer, 0x22, link);
  writeCount(writer, 0x28, links.droppedAttributesCount[link]!);
  writeFlags(writer, 0x35, links.flags[link]!);
}
