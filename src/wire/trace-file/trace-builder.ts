import {
  type AnyValue,
  type KeyValue,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type Trace,
  UNKNOWN_SERVICE,
} from "../../model/trace.ts";

/** A span as files have it: with times in nanoseconds since 1970, and what made it as objects. */
export interface FileSpan extends Omit<
  Span,
  "startNano" | "durationNano" | "events" | "marks" | "resource" | "scope" | "parentSpanId"
> {
  readonly traceId: string;
  /** "" for a root. */
  readonly parentSpanId: string;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly events: readonly FileEvent[];
  /** The same object for spans of one resource. */
  readonly resource: Resource;
  readonly scope: Scope;
}

/** An event of a span in a file. */
export type FileEvent = Omit<SpanEvent, "timeNano"> & { readonly timeUnixNano: bigint };

/** The traces that spans are of, those with most spans first. */
export function tracesOfSpans(spans: readonly FileSpan[]): Trace[] {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  const traces = Array.from(byTrace, ([traceId, own]) => traceOf(traceId, own));
  return traces.sort((a, b) => b.spans.length - a.spans.length);
}

function traceOf(traceId: string, own: readonly FileSpan[]): Trace {
  const first = own.reduce(
    (least, { startUnixNano: start }) => (start < least ? start : least),
    own[0]!.startUnixNano,
  );
  const last = own.reduce((most, { endUnixNano: end }) => (end > most ? end : most), first);
  const since = (time: bigint): number => Number(time - first);
  const [resources, scopes] = [new Map<Resource, number>(), new Map<Scope, number>()];
  const spans = own.map((span): Span => {
    const { traceId: _, parentSpanId, startUnixNano, endUnixNano, events, ...rest } = span;
    return {
      ...rest,
      ...(parentSpanId !== "" && { parentSpanId }),
      resource: numberOf(resources, span.resource),
      scope: numberOf(scopes, span.scope),
      startNano: since(startUnixNano),
      durationNano: Number(endUnixNano - startUnixNano),
      events: events.map(({ timeUnixNano, ...event }) => ({
        ...event,
        timeNano: since(timeUnixNano),
      })),
      marks: endUnixNano < startUnixNano ? ["endsBeforeStart"] : [],
    };
  });
  spans.sort((a, b) => a.startNano - b.startNano || (a.spanId < b.spanId ? -1 : 1));
  return {
    traceId,
    startUnixNano: first.toString(),
    durationNano: since(last),
    resources: [...resources.keys()],
    scopes: [...scopes.keys()],
    spans,
  };
}

function numberOf<T>(numbers: Map<T, number>, value: T): number {
  const known = numbers.get(value) ?? numbers.size;
  numbers.set(value, known);
  return known;
}

/** Attributes as a trace has them: sorted, and of keys that repeat the last. */
export function attributeList(
  entries: Iterable<readonly [key: string, value: AnyValue]>,
): KeyValue[] {
  const list = Array.from(new Map(entries), ([key, value]) => ({ key, value }));
  return list.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** The service that attributes of a resource name. */
export function serviceIn(attributes: readonly KeyValue[]): string {
  const name = attributes.find(({ key }) => key === "service.name")?.value ?? {};
  return "stringValue" in name && name.stringValue !== "" ? name.stringValue : UNKNOWN_SERVICE;
}

/** A scope of which only this is known. */
export function plainScope(name = "", version = ""): Scope {
  return { name, version, attributes: [], droppedAttributesCount: 0, schemaUrl: "" };
}

/** What a span has where a format knows nothing of it. */
export const nothingDropped = {
  traceState: "",
  flags: 0,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
} as const;
