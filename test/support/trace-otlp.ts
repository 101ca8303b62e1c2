/** Traces of objects as they would be sent. */
import { spanKinds, spanStatuses, type Trace } from "../../src/model/trace.ts";
import { tracesData } from "../../src/wire/otlp/messages.ts";
import { jsonToProto } from "../../src/wire/proto-json.ts";

/** The spans of a trace for which `which` is true, as an encoded TracesData. */
export function otlpOfTrace(
  trace: Trace,
  which: (row: number) => boolean = () => true,
): Uint8Array {
  const first = BigInt(trace.startUnixNano);
  const time = (nano: number): string => String(first + BigInt(nano));
  const resourceSpans = trace.spans.flatMap((span, row) => {
    if (!which(row)) return [];
    const resource = trace.resources[span.resource]!;
    const scope = trace.scopes[span.scope]!;
    return [
      {
        resource: { attributes: resource.attributes },
        scopeSpans: [
          {
            scope: { name: scope.name, version: scope.version, attributes: scope.attributes },
            spans: [
              {
                traceId: trace.traceId,
                spanId: span.spanId,
                parentSpanId: span.parentSpanId ?? "",
                name: span.name,
                kind: spanKinds.indexOf(span.kind),
                traceState: span.traceState,
                startTimeUnixNano: time(span.startNano),
                endTimeUnixNano: time(span.startNano + span.durationNano),
                attributes: span.attributes,
                events: span.events.map(({ name, timeNano, attributes }) => ({
                  name,
                  timeUnixNano: time(timeNano),
                  attributes,
                })),
                links: span.links.map(({ traceId, spanId, attributes }) => ({
                  traceId,
                  spanId,
                  attributes,
                })),
                status: { code: spanStatuses.indexOf(span.status), message: span.statusMessage },
              },
            ],
          },
        ],
      },
    ];
  });
  return jsonToProto(JSON.stringify({ resourceSpans }), tracesData);
}
