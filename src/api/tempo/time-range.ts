/** From when to when a question is about, as Tempo's parameters say it. */
import { Fault } from "../../base/fault.ts";
import { formatDuration, parseDuration } from "../../traceql/duration.ts";
import { parseTime } from "../../traceql/time.ts";
import { goDuration } from "./go-duration.ts";
import { quoted } from "./parameters.ts";

const SECOND_NANO = 1_000_000_000n;

/** Unix nanoseconds, [from, to); absent where nothing is said. */
export interface NanoRange {
  readonly fromNano?: bigint;
  readonly toNano?: bigint;
}

/** Start and end as whole unix seconds; 0 and absent say nothing. */
export interface SecondsRange {
  readonly start?: bigint | undefined;
  readonly end?: bigint | undefined;
}

/** The range of a search, which has both ends or none. Throws Fault "invalid" if it is none or longer
 * than `maxNano` (0 for no limit). */
export function searchRange({ start = 0n, end = 0n }: SecondsRange, maxNano: bigint): NanoRange {
  if (start === 0n && end === 0n) return {};
  const received = `received start=${start} end=${end}`;
  if (start >= end) {
    throw new Fault("invalid", `http parameter start must be before end. ${received}`);
  }
  if (maxNano > 0n && (end - start) * SECOND_NANO > maxNano) {
    const limit = formatDuration(maxNano);
    throw new Fault("invalid", `range specified by start and end exceeds ${limit}. ${received}`);
  }
  return { fromNano: start * SECOND_NANO, toNano: end * SECOND_NANO };
}

/** The range of a question for tags, either end of which may be open. */
export function tagsRange({ start = 0n, end = 0n }: SecondsRange): NanoRange {
  if (start > 0n && end > 0n) return searchRange({ start, end }, 0n);
  return {
    ...(start > 0n && { fromNano: start * SECOND_NANO }),
    ...(end > 0n && { toNano: end * SECOND_NANO }),
  };
}

/** Metrics parameters are refused in these words, which are those of a library of Tempo's. */
function refused(message: string): Fault {
  return new Fault("invalid", `rpc error: code = Code(400) desc = ${message}`);
}

const GO_LAYOUT = "2006-01-02T15:04:05.999999999Z07:00";
const MAX_INT64 = 2n ** 63n - 1n;

/** A moment: unix seconds (up to ten digits), nanoseconds, seconds with a fraction or RFC 3339. */
function moment(name: string, text: string): bigint {
  const [, sign = "", whole = "", fraction] = /^(-?)(\d{1,19})(?:\.(\d{0,30}))?$/.exec(text) ?? [];
  if (whole !== "") {
    const isSeconds = whole.length <= 10 || fraction !== undefined;
    const digits = (fraction ?? "").slice(0, 9).padEnd(9, "0");
    const nanos = BigInt(whole) * (isSeconds ? SECOND_NANO : 1n) + BigInt(isSeconds ? digits : 0);
    if (nanos <= MAX_INT64) return sign === "" ? nanos : -nanos;
  }
  const time = parseTime(text);
  if (time !== undefined) return time;
  const problem = `parsing time ${quoted(text)} as "${GO_LAYOUT}": cannot parse`;
  throw refused(`could not parse '${name}' parameter: ${problem} ${quoted(text)} as "2006"`);
}

/** The range of a metrics query: start and end, or the time since when; the last hour by default. */
export function metricsRange(
  query: URLSearchParams,
  nowNano: bigint,
): { readonly startNano: bigint; readonly endNano: bigint } {
  const [start, end] = ["start", "end"].map((name) => {
    const text = query.get(name) ?? "";
    return text === "" ? undefined : moment(name, text);
  });
  const endNano = end ?? nowNano;
  if (start !== undefined) return { startNano: start, endNano };
  const since = query.get("since") || "1h";
  const sinceNano = parseDuration(since);
  if (sinceNano === undefined) {
    const problem = `not a valid duration string: ${quoted(since)}`;
    throw refused(`could not parse 'since' parameter: ${problem}`);
  }
  return { startNano: endNano - sinceNano, endNano };
}

/** The step that is asked for, in seconds or as a Go duration. */
export function stepParameter(query: URLSearchParams): bigint | undefined {
  const text = query.get("step") ?? "";
  if (text === "") return undefined;
  const isNumber = text.length <= 40 && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  const nanos = isNumber ? secondsToNano(Number(text)) : goDuration(text);
  if (typeof nanos === "string") {
    throw refused(`cannot parse ${quoted(text)} to a valid duration`);
  }
  if (nanos <= 0n) throw refused(`cannot parse ${quoted(text)}: step must be positive`);
  return nanos;
}

function secondsToNano(seconds: number): bigint | string {
  const nanos = Math.round(seconds * 1e9);
  return Math.abs(nanos) < 2 ** 63 ? BigInt(nanos) : "too large";
}
