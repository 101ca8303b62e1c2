/**
 * What becomes of traces, once it is known which policy decides about each. It depends on nothing but
 * the traces, in whatever order they come, so that it can be done again with the same result.
 *
 * A limit is kept to by keeping the traces with the highest randomness, as many as it lets through:
 *
 *     randomness   high ─────────────────────────────▶ low
 *                  kept  kept  kept │ dropped  dropped        3 traces in this second
 *                                   T: the first that is dropped
 *
 * So what is kept is again a share of all by the trace id, with a threshold that follows from the
 * traffic, and counts as 1 / share. (Of a sample of the k highest, the randomness of the next gives
 * weights whose sums are right on average: Cohen and Kaplan, "Bottom-k sketches".)
 */
import { unreachable } from "../base/fault.ts";
import { UNDECIDED } from "./judge.ts";
import type { Keep } from "./policy.ts";
import { thresholdOf, weightOf } from "./threshold.ts";

/** A trace about which a policy decides. */
export interface JudgedTrace {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly randomness: bigint;
  /** When its first span started. */
  readonly startUnixNano: bigint;
  readonly spans: number;
  readonly bytes: number;
  /** Index of the policy, or UNDECIDED. */
  readonly policy: number;
}

/** How many traces a trace stands for, itself included; 0 if it is dropped. (Its spans may stand for
 * more: each for as many as its own sampler said, if that is more.) */
export type Weight = number;

/** The policy's limit in whole numbers: so much of something among the traces that start within the
 * same stretch of time. */
export interface Quota {
  readonly seconds: number;
  readonly amount: number;
  readonly of: "traces" | "spans" | "bytes";
}

const HOUR = 3600;
const MINUTE = 60;

/** The limit of a policy that has one. Rates that are no whole number of traces a second are counted by
 * the minute, or by as long as it takes for one. */
export function quotaOf(keep: Keep): Quota | undefined {
  switch (keep.kind) {
    case "always":
    case "never":
    case "probability":
      return undefined;
    case "tracesPerSecond": {
      const { traces } = keep;
      const seconds = Number.isInteger(traces) ? 1 : Math.max(MINUTE, Math.ceil(1 / traces));
      return { seconds, amount: Math.round(traces * seconds), of: "traces" };
    }
    case "spansPerHour":
      return { seconds: HOUR, amount: keep.spans, of: "spans" };
    case "bytesPerHour":
      return { seconds: HOUR, amount: keep.bytes, of: "bytes" };
    default:
      return unreachable(keep);
  }
}

/** The weights of the traces, in their order. All traces that start in the same hour must be there,
 * and none twice. */
export function decide(keeps: readonly Keep[], traces: readonly JudgedTrace[]): Weight[] {
  const weights = traces.map(({ policy, randomness }) =>
    policy === UNDECIDED ? 1 : weightWithoutLimit(keeps[policy]!, randomness),
  );
  const limited = [...traces.keys()].filter((i) => weights[i] === undefined);
  const windows = Map.groupBy(limited, (i) => {
    const { policy, startUnixNano } = traces[i]!;
    const { seconds } = quotaOf(keeps[policy]!)!;
    return `${policy} ${startUnixNano / BigInt(seconds * 1e9)}`;
  });
  for (const window of windows.values()) {
    const quota = quotaOf(keeps[traces[window[0]!]!.policy]!)!;
    fillWindow(weights, { traces, window, quota });
  }
  return weights.map((weight) => weight!);
}

function weightWithoutLimit(keep: Keep, randomness: bigint): Weight | undefined {
  switch (keep.kind) {
    case "always":
      return 1;
    case "never":
      return 0;
    case "probability": {
      const threshold = thresholdOf(keep.probability);
      return randomness >= threshold ? weightOf(threshold) : 0;
    }
    default:
      return undefined;
  }
}

interface Window {
  readonly traces: readonly JudgedTrace[];
  /** Indices of the traces in it. */
  readonly window: readonly number[];
  readonly quota: Quota;
}

function fillWindow(weights: (Weight | undefined)[], { traces, window, quota }: Window): void {
  const sizeOf = (i: number): number => (quota.of === "traces" ? 1 : traces[i]![quota.of]);
  // One that is larger than the whole quota shall not starve the others.
  const fitting = window.filter((i) => sizeOf(i) <= quota.amount);
  for (const i of window) weights[i] = 0;
  fitting.sort((a, b) => byRandomness(traces[a]!, traces[b]!));
  let used = 0;
  const first = fitting.findIndex((i) => (used += sizeOf(i)) > quota.amount);
  const threshold = first === -1 ? 0n : traces[fitting[first]!]!.randomness + 1n;
  for (const i of first === -1 ? fitting : fitting.slice(0, first)) {
    weights[i] = weightOf(threshold);
  }
}

/** The highest first; equals by their ids. */
function byRandomness(a: JudgedTrace, b: JudgedTrace): number {
  if (a.randomness !== b.randomness) return a.randomness > b.randomness ? -1 : 1;
  return a.traceId < b.traceId ? -1 : 1;
}
