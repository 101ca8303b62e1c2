/**
 * Tempo's form of a trace for language models: flat maps, hex ids and plain numbers, so that it takes
 * few tokens. Source: grafana.com/docs/tempo/latest/api_docs, "LLM-optimized API responses".
 */
import type { KeyValue, Resource, Span, Trace } from "../../model/trace.ts";
import { plainAttributes } from "./plain-value.ts";

/** The spans of the trace, by resource and scope in the order in which these first come. */
export function llmTrace(trace: Trace, isShown: (span: Span) => boolean): object {
  const services = new Map<number, Map<number, object[]>>();
  for (const span of trace.spans) {
    if (!isShown(span)) continue;
    let scopes = services.get(span.resource);
    if (scopes === undefined) services.set(span.resource, (scopes = new Map()));
    const spans = scopes.get(span.scope);
    if (spans === undefined) scopes.set(span.scope, [llmSpan(trace, span)]);
    else spans.push(llmSpan(trace, span));
  }
  return {
    traceId: trace.traceId,
    services: Array.from(services, ([resource, scopes]) => ({
      ...llmResource(trace.resources[resource]!),
      scopes: Array.from(scopes, ([scope, spans]) => {
        const { name, version } = trace.scopes[scope]!;
        return { ...(name && { name }), ...(version && { version }), spans };
      }),
    })),
  };
}

function llmResource({ service, attributes }: Resource): object {
  const others = attributes.filter(({ key }) => key !== "service.name");
  return {
    serviceName: service,
    ...(others.length > 0 && { resource: plainAttributes(others, "hex") }),
  };
}

function llmSpan(trace: Trace, span: Span): object {
  const start = BigInt(trace.startUnixNano) + BigInt(span.startNano);
  const { spanId, name, parentSpanId, attributes, status } = span;
  return {
    spanId,
    name,
    ...(parentSpanId && { parentSpanId }),
    ...(span.kind !== "unspecified" && { kind: `SPAN_KIND_${span.kind.toUpperCase()}` }),
    startTimeUnixNano: start.toString(),
    endTimeUnixNano: (start + BigInt(span.durationNano)).toString(),
    ...(span.durationNano !== 0 && { durationMs: span.durationNano / 1e6 }),
    ...withAttributes(attributes),
    ...(span.events.length > 0 && {
      events: span.events.map((event) => ({
        name: event.name,
        timeUnixNano: (BigInt(trace.startUnixNano) + BigInt(event.timeNano)).toString(),
        ...withAttributes(event.attributes),
      })),
    }),
    ...(span.links.length > 0 && {
      links: span.links.map((link) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        ...withAttributes(link.attributes),
      })),
    }),
    status: { code: `STATUS_CODE_${status.toUpperCase()}`, message: span.statusMessage },
  };
}

function withAttributes(attributes: readonly KeyValue[]): object {
  return attributes.length === 0 ? {} : { attributes: plainAttributes(attributes, "hex") };
}
