/** Which time is looked at, and how addresses say so: the part of their grammar that pages share. */

/** A stretch of time: up to now, or from one moment to another, [from, to) in seconds since 1970. */
export type TimeChoice =
  | { readonly kind: "since"; readonly seconds: number }
  | { readonly kind: "between"; readonly fromSeconds: number; readonly toSeconds: number };

/** A time, and how it is shown. */
export interface TimeView {
  readonly time: TimeChoice;
  /** Whether times are shown in UTC rather than in the reader's zone. */
  readonly utc: boolean;
}

/** What is looked at when nothing was chosen. */
export const lastHour: TimeView = { time: { kind: "since", seconds: 3600 }, utc: false };

const MAX_SECONDS = 2 ** 32 - 2 * 86_400;
const MAX_SINCE = 10 * 365 * 86_400;

/** The time that the query of an address asks for; what is wrong in it falls back to the last hour. */
export function readTimeView(params: URLSearchParams): TimeView {
  return { time: readTime(params), utc: params.get("time") === "utc" };
}

function readTime(params: URLSearchParams): TimeChoice {
  const fromSeconds = wholeNumber(params.get("from"), 0, MAX_SECONDS);
  const toSeconds = wholeNumber(params.get("to"), 0, MAX_SECONDS);
  if (fromSeconds !== undefined && toSeconds !== undefined && fromSeconds < toSeconds) {
    return { kind: "between", fromSeconds, toSeconds };
  }
  const seconds = wholeNumber(params.get("since"), 1, MAX_SINCE);
  return seconds === undefined ? lastHour.time : { kind: "since", seconds };
}

/** Writes a time into the query of an address, as far as it is not the last hour in the reader's zone. */
export function writeTimeView(params: URLSearchParams, { time, utc }: TimeView): void {
  if (time.kind === "between") {
    params.set("from", `${time.fromSeconds}`);
    params.set("to", `${time.toSeconds}`);
  } else if (time.seconds !== 3600) {
    params.set("since", `${time.seconds}`);
  }
  if (utc) params.set("time", "utc");
}

/** A whole number as an address has it, brought between the least and the most; undefined if it is none. */
export function wholeNumber(text: string | null, least: number, most: number): number | undefined {
  if (text === null || !/^\d{1,16}$/.test(text)) return undefined;
  return Math.min(Math.max(Number(text), least), most);
}
