/** Durations as text: how queries write them and how answers show them. */

const DAY_NANOS = 86_400_000_000_000n;

/** The largest duration and int: 2^63 - 1. */
export const MAX_INT64 = 2n ** 63n - 1n;

/** Units that may be chained in falling order, each once, with whole numbers only. */
const falling: readonly [unit: string, nanos: bigint][] = [
  ["y", 365n * DAY_NANOS],
  ["w", 7n * DAY_NANOS],
  ["d", DAY_NANOS],
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
];
const fallingPattern = new RegExp(`^${falling.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`);

/** Units that may come in any order, again, and with fractions. */
const free: ReadonlyMap<string, bigint> = new Map([
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ns", 1n],
]);
const freePart = /(?:(\d+)(?:\.(\d*))?|\.(\d+))(h|ms|m|s|us|µs|μs|ns)/y;

/**
 * The nanoseconds of `1d2h`, `1.5s`, `1m30s` or `100us`; undefined if the text is none or more than a
 * signed 64-bit number can hold. Days, weeks and years take whole numbers only.
 */
export function parseDuration(text: string): bigint | undefined {
  const nanos = parseFalling(text) ?? parseFree(text);
  return nanos === undefined || nanos > MAX_INT64 ? undefined : nanos;
}

function parseFalling(text: string): bigint | undefined {
  const match = text === "" ? null : fallingPattern.exec(text);
  if (match === null) return undefined;
  return falling.reduce((sum, [, nanos], i) => sum + BigInt(match[i + 1] ?? "0") * nanos, 0n);
}

function parseFree(text: string): bigint | undefined {
  let sum = 0n;
  freePart.lastIndex = 0;
  while (freePart.lastIndex < text.length) {
    const match = freePart.exec(text);
    if (match === null) return undefined;
    const nanos = free.get(match[4]!)!;
    const fraction = match[2] ?? match[3] ?? "";
    sum += BigInt(match[1] ?? "0") * nanos;
    if (fraction !== "") sum += (BigInt(fraction) * nanos) / 10n ** BigInt(fraction.length);
  }
  return text === "" ? undefined : sum;
}

/** The text of a duration as Go writes it, which is how Tempo shows it everywhere: `500ms`, `1m30s`,
 * `26h0m0s`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos < 0n) return `-${formatDuration(-nanos)}`;
  if (nanos === 0n) return "0s";
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`;
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 6)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  if (minutes < 60n) return `${minutes}m${seconds}`;
  return `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value / 10^places` without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}
