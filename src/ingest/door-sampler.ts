/** Sampling before anything is written: what a request brings, without what is not to be taken. */
import { Fault } from "../base/fault.ts";
import type { Metrics } from "../base/metrics.ts";
import { Door, type DoorDecision, type DoorRules } from "../sampling/door.ts";
import { type RequestSpan, sampleRequest, type SpanVerdict } from "../wire/otlp/sample-request.ts";

/** Takes from a request, in protobuf, what is to be taken. */
export type DoorSampler = (tenant: string, body: Uint8Array) => Uint8Array;

interface DoorSamplerOptions {
  /** As they are now. */
  readonly rules: () => DoorRules;
  readonly metrics: Metrics;
  /** That only goes forward. */
  readonly nowMs: () => number;
}

/** A sampler with its own memory of rates. */
export function createDoorSampler({ rules, metrics, nowMs }: DoorSamplerOptions): DoorSampler {
  const door = new Door();
  return (tenant, body) => {
    const { services, others } = rules();
    const now = nowMs();
    const counts = { taken: 0, error: 0, dropped: 0 };
    const samplerOf = (service: string) => {
      const rule = services.get(service) ?? others;
      if (door.isOpen(rule)) return undefined;
      return (span: RequestSpan): SpanVerdict => {
        const decision = door.decide(`${tenant} ${service}`, rule, span, now);
        counts[decision.kind]++;
        return verdictOf(decision);
      };
    };
    const sampled = sampledOrSame(body, samplerOf);
    for (const [outcome, spans] of Object.entries(counts)) {
      if (spans > 0) metrics.doorSpans.inc({ outcome }, spans);
    }
    return sampled;
  };
}

function verdictOf(decision: DoorDecision): SpanVerdict {
  switch (decision.kind) {
    case "taken":
      return { isKept: true, threshold: decision.threshold };
    case "error":
      return { isKept: true };
    case "dropped":
      return { isKept: false };
  }
}

/** What is malformed is not judged here: the decoder says what is wrong with it. */
function sampledOrSame(
  body: Uint8Array,
  samplerOf: Parameters<typeof sampleRequest>[1],
): Uint8Array {
  try {
    return sampleRequest(body, samplerOf);
  } catch (error) {
    if (error instanceof Fault) return body;
    throw error;
  }
}
