/** A trace as other tracing systems write it in JSON. */
import {
  type AnyValue,
  type KeyValue,
  type Span,
  spanKinds,
  spanStatuses,
  type Trace,
} from "../../../model/trace.ts";
import { showValue } from "../attributes.ts";

/** Microseconds since 1970 of a time of the trace: both formats have no finer ones. */
function micros(trace: Trace, nano: number): number {
  return Number((BigInt(trace.startUnixNano) + BigInt(Math.round(nano))) / 1000n);
}

/** OTLP's JSON: what a Clew that stores the trace answers with, too. */
export function otlpJson(trace: Trace): string {
  const byOwners = Map.groupBy(trace.spans, ({ resource, scope }) => `${resource} ${scope}`);
  const resourceSpans = Array.from(byOwners.values(), (spans) => {
    const resource = trace.resources[spans[0]!.resource]!;
    const { schemaUrl, ...scope } = trace.scopes[spans[0]!.scope]!;
    const { attributes, droppedAttributesCount } = resource;
    return {
      resource: { attributes, droppedAttributesCount },
      scopeSpans: [{ scope, spans: spans.map((span) => otlpSpan(trace, span)), schemaUrl }],
      schemaUrl: resource.schemaUrl,
    };
  });
  return JSON.stringify({ resourceSpans });
}

function otlpSpan(trace: Trace, span: Span): object {
  const unixNano = (nano: number): string =>
    String(BigInt(trace.startUnixNano) + BigInt(Math.round(nano)));
  const { startNano, durationNano, kind, status, statusMessage, events } = span;
  const { resource: _, scope: __, marks: ___, ...rest } = span;
  return {
    ...rest,
    traceId: trace.traceId,
    startNano: undefined,
    durationNano: undefined,
    statusMessage: undefined,
    kind: spanKinds.indexOf(kind),
    startTimeUnixNano: unixNano(startNano),
    endTimeUnixNano: unixNano(startNano + durationNano),
    status: { code: spanStatuses.indexOf(status), message: statusMessage },
    events: events.map(({ timeNano, ...event }) => {
      return { timeUnixNano: unixNano(timeNano), ...event };
    }),
  };
}

interface JaegerTag {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64";
  readonly value: string | number | boolean;
}

/** Jaeger's JSON, as its page downloads and opens it. */
export function jaegerJson(trace: Trace): string {
  const processes = Object.fromEntries(
    trace.resources.map(({ service, attributes }, i) => [
      `p${i + 1}`,
      {
        serviceName: service,
        tags: attributes.filter(({ key }) => key !== "service.name").map(jaegerTag),
      },
    ]),
  );
  const spans = trace.spans.map((span) => jaegerSpan(trace, span));
  const data = [{ traceID: trace.traceId, spans, processes, warnings: null }];
  return JSON.stringify({ data, total: 1, limit: 0, offset: 0, errors: null });
}

function jaegerSpan(trace: Trace, span: Span): object {
  const references = [
    ...(span.parentSpanId === undefined
      ? []
      : [{ refType: "CHILD_OF", traceID: trace.traceId, spanID: span.parentSpanId }]),
    ...span.links.map(({ traceId, spanId }) => {
      return { refType: "FOLLOWS_FROM", traceID: traceId, spanID: spanId };
    }),
  ];
  const { name, version } = trace.scopes[span.scope]!;
  const scope: JaegerTag[] = [
    ...(name === "" ? [] : [text("otel.scope.name", name)]),
    ...(version === "" ? [] : [text("otel.scope.version", version)]),
  ];
  const own: JaegerTag[] = [
    ...(span.kind === "unspecified" ? [] : [text("span.kind", span.kind)]),
    ...(span.status === "unset" ? [] : [text("otel.status_code", span.status.toUpperCase())]),
    ...(span.statusMessage === "" ? [] : [text("otel.status_description", span.statusMessage)]),
    ...(span.status === "error" ? [{ key: "error", type: "bool" as const, value: true }] : []),
  ];
  return {
    traceID: trace.traceId,
    spanID: span.spanId,
    operationName: span.name,
    references,
    startTime: micros(trace, span.startNano),
    duration: Math.max(Math.floor(span.durationNano / 1000), 0),
    tags: [...scope, ...span.attributes.map(jaegerTag), ...own],
    logs: span.events.map(({ name: event, timeNano, attributes }) => ({
      timestamp: micros(trace, timeNano),
      fields: [text("event", event), ...attributes.map(jaegerTag)],
    })),
    processID: `p${span.resource + 1}`,
    warnings: null,
  };
}

function text(key: string, value: string): JaegerTag {
  return { key, type: "string", value };
}

function jaegerTag({ key, value }: KeyValue): JaegerTag {
  if ("boolValue" in value) return { key, type: "bool", value: value.boolValue };
  if ("intValue" in value && Number.isSafeInteger(Number(value.intValue))) {
    return { key, type: "int64", value: Number(value.intValue) };
  }
  if ("doubleValue" in value && typeof value.doubleValue === "number") {
    return { key, type: "float64", value: value.doubleValue };
  }
  return text(key, plain(value));
}

function plain(value: AnyValue): string {
  return "stringValue" in value ? value.stringValue : showValue(value).text;
}

const zipkinKinds: Partial<Record<Span["kind"], string>> = {
  client: "CLIENT",
  server: "SERVER",
  producer: "PRODUCER",
  consumer: "CONSUMER",
};

/** Zipkin's JSON, version 2: a list of spans. What tags cannot say is left out: links, types of values. */
export function zipkinJson(trace: Trace): string {
  const spans = trace.spans.map((span) => {
    const resource = trace.resources[span.resource]!;
    const attributes = [...resource.attributes, ...span.attributes];
    const kind = zipkinKinds[span.kind];
    return {
      traceId: trace.traceId,
      id: span.spanId,
      ...(span.parentSpanId !== undefined && { parentId: span.parentSpanId }),
      name: span.name,
      ...(kind !== undefined && { kind }),
      timestamp: micros(trace, span.startNano),
      // Zipkin takes 0 for unknown.
      duration: Math.max(Math.floor(span.durationNano / 1000), 1),
      localEndpoint: { serviceName: resource.service },
      tags: {
        ...Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
        ...(span.status === "error" && { error: span.statusMessage || "true" }),
      },
      annotations: span.events.map(({ name, timeNano }) => {
        return { timestamp: micros(trace, timeNano), value: name };
      }),
    };
  });
  return JSON.stringify(spans);
}
