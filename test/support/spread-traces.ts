/** Random traces as a store may have them: spread over hours, some of them long. */
import fc from "fast-check";
import type { Trace } from "../../src/model/trace.ts";
import { type BriefSpan, briefTrace } from "./brief-trace.ts";
import { anySpans } from "./random-traces.ts";

const TRACES = 24;
const SECOND = 1_000_000_000n;

const secondsAgo = fc.oneof(fc.nat(9 * 3600), fc.constantFrom(900, 3 * 3600));

/** Traces that begin up to nine hours before `nowSeconds`, some together; every third lasts minutes, most
 * are over at once. */
export function anyTraces(nowSeconds: number): fc.Arbitrary<Trace[]> {
  return fc
    .array(fc.tuple(anySpans(9), secondsAgo), { minLength: TRACES, maxLength: TRACES })
    .map((all) =>
      all.map(([spans, ago], i) => {
        const unit = i % 3 === 0 ? 60e9 : 1;
        const stretched = distinct(spans).map((span, n) => ({
          ...span,
          start: (span.start ?? n) * unit,
        }));
        // Zero bytes at the end of an id are part of it.
        const traceId = `${(i + 1).toString(16)}${i % 4 === 0 ? "00" : "ab"}`.padStart(32, "ab");
        return briefTrace(stretched, { traceId, base: BigInt(nowSeconds - ago) * SECOND });
      }),
    );
}

/** Spans of one id, kind and service are one span stored twice; and which of two with one id and one start
 * comes first is not said. */
function distinct(spans: readonly BriefSpan[]): BriefSpan[] {
  const seen = new Set<string>();
  return spans.filter(({ id, kind = "internal", service = "", start }, i) => {
    const identities = [`${id} ${kind} ${service}`, `${id} ${start ?? i}`];
    const isNew = identities.every((identity) => !seen.has(identity));
    for (const identity of identities) seen.add(identity);
    return isNew;
  });
}
