/** What the page of sampling shows, and how its address says so. */
import { wholeNumber } from "../time-choice.ts";

/** See the top of this file. */
export interface SamplingQuery {
  /** Policies are tried on the spans of so many seconds up to now. */
  readonly sinceSeconds: number;
  /** The policies that are tried, as YAML; "" for those in force. */
  readonly policies: string;
}

/** The times that are offered, in seconds. */
export const triedTimes: readonly (readonly [seconds: number, name: string])[] = [
  [3600, "1 h"],
  [21_600, "6 h"],
  [86_400, "24 h"],
];

const DEFAULT_SECONDS = 3600;
const MOST_SECONDS = 366 * 86_400;

/** What the query of an address asks for; what is wrong in it falls back to its default. */
export function readSamplingQuery(params: URLSearchParams): SamplingQuery {
  return {
    sinceSeconds: wholeNumber(params.get("since"), 1, MOST_SECONDS) ?? DEFAULT_SECONDS,
    policies: params.get("policies") ?? "",
  };
}

/** The address that shows `query`. */
export function samplingHref(query: Partial<SamplingQuery> = {}): string {
  const { sinceSeconds = DEFAULT_SECONDS, policies = "" } = query;
  const params = new URLSearchParams();
  if (sinceSeconds !== DEFAULT_SECONDS) params.set("since", `${sinceSeconds}`);
  if (policies !== "") params.set("policies", policies);
  return params.size === 0 ? "/sampling" : `/sampling?${params}`;
}
