/** What is wrong with the ingest log, or will be soon, as a name and a sentence. */
import type { Ages } from "./unconfirmed.ts";

/** All that can be wrong: labels of the gauge. With the first three senders are refused. */
export const logStates = ["unwritable", "full", "old", "filling", "aging", "stuck"] as const;

/** One thing that is wrong. */
export interface LogState {
  readonly what: (typeof logStates)[number];
  readonly refuses: boolean;
  readonly sentence: string;
}

/** What a log looks like at a moment. */
export interface LogFacts {
  /** Why it cannot be written, if so. */
  readonly unwritable: string | undefined;
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly ages: Ages;
  readonly maxAgeSeconds: number;
}

/** Share of a limit from which on it is told of. */
const WARN_SHARE = 0.8;
/** From this age on a batch that is stuck is told of. */
const STUCK_SECONDS = 600;

/** The worst that is wrong, if anything is. */
export function logState(facts: LogFacts): LogState | undefined {
  const { unwritable, usedBytes, totalBytes, ages, maxAgeSeconds } = facts;
  const state = (what: LogState["what"], sentence: string): LogState => {
    return { what, refuses: logStates.indexOf(what) < 3, sentence };
  };
  if (unwritable !== undefined) return state("unwritable", unwritable);
  if (usedBytes >= totalBytes) {
    return state("full", `the ingest log is full: ${usedBytes} of ${totalBytes} bytes`);
  }
  const { waiting = 0, stuck = 0 } = ages;
  const behind = `ClickHouse has none of the spans of the last ${duration(waiting)}`;
  if (waiting >= maxAgeSeconds) {
    return state("old", `${behind}; senders are refused until it takes them`);
  }
  if (usedBytes >= totalBytes * WARN_SHARE) {
    const percent = Math.floor((usedBytes / totalBytes) * 100);
    return state("filling", `the ingest log is ${percent} % full; senders are refused at 100 %`);
  }
  if (waiting >= maxAgeSeconds * WARN_SHARE) {
    return state("aging", `${behind}; senders are refused at ${duration(maxAgeSeconds)}`);
  }
  if (stuck >= STUCK_SECONDS) {
    const what = `spans that came ${duration(stuck)} ago are not in ClickHouse`;
    return state("stuck", `${what}, although others are taken or refused; Clew's log says why`);
  }
  return undefined;
}

function duration(seconds: number): string {
  const units = [
    ["days", 86_400],
    ["hours", 3600],
    ["minutes", 60],
    ["seconds", 1],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? units[3];
  return `${Math.floor(seconds / size)} ${unit}`;
}
