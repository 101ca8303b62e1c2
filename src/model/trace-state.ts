/** What samplers note in tracestate, in the entry `ot`: a rejection threshold `th` and a randomness `rv`,
 * fractions of 2^56 in hex. Source: OpenTelemetry, "TraceState: Probability Sampling" (OTEP 235). */

const DIGITS = 14;
const TH = /^[0-9a-f]{1,14}$/;
const RV = /^[0-9a-f]{14}$/;

/** What a span's samplers have noted. */
export interface SamplingNote {
  readonly threshold: bigint | undefined;
  readonly randomness: bigint | undefined;
}

/** Reads it; what cannot be understood is not there. */
export function readSamplingNote(traceState: string): SamplingNote {
  const fields = fieldsOf(entriesOf(traceState).find(isOurs));
  const th = fields.find(([key]) => key === "th")?.[1] ?? "";
  const rv = fields.find(([key]) => key === "rv")?.[1] ?? "";
  return {
    threshold: TH.test(th) ? BigInt(`0x${th.padEnd(DIGITS, "0")}`) : undefined,
    randomness: RV.test(rv) ? BigInt(`0x${rv}`) : undefined,
  };
}

/** The tracestate with this threshold in place of another. The entry that is changed comes first. */
export function withThreshold(traceState: string, threshold: bigint): string {
  const entries = entriesOf(traceState);
  const others = entries.filter((entry) => !isOurs(entry));
  const kept = fieldsOf(entries.find(isOurs)).filter(([key]) => key !== "th");
  const digits = threshold.toString(16).padStart(DIGITS, "0").replace(/0+$/, "") || "0";
  const fields = [`th:${digits}`, ...kept.map(([key, value]) => `${key}:${value}`)];
  return [`ot=${fields.join(";")}`, ...others].join(",");
}

function entriesOf(traceState: string): string[] {
  return traceState
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function isOurs(entry: string): boolean {
  return entry.startsWith("ot=");
}

function fieldsOf(entry: string | undefined): (readonly [key: string, value: string])[] {
  if (entry === undefined) return [];
  return entry
    .slice("ot=".length)
    .split(";")
    .map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon).trim(), field.slice(colon + 1).trim()] as const;
    });
}
