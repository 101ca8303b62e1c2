/** Spans of traces as the service graph sees them, without a store. */
import { Names } from "../../src/base/names.ts";
import { callPart, type PartKey } from "../../src/model/call-part.ts";
import { CallSpans, NO_ID, roles } from "../../src/model/call-spans.ts";
import { samplingWeight } from "../../src/model/sampling-weight.ts";
import { spanKinds, type Trace } from "../../src/model/trace.ts";

/** All spans of the traces; the edges of all are asked for. */
export function callSpansOf(traces: readonly Trace[]): CallSpans {
  const spans = new CallSpans(new Names());
  const id = (traceId: string, spanId: string): number => {
    const key = Buffer.from(traceId.slice(24) + spanId, "hex");
    return spans.id(spans.id(key.readUInt32BE(0), key.readUInt32BE(4)), key.readUInt32BE(8));
  };
  for (const trace of traces) {
    for (const span of trace.spans) {
      const kind = spanKinds.indexOf(span.kind);
      const text = (key: PartKey): string => {
        const value = span.attributes.find((each) => each.key === key)?.value ?? {};
        return "stringValue" in value ? value.stringValue : "";
      };
      const part = callPart({ kind, hasLinks: span.links.length > 0, text });
      const state = Buffer.from(span.traceState);
      const startNano = BigInt(trace.startUnixNano) + BigInt(span.startNano);
      const parent = span.parentSpanId;
      const row = spans.add({
        tenant: 0,
        own: id(trace.traceId, span.spanId),
        up: parent === undefined ? NO_ID : id(trace.traceId, parent),
        role: part.role,
        target: spans.names.number(part.target),
        service: spans.names.number(trace.resources[span.resource]!.service),
        isFailed: span.status === "error",
        nano: Math.max(0, span.durationNano),
        weight: samplingWeight(state, 0, state.length),
        minute: Number(startNano / 60_000_000_000n) * 60,
        isAsked: true,
      });
      if (span.links.length === 0 || (part.role !== roles.consumer && part.role !== roles.poll)) {
        continue;
      }
      spans.links.set(row, [...new Set(span.links.map((link) => id(link.traceId, link.spanId)))]);
    }
  }
  return spans;
}
