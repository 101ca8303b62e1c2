/** Stretches of time: what is offered, typed and shown, and the ticks on an axis of time. */
import type { TimeChoice } from "../time-choice.ts";

/** The windows up to now that are offered, in seconds. */
export const timeWindows: readonly (readonly [seconds: number, name: string])[] = [
  [900, "15 min"],
  [3600, "1 h"],
  [10_800, "3 h"],
  [21_600, "6 h"],
  [86_400, "24 h"],
  [604_800, "7 d"],
];

/** The beginning and end of a choice, in seconds since 1970. */
export function edgesOf(time: TimeChoice, nowSeconds: number): readonly [from: number, to: number] {
  return time.kind === "since"
    ? [nowSeconds - time.seconds, nowSeconds]
    : [time.fromSeconds, time.toSeconds];
}

/** The choice moved by `halves` of its length; up to now again once its end passes now. */
export function shifted(time: TimeChoice, halves: number, nowSeconds: number): TimeChoice {
  const [from, to] = edgesOf(time, nowSeconds);
  const by = Math.round(((to - from) * halves) / 2);
  if (to + by >= nowSeconds) return { kind: "since", seconds: to - from };
  return { kind: "between", fromSeconds: Math.max(0, from + by), toSeconds: to + by };
}

/** Twice as much time around the same middle. */
export function zoomedOut(time: TimeChoice, nowSeconds: number): TimeChoice {
  if (time.kind === "since") return { kind: "since", seconds: time.seconds * 2 };
  const more = Math.ceil((time.toSeconds - time.fromSeconds) / 2);
  const toSeconds = Math.min(time.toSeconds + more, Math.max(nowSeconds, time.toSeconds));
  return { kind: "between", fromSeconds: Math.max(0, time.fromSeconds - more), toSeconds };
}

const unitSeconds: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** The seconds of "90m", "2 h", "3d 12h" or "45 min"; undefined for anything else, and for nothing. */
export function readSpanOfTime(text: string): number | undefined {
  const tidy = text.trim().toLowerCase();
  if (!/^(\d+\s*(s|sec|m|min|h|d|w)\s*)+$/.test(tidy)) return undefined;
  const parts = [...tidy.matchAll(/(\d+)\s*([smhdw])/g)];
  const seconds = parts.reduce((sum, [, n, unit]) => sum + Number(n) * unitSeconds[unit!]!, 0);
  return seconds >= 1 && seconds <= 10 * 365 * 86_400 ? seconds : undefined;
}

/** "90 min", "2 h", "3 d": a length of time as a choice of it is called. */
export function nameOfSpan(seconds: number): string {
  for (const [unit, name] of [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
  ] as const) {
    if (seconds % unit === 0) return `${seconds / unit} ${name}`;
  }
  return `${seconds} s`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"].concat([
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
]);

function formatDay(seconds: number, offsetMinutes: number): string {
  const date = shiftedDate(seconds, offsetMinutes);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
}

/** "20:05", with seconds if there are any. */
export function formatClock(seconds: number, offsetMinutes: number): string {
  const text = shiftedDate(seconds, offsetMinutes).toISOString();
  return text.slice(11, text.slice(17, 19) === "00" ? 16 : 19);
}

/** "28 Nov 20:05 – 20:20": the second day is left out if it is the first. */
export function formatRange(from: number, to: number, offsetMinutes: number): string {
  const [dayFrom, dayTo] = [from, to].map((at) => formatDay(at, offsetMinutes)) as [string, string];
  const clockTo = formatClock(to, offsetMinutes);
  const end = dayFrom === dayTo ? clockTo : `${dayTo} ${clockTo}`;
  return `${dayFrom} ${formatClock(from, offsetMinutes)} – ${end}`;
}

function shiftedDate(seconds: number, offsetMinutes: number): Date {
  return new Date((seconds + offsetMinutes * 60) * 1000);
}

/** "2026-11-28T20:05:00", what a field for a moment in the zone of `offsetMinutes` holds. */
export function toField(seconds: number, offsetMinutes: number): string {
  return shiftedDate(seconds, offsetMinutes).toISOString().slice(0, 19);
}

/** The seconds since 1970 of a field's text, in UTC or in the reader's zone; undefined if empty. */
export function fromField(text: string, utc: boolean): number | undefined {
  const ms = Date.parse(utc ? `${text}Z` : text);
  return Number.isNaN(ms) || ms < 0 ? undefined : Math.floor(ms / 1000);
}

const tickSteps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** A mark on an axis of time. */
export interface TimeTick {
  readonly at: number;
  readonly label: string;
}

/** At most `count` marks at round moments within (from, to); midnight has its day as label. */
export function timeTicks(
  [from, to]: readonly [number, number],
  count: number,
  offsetMinutes: number,
): TimeTick[] {
  const least = (to - from) / Math.max(count, 1);
  const days = Math.ceil(least / 86_400);
  const step = tickSteps.find((candidate) => candidate >= least) ?? days * 86_400;
  const offset = offsetMinutes * 60;
  const ticks: TimeTick[] = [];
  for (let at = Math.ceil((from + offset) / step) * step - offset; at < to; at += step) {
    if (at <= from) continue;
    const isMidnight = (at + offset) % 86_400 === 0;
    const label = isMidnight ? formatDay(at, offsetMinutes) : formatClock(at, offsetMinutes);
    ticks.push({ at, label });
  }
  return ticks;
}
