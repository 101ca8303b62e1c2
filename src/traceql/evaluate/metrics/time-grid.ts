/**
 * The points of time that a metrics query has values for.
 *
 *     start 10:00:07, end 10:00:38, step 15 s
 *
 *     09:59:45 ──── 10:00:00 ──── 10:00:15 ──── 10:00:30 ──── 10:00:45
 *              (    sample 0 ](   sample 1 ](   sample 2 ](   sample 3 ]
 *
 * A sample stands at the right edge of the time that it is about, which is open on the left. Start is
 * rounded down and end up to whole steps, so the same step gives the same points whenever it is asked
 * for. An instant query has one sample for all from start to end, both included.
 */
import { Fault } from "../../../base/fault.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;

/** See the top of this file. */
export interface TimeGrid {
  readonly isInstant: boolean;
  /** Unix nanoseconds of the first sample. */
  readonly firstNano: bigint;
  /** From one sample to the next; of an instant query, the time that it is about. */
  readonly stepNano: bigint;
  /** How many samples there are, at least one. */
  readonly count: number;
}

/** What a range query asks for, in nanoseconds; start and end are unix time. */
export interface RangeRequest {
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly stepNano: bigint;
  /** Nothing is to be said of what is later, since spans are still coming in: the end is cut there and
   * rounded down. */
  readonly cutoffNano?: bigint;
}

/** The step for a range if none is asked for: about 240 samples, whole units of time. */
export function defaultStepNano(rangeNano: bigint): bigint {
  const base = rangeNano / 240n;
  if (rangeNano < MINUTE) {
    const unit = 50_000_000n;
    return base < unit ? unit : base - (base % unit);
  }
  const units = [3600n, 300n, 60n, 15n, 5n, 1n].map((seconds) => seconds * SECOND);
  const unit = units.find((candidate) => candidate <= base);
  return unit === undefined ? SECOND : base - (base % unit);
}

/** The grid of a range query. Throws Fault "invalid" for ranges that are none. */
export function rangeGrid({ startNano, endNano, stepNano, cutoffNano }: RangeRequest): TimeGrid {
  if (stepNano <= 0n) throw new Fault("invalid", "step must be positive");
  if (endNano <= startNano) throw new Fault("invalid", "end must be greater than start");
  if (cutoffNano !== undefined && cutoffNano <= startNano) {
    throw new Fault("invalid", "query window falls entirely within query_end_cutoff");
  }
  const firstNano = startNano - (startNano % stepNano);
  const isCut = cutoffNano !== undefined && cutoffNano < endNano;
  const end = isCut ? cutoffNano : endNano + stepNano - 1n;
  const lastNano = end - (end % stepNano);
  return {
    isInstant: false,
    firstNano,
    stepNano,
    count: Number((lastNano - firstNano) / stepNano) + 1,
  };
}

/** The grid of an instant query. Throws Fault "invalid" if the end is not after the start. */
export function instantGrid(startNano: bigint, endNano: bigint): TimeGrid {
  if (endNano <= startNano) throw new Fault("invalid", "end must be greater than start");
  return { isInstant: true, firstNano: endNano, stepNano: endNano - startNano, count: 1 };
}

/** From unix nanoseconds to the number of the sample that they count for, or -1. */
export function sampleIndex({ isInstant, firstNano, stepNano, count }: TimeGrid) {
  // Differences up to 2^53 ns are exact as numbers, and so is what they are divided to.
  const [step, last] = [Number(stepNano), Number(stepNano) * (count - 1)];
  const isExact = last < Number.MAX_SAFE_INTEGER && step < Number.MAX_SAFE_INTEGER;
  if (isInstant) {
    return (unixNano: bigint): number =>
      unixNano >= firstNano - stepNano && unixNano <= firstNano ? 0 : -1;
  }
  if (!isExact) {
    return (unixNano: bigint): number => {
      const since = unixNano - firstNano + stepNano;
      if (since <= 0n || since > stepNano * BigInt(count)) return -1;
      return Number((since - 1n) / stepNano);
    };
  }
  return (unixNano: bigint): number => {
    const since = Number(unixNano - firstNano);
    if (since <= -step || since > last) return -1;
    return since <= 0 ? 0 : Math.ceil(since / step);
  };
}

/** Unix milliseconds of the samples. */
export function sampleTimesMs({ firstNano, stepNano, count }: TimeGrid): number[] {
  return Array.from({ length: count }, (_, i) =>
    Number((firstNano + BigInt(i) * stepNano) / 1_000_000n),
  );
}
