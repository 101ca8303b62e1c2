/** A trace of objects as arrays: for traces that come from a file, and for tests. */
import type { SpanArrays } from "../model/trace-frames.ts";
import { type SpanMark, type Trace, spanKinds, spanStatuses } from "../model/trace.ts";
import type { TableSource } from "./span-table.ts";

/** Bits of a table's `marks`, as the store keeps them. */
export const spanMarkBits: Readonly<Record<SpanMark, number>> = {
  endsBeforeStart: 1,
  farFuture: 2,
  farPast: 4,
};

/** What a table of the trace is made of. */
export function arraysOfTrace(trace: Trace): TableSource {
  const { spans, resources } = trace;
  const zero = BigInt(trace.startUnixNano);
  const numbers = new Map<string, number>();
  const number = (text: string): number => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
  const events = spans.flatMap((span) => span.events);
  const links = spans.flatMap((span) => span.links);
  const arrays: SpanArrays = {
    spans: spans.length,
    events: events.length,
    links: links.length,
    startUnixNano: times(spans.map(({ startNano }) => zero + BigInt(Math.round(startNano)))),
    durationNano: times(spans.map(({ durationNano }) => BigInt(Math.round(durationNano)))),
    spanId: ids(spans.map(({ spanId }) => spanId)),
    parentSpanId: ids(spans.map(({ parentSpanId }) => parentSpanId ?? "0".repeat(16))),
    name: Uint32Array.from(spans, ({ name }) => number(name)),
    service: Uint32Array.from(spans, ({ resource }) => number(resources[resource]!.service)),
    eventEnds: ends(spans.map((span) => span.events.length)),
    linkEnds: ends(spans.map((span) => span.links.length)),
    kind: Uint8Array.from(spans, ({ kind }) => spanKinds.indexOf(kind)),
    status: Uint8Array.from(spans, ({ status }) => spanStatuses.indexOf(status)),
    marks: Uint8Array.from(spans, ({ marks }) =>
      marks.reduce((sum, mark) => sum + spanMarkBits[mark], 0),
    ),
    eventTimeUnixNano: times(events.map(({ timeNano }) => zero + BigInt(Math.round(timeNano)))),
    eventName: Uint32Array.from(events, ({ name }) => number(name)),
    linkTraceId: ids(links.map(({ traceId }) => traceId)),
    linkSpanId: ids(links.map(({ spanId }) => spanId)),
  };
  const { traceId, isPartial = false } = trace;
  return { traceId, isPartial, texts: [...numbers.keys()], parts: [arrays] };
}

function times(nanos: readonly bigint[]): Uint32Array {
  return new Uint32Array(BigInt64Array.from(nanos).buffer);
}

function ends(counts: readonly number[]): Uint32Array {
  let end = 0;
  return Uint32Array.from(counts, (count) => (end += count));
}

function ids(texts: readonly string[]): Uint32Array {
  const bytes = texts.flatMap((text) =>
    Array.from({ length: text.length / 2 }, (_, i) =>
      Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
    ),
  );
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}
