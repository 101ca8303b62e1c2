/** Calls, errors and durations as Explore shows them: rates, shares and lines. */
import type { RedAnswer, RedSeriesAnswer, RedTotals } from "../../api/contract.ts";
import { formatCount, formatDuration } from "../format.ts";

/** Spans become part of the figures so long after they arrive; the last step is judged without them. */
const BEHIND_SECONDS = 3;
/** A shorter beginning of a step says too little of its rate. */
const LEAST_SECONDS = 10;

/** Calls a second of each step. Of the step that is still going on, by the time it has had; none if
 * that is too short to tell, unless it is the only one. */
export function ratesOf(
  { calls }: Pick<RedSeriesAnswer, "calls">,
  { times, stepSeconds }: Pick<RedAnswer, "times" | "stepSeconds">,
  nowSeconds: number,
): (number | null)[] {
  return calls.map((count, i) => {
    const had = nowSeconds - BEHIND_SECONDS - times[i]!;
    if (had >= stepSeconds) return count / stepSeconds;
    if (had < LEAST_SECONDS && i > 0) return null;
    return count / Math.max(had, LEAST_SECONDS);
  });
}

/** The part of calls that failed, by step; none where there was no call. */
export function errorShares({
  calls,
  errors,
}: Pick<RedSeriesAnswer, "calls" | "errors">): (number | null)[] {
  return calls.map((count, i) => (count > 0 ? errors[i]! / count : null));
}

/** Calls a second over the whole range, up to now. */
export function rateOf(
  { calls }: RedTotals,
  { times, stepSeconds }: Pick<RedAnswer, "times" | "stepSeconds">,
  nowSeconds: number,
): number {
  const from = times[0] ?? nowSeconds;
  const to = Math.min(from + times.length * stepSeconds, nowSeconds);
  return calls / Math.max(to - from, 1);
}

/** "12.3 /s", "4.5 /min", "3 /h": in the unit in which it is not below one. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0 /s";
  for (const [seconds, unit] of [
    [1, "s"],
    [60, "min"],
  ] as const) {
    if (perSecond * seconds >= 0.995) return `${digits(perSecond * seconds)} /${unit}`;
  }
  return `${digits(perSecond * 3600)} /h`;
}

function digits(value: number): string {
  if (value >= 1000) return formatCount(Math.round(value));
  return value >= 99.95 ? value.toFixed(0) : value >= 9.95 ? value.toFixed(1) : value.toFixed(2);
}

/** "0 %", "< 0.01 %", "0.25 %", "12.3 %". */
export function formatPercent(share: number): string {
  if (share <= 0) return "0 %";
  const percent = share * 100;
  if (percent < 0.01) return "< 0.01 %";
  if (percent >= 99.95) return share >= 1 ? "100 %" : "99.9 %";
  return `${percent < 1 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

/** A duration that may be unknown. */
export function formatNano(nanos: number | null | undefined): string {
  return nanos === null || nanos === undefined ? "–" : formatDuration(nanos);
}
