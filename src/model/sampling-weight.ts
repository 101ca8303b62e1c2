/**
 * How many spans one span stands for, by what its sampler wrote into tracestate. Source: OpenTelemetry,
 * "TraceState: Probability Sampling" (OTEP 235): `ot=th:<rejection threshold>`, where 1 to 14 hex
 * digits are a fraction of 2^56; of spans that would have had the same, (2^56 − T) / 2^56 were kept.
 */
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;
const HALF_DIGITS = 7;
const HALF = 2 ** 28; // what 7 hex digits hold

/** The adjusted count of a span with the tracestate `bytes[from..to)`: 1 if that says nothing, or
 * nothing that can be understood. Not a whole number in general. */
export function samplingWeight(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at = endOf(bytes, at, to, COMMA) + 1) {
    let start = at;
    while (start < to && (bytes[start] === SPACE || bytes[start] === TAB)) start++;
    if (startsWith(bytes, start, to, "ot=")) {
      return weightOfEntry(bytes, start + 3, endOf(bytes, start, to, COMMA));
    }
  }
  return 1;
}

/** Of `th:8;rv:…`. */
function weightOfEntry(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at = endOf(bytes, at, to, SEMICOLON) + 1) {
    if (!startsWith(bytes, at, to, "th:")) continue;
    let end = endOf(bytes, at, to, SEMICOLON);
    while (end > at && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
    return weightOfThreshold(bytes, at + 3, end);
  }
  return 1;
}

function weightOfThreshold(bytes: Uint8Array, from: number, to: number): number {
  const digits = to - from;
  if (digits < 1 || digits > 2 * HALF_DIGITS) return 1;
  // In halves: 56 bits are more than a number holds.
  let high = 0;
  let low = 0;
  for (let i = 0; i < 2 * HALF_DIGITS; i++) {
    const digit = i < digits ? hexDigit(bytes[from + i]!) : 0;
    if (digit < 0) return 1;
    if (i < HALF_DIGITS) high = high * 16 + digit;
    else low = low * 16 + digit;
  }
  return (HALF * HALF) / ((HALF - high) * HALF - low);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x61 + 10 : -1;
}

function startsWith(bytes: Uint8Array, at: number, to: number, text: string): boolean {
  if (at + text.length > to) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Where the next `separator` is, or the end. */
function endOf(bytes: Uint8Array, from: number, to: number, separator: number): number {
  for (let at = from; at < to; at++) if (bytes[at] === separator) return at;
  return to;
}
