import {
  type AnyValue,
  type KeyValue,
  type Span,
  spanKinds,
  spanStatuses,
  type Trace,
} from "../../model/trace.ts";
import type {
  AttributeColumn,
  AttributeValue,
  EventsView,
  LinksView,
  OwnerScope,
  ScalarAttributeValue,
  TraceView,
} from "./trace-view.ts";

/** A trace of objects, for the evaluator. */
export function traceViewOf(trace: Trace): TraceView {
  const { spans, resources, scopes } = trace;
  const first = BigInt(trace.startUnixNano);
  const owners = {
    span: spans,
    resource: spans.map((span) => resources[span.resource]!),
    instrumentation: spans.map((span) => scopes[span.scope]!),
  } satisfies Record<OwnerScope, readonly { attributes: readonly KeyValue[] }[]>;
  const services = owners.resource.map(({ service }) => service);
  return {
    traceId: trace.traceId,
    length: spans.length,
    startUnixNano: BigUint64Array.from(spans, (span) => first + BigInt(span.startNano)),
    durationNano: BigInt64Array.from(spans, (span) => BigInt(span.durationNano)),
    kind: Uint8Array.from(spans, (span) => spanKinds.indexOf(span.kind)),
    status: Uint8Array.from(spans, (span) => spanStatuses.indexOf(span.status)),
    spanId: idBytes(spans.map((span) => span.spanId)),
    parentSpanId: idBytes(spans.map((span) => span.parentSpanId ?? "")),
    names: () => spans.map((span) => span.name),
    statusMessages: () => spans.map((span) => span.statusMessage),
    services: () => services,
    scopeNames: () => owners.instrumentation.map(({ name }) => name),
    scopeVersions: () => owners.instrumentation.map(({ version }) => version),
    attribute(scope, key) {
      const column = columnOf(owners[scope], key);
      if (scope !== "resource" || key !== "service.name") return column;
      return column.map((value, row) => value ?? { type: "string", value: services[row]! });
    },
    attributeKeys: (scope) => [
      ...new Set(owners[scope].flatMap(({ attributes }) => attributes.map(({ key }) => key))),
    ],
    events: () => eventsOf(spans, first),
    links: () => linksOf(spans),
  };
}

function eventsOf(spans: readonly Span[], first: bigint): EventsView {
  const events = spans.flatMap((span) => span.events);
  return {
    ends: endsOf(spans.map((span) => span.events.length)),
    timeUnixNano: BigUint64Array.from(events, (event) => first + BigInt(event.timeNano)),
    names: () => events.map((event) => event.name),
    attribute: (key) => columnOf(events, key),
  };
}

function linksOf(spans: readonly Span[]): LinksView {
  const links = spans.flatMap((span) => span.links);
  return {
    ends: endsOf(spans.map((span) => span.links.length)),
    traceIds: () => links.map((link) => link.traceId),
    spanIds: () => links.map((link) => link.spanId),
    attribute: (key) => columnOf(links, key),
  };
}

function endsOf(counts: readonly number[]): Uint32Array {
  let end = 0;
  return Uint32Array.from(counts, (count) => (end += count));
}

function idBytes(ids: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * 8);
  ids.forEach((id, row) => {
    for (let i = 0; 2 * i < id.length; i++) {
      bytes[8 * row + i] = Number.parseInt(id.slice(2 * i, 2 * i + 2), 16);
    }
  });
  return bytes;
}

function columnOf(
  owners: readonly { readonly attributes: readonly KeyValue[] }[],
  key: string,
): AttributeColumn {
  return owners.map(({ attributes }) => {
    const attribute = attributes.find((candidate) => candidate.key === key);
    return attribute && searchableValue(attribute.value);
  });
}

/** A value as TraceQL has it; undefined if it cannot be searched. */
export function searchableValue(value: AnyValue): AttributeValue | undefined {
  if (!("arrayValue" in value)) return scalarValue(value);
  const values: ScalarAttributeValue[] = [];
  for (const item of value.arrayValue.values) {
    const scalar = scalarValue(item);
    if (scalar === undefined || (values.length > 0 && scalar.type !== values[0]!.type)) {
      return undefined;
    }
    values.push(scalar);
  }
  return values.length > 1 ? { type: "array", values } : values[0];
}

function scalarValue(value: AnyValue): ScalarAttributeValue | undefined {
  if ("stringValue" in value) return { type: "string", value: value.stringValue };
  if ("boolValue" in value) return { type: "bool", value: value.boolValue };
  if ("intValue" in value) return { type: "int", value: BigInt(value.intValue) };
  if ("doubleValue" in value) return { type: "float", value: Number(value.doubleValue) };
  return undefined;
}
