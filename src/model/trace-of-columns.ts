import assert from "node:assert/strict";
import { markBits, type SpanColumns } from "./span-columns.ts";
import {
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanLink,
  type SpanMark,
  spanKinds,
  spanStatuses,
  type Trace,
  UNKNOWN_SERVICE,
} from "./trace.ts";

/** The spans of one trace as objects. Every row must be of the same trace; there is at least one. */
export function traceOfColumns(columns: SpanColumns): Trace {
  assert.ok(columns.length > 0, "a trace has spans");
  const rows = Array.from({ length: columns.length }, (_, row) => row);
  const nanos = (words: Uint32Array, row: number): bigint =>
    (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]!);
  const starts = rows.map((row) => nanos(columns.startUnixNano, row));
  const ends = rows.map((row) => nanos(columns.endUnixNano, row));
  const first = starts.reduce((a, b) => (b < a ? b : a));
  const last = ends.reduce((a, b) => (b > a ? b : a), first);
  const since = (time: bigint): number => Number(time - first);
  const spans = rows.map((row) => ({
    ...span(columns, row, (time) => since(nanos(time.words, time.row))),
    startNano: since(starts[row]!),
    durationNano: Number(ends[row]! - starts[row]!),
  }));
  spans.sort((a, b) => a.startNano - b.startNano || (a.spanId < b.spanId ? -1 : 1));
  return {
    traceId: hex(columns.traceId, 0, 16),
    startUnixNano: first.toString(),
    durationNano: since(last),
    resources: Array.from({ length: columns.resources.length }, (_, i) => resource(columns, i)),
    scopes: Array.from({ length: columns.scopes.length }, (_, i) => scope(columns, i)),
    spans,
  };
}

function hex(bytes: Uint8Array, row: number, width: number): string {
  return Buffer.from(bytes.subarray(row * width, (row + 1) * width)).toString("hex");
}

function resource({ resources, strings }: SpanColumns, row: number): Resource {
  const attributes = resources.attributes.keyValues(row);
  const name = attributes.find(({ key }) => key === "service.name")?.value ?? {};
  return {
    service: "stringValue" in name && name.stringValue !== "" ? name.stringValue : UNKNOWN_SERVICE,
    attributes,
    droppedAttributesCount: resources.droppedAttributesCount[row]!,
    schemaUrl: strings.text(resources.schemaUrl[row]!),
  };
}

function scope({ scopes, strings }: SpanColumns, row: number): Scope {
  return {
    name: strings.text(scopes.name[row]!),
    version: strings.text(scopes.version[row]!),
    attributes: scopes.attributes.keyValues(row),
    droppedAttributesCount: scopes.droppedAttributesCount[row]!,
    schemaUrl: strings.text(scopes.schemaUrl[row]!),
  };
}

type Since = (time: { readonly words: Uint32Array; readonly row: number }) => number;

function span(
  columns: SpanColumns,
  row: number,
  since: Since,
): Omit<Span, "startNano" | "durationNano"> {
  const parent = hex(columns.parentSpanId, row, 8);
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, i) => from + i);
  return {
    spanId: hex(columns.spanId, row, 8),
    ...(/^0+$/.test(parent) ? {} : { parentSpanId: parent }),
    resource: columns.resource[row]!,
    scope: columns.scope[row]!,
    name: columns.strings.text(columns.name[row]!),
    kind: spanKinds[columns.kind[row]!]!,
    status: spanStatuses[columns.statusCode[row]!]!,
    statusMessage: columns.statusMessage.text(row),
    traceState: columns.traceState.text(row),
    flags: columns.flags[row]!,
    attributes: columns.attributes.keyValues(row),
    events: range(columns.eventsStart(row), columns.events.ends[row]!).map((i) =>
      spanEvent(columns, i, since),
    ),
    links: range(columns.linksStart(row), columns.links.ends[row]!).map((i) =>
      spanLink(columns, i),
    ),
    droppedAttributesCount: columns.droppedAttributesCount[row]!,
    droppedEventsCount: columns.droppedEventsCount[row]!,
    droppedLinksCount: columns.droppedLinksCount[row]!,
    marks: marks(columns.marks[row]!),
  };
}

function marks(bits: number): SpanMark[] {
  return (Object.keys(markBits) as SpanMark[]).filter((mark) => (bits & markBits[mark]) !== 0);
}

function spanEvent({ events, strings }: SpanColumns, row: number, since: Since): SpanEvent {
  return {
    name: strings.text(events.name[row]!),
    timeNano: since({ words: events.timeUnixNano, row }),
    attributes: events.attributes.keyValues(row),
    droppedAttributesCount: events.droppedAttributesCount[row]!,
  };
}

function spanLink({ links }: SpanColumns, row: number): SpanLink {
  return {
    traceId: hex(links.traceId, row, 16),
    spanId: hex(links.spanId, row, 8),
    traceState: links.traceState.text(row),
    flags: links.flags[row]!,
    attributes: links.attributes.keyValues(row),
    droppedAttributesCount: links.droppedAttributesCount[row]!,
  };
}
