/**
 * Which traces a share of all traces is, the same on every machine: those with the highest randomness.
 * Source: OpenTelemetry, "TraceState: Probability Sampling" (OTEP 235). Randomness R and rejection
 * threshold T are of 56 bits, a trace is kept if R ≥ T, and then stands for 2^56 / (2^56 − T) traces.
 */

/** One more than the highest randomness. */
export const RANGE = 2n ** 56n;
const RANDOM_DIGITS = 14;

/** The randomness of a trace, from its id of 32 hex digits: the last 56 bits. */
export function randomnessOf(traceId: string): bigint {
  return BigInt(`0x${traceId.slice(-RANDOM_DIGITS)}`);
}

/** The threshold for keeping a share from 0 to 1 of all traces. */
export function thresholdOf(probability: number): bigint {
  return RANGE - BigInt(Math.round(probability * 2 ** 56));
}

/** How many traces stand behind one that passed this threshold; at least one did. */
export function weightOf(threshold: bigint): number {
  return 2 ** 56 / Number(RANGE - threshold);
}
