/** Points of time as text: RFC 3339 to the nanosecond. */

const pattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const SECOND_NANOS = 1_000_000_000n;

/** Nanoseconds since 1970 of `2026-01-31T12:00:00.5+01:00`; undefined if the text is not RFC 3339 (a
 * date that does not exist, no zone, more than nine digits of a second) or no signed 64-bit number
 * says it: before 1677, after 2262. */
export function parseTime(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const millis = new Date(0);
  millis.setUTCFullYear(year!, month! - 1, day);
  const exists = millis.getUTCMonth() === month! - 1 && millis.getUTCDate() === day;
  // 23:59:60 is a leap second, which unix time has no number for.
  if (!exists || hour! > 23 || minute! > 59 || second! > 59) return undefined;
  const [zoneHour, zoneMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (zoneHour > 23 || zoneMinute > 59) return undefined;
  const zoneMinutes = (zoneHour * 60 + zoneMinute) * (match[8] === "-" ? -1 : 1);
  const seconds = millis.getTime() / 1000 + ((hour! * 60 + minute! - zoneMinutes) * 60 + second!);
  const nanos = BigInt(seconds) * SECOND_NANOS + BigInt((match[7] ?? "").padEnd(9, "0"));
  return BigInt.asIntN(64, nanos) === nanos ? nanos : undefined;
}

/** The RFC 3339 text, in UTC, of nanoseconds since 1970; undefined outside the years 0 to 9999. */
export function formatTime(unixNano: bigint): string | undefined {
  let seconds = unixNano / SECOND_NANOS;
  let nanos = unixNano % SECOND_NANOS;
  if (nanos < 0n) [seconds, nanos] = [seconds - 1n, nanos + SECOND_NANOS];
  const date = new Date(Number(seconds) * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) return undefined;
  const fraction = nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}
