/** How numbers, durations and instants read on the page: three significant digits, one space, unit. */

const MINUTE_NANO = 60e9;
const HOUR_NANO = 60 * MINUTE_NANO;
const DAY_NANO = 24 * HOUR_NANO;

const smallUnits: readonly [nanos: number, name: string, below: number][] = [
  [1, "ns", 1000],
  [1e3, "µs", 1000],
  [1e6, "ms", 1000],
  [1e9, "s", 60],
];

/** "812 ns", "4.56 ms", "12.0 s", "2 min 5 s", "3 h 10 min", "2 d 4 h"; "0 ns" for nothing. */
export function formatDuration(nanos: number): string {
  if (nanos < 0) return `−${formatDuration(-nanos)}`;
  for (const [unit, name, below] of smallUnits) {
    const digits = unit === 1 ? Math.round(nanos).toString() : threeDigits(nanos / unit);
    if (Number(digits) < below) return `${digits} ${name}`;
  }
  if (nanos < HOUR_NANO) return twoUnits(nanos, MINUTE_NANO, "min", 1e9, "s");
  if (nanos < DAY_NANO) return twoUnits(nanos, HOUR_NANO, "h", MINUTE_NANO, "min");
  return twoUnits(nanos, DAY_NANO, "d", HOUR_NANO, "h");
}

function threeDigits(value: number): string {
  if (value >= 999.5) return "1000";
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

function twoUnits(
  nanos: number,
  big: number,
  bigName: string,
  small: number,
  name: string,
): string {
  const whole = Math.round(nanos / small);
  const perBig = big / small;
  const rest = whole % perBig;
  const first = `${formatCount(Math.floor(whole / perBig))} ${bigName}`;
  return rest === 0 ? first : `${first} ${rest} ${name}`;
}

/** "50,000". */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** "1 span", "50,000 spans"; the plural is the singular with an s unless given. */
export function formatSome(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** What part of `whole` is, as "12.3 %"; "< 0.1 %" where rounding would say nothing is left. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %";
  const percent = (100 * part) / whole;
  return percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
}

/** Milliseconds since 1970 of a decimal count of nanoseconds since 1970, rounded down. */
export function unixMs(unixNano: string): number {
  return Number(BigInt(unixNano) / 1_000_000n);
}

/** "2026-11-23 17:42:05.123", `offsetMinutes` east of Greenwich. */
export function formatInstant(unixNano: string, offsetMinutes: number): string {
  const text = new Date(unixMs(unixNano) + offsetMinutes * 60_000).toISOString();
  return text.replace("T", " ").replace("Z", "");
}

/** "UTC", "UTC+01:00", "UTC−03:30". */
export function formatOffset(offsetMinutes: number): string {
  if (offsetMinutes === 0) return "UTC";
  const minutes = Math.abs(offsetMinutes);
  const two = (n: number): string => n.toString().padStart(2, "0");
  const sign = offsetMinutes < 0 ? "−" : "+";
  return `UTC${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** "now", "12 s ago", "5 min ago", "3 h ago", "2 d ago", and "in 5 min" for clocks that run ahead. */
export function formatAgo(thenMs: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(nowMs - thenMs) / 1000);
  if (seconds < 2) return "now";
  const text =
    seconds < 60
      ? `${seconds} s`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)} min`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3600)} h`
          : `${formatCount(Math.floor(seconds / 86_400))} d`;
  return thenMs > nowMs ? `in ${text}` : `${text} ago`;
}

/** "812 B", "4.6 kB", "1.2 GB", "3.4 TB". */
export function formatBytes(bytes: number): string {
  for (const [unit, name] of [
    [1e12, "TB"],
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ] as const) {
    if (bytes >= unit) return `${(bytes / unit).toFixed(1)} ${name}`;
  }
  return `${formatCount(bytes)} B`;
}
