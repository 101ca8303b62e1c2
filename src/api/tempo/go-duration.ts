/** Durations as Go writes them; what is wrong with one is said as Go's time.ParseDuration says it. */
import { quoted } from "./parameters.ts";

const unitNanos: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const part = /(\d*)(?:\.(\d*))?([^\d.]*)/y;

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_LENGTH = 100;

/** Nanoseconds, or the message. */
export function goDuration(text: string): bigint | string {
  const invalid = `time: invalid duration ${quoted(text)}`;
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0n;
  if (unsigned === "" || text.length > MAX_LENGTH) return invalid;
  let nanos = 0n;
  part.lastIndex = 0;
  while (part.lastIndex < unsigned.length) {
    const [, whole = "", fraction = "", unit = ""] = part.exec(unsigned)!;
    if (whole === "" && fraction === "") return invalid;
    if (unit === "") return `time: missing unit in duration ${quoted(text)}`;
    const one = unitNanos.get(unit);
    if (one === undefined) return `time: unknown unit ${quoted(unit)} in duration ${quoted(text)}`;
    nanos += BigInt(whole || "0") * one;
    nanos += (BigInt(fraction || "0") * one) / 10n ** BigInt(fraction.length);
  }
  if (nanos > MAX_INT64) return invalid;
  return text.startsWith("-") ? -nanos : nanos;
}
