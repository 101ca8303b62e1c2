/** What is wrong with Clew, in words, and what to do about it: a function of what is known. */
import type { StoreState } from "../../store/read-store-state.ts";
import { type Refusal, refusedSpans } from "./history.ts";
import { reasonText } from "./refusal-words.ts";
import type { SystemSample } from "./sample.ts";

/** Something that is wrong, or odd and worth knowing. */
export interface Finding {
  /** Wrong: spans or answers are lost, late, or about to be. */
  readonly severity: "wrong" | "odd";
  readonly sentence: string;
  /** What helps. */
  readonly advice: string;
}

/** What findings are made of. */
export interface SystemFacts {
  /** What keeps Clew from its work, in sentences. */
  readonly trouble: readonly string[];
  readonly newest: SystemSample;
  readonly hourAgo: SystemSample;
  readonly refusals: readonly Refusal[];
  readonly insertP95Seconds: number | null;
  /** Undefined if ClickHouse did not say. */
  readonly store: StoreState | undefined;
  /** Why days cannot be thinned, if so. */
  readonly thinningProblem: string | undefined;
}

const WRONG_FREE_BYTES = 2 * 2 ** 30;
const WRONG_FREE_SHARE = 0.03;
const ODD_FREE_SHARE = 0.1;
/** ClickHouse slows inserts down at 1,000 (parts_to_delay_insert). */
const MANY_PARTS = 300;
const TOO_MANY_PARTS = 900;
const SLOW_INSERT_SECONDS = 5;
/** Of requests: the sender is told to come again. */
const WAITS: ReadonlySet<string> = new Set(["exhausted", "unavailable", "timeout"]);

/** The worst first. */
export function findingsOf(facts: SystemFacts): Finding[] {
  const found = [
    ...facts.trouble.map((sentence) => wrong(sentence, "Clew's log says more.")),
    ...processes(facts),
    ...disks(facts),
    ...refused(facts),
    ...inserts(facts),
    ...parts(facts),
    ...(facts.thinningProblem === undefined
      ? []
      : [
          wrong(
            `Days are not thinned: ${facts.thinningProblem}.`,
            "Until that is mended everything is kept, for as long as the retention says.",
          ),
        ]),
    ...cardinality(facts),
  ];
  return found.toSorted((a, b) => Number(a.severity === "odd") - Number(b.severity === "odd"));
}

function wrong(sentence: string, advice: string): Finding {
  return { severity: "wrong", sentence: asSentence(sentence), advice };
}

function odd(sentence: string, advice: string): Finding {
  return { severity: "odd", sentence: asSentence(sentence), advice };
}

function asSentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}

function processes({ newest, hourAgo }: SystemFacts): Finding[] {
  const engine = newest.engineRestarts - hourAgo.engineRestarts;
  const workers = newest.workerRestarts - hourAgo.workerRestarts;
  return [
    ...(engine > 0
      ? [
          wrong(
            `ClickHouse ended by itself ${times(engine)} in the last hour.`,
            "It was started again and no span is lost. If memory ran out, lower clickhouse.maxMemoryBytes.",
          ),
        ]
      : []),
    ...(workers > 0
      ? [
          wrong(
            `An ingest worker ended by itself ${times(workers)} in the last hour.`,
            "It was started again and reads its log, so that nothing is lost. Clew's log says why it ended.",
          ),
        ]
      : []),
  ];
}

function disks({ store }: SystemFacts): Finding[] {
  return (store?.disks ?? []).flatMap(({ name, path, freeBytes, totalBytes }) => {
    const share = freeBytes / Math.max(totalBytes, 1);
    const sentence =
      `${percent(share)} of ClickHouse's disk is free: ${size(freeBytes)} of ${size(totalBytes)}` +
      ` (${name}, ${path})`;
    const advice =
      "Free some, keep spans for fewer days (retention.days), or thin them (sampling.policyFile).";
    if (share < WRONG_FREE_SHARE || freeBytes < WRONG_FREE_BYTES) return [wrong(sentence, advice)];
    return share < ODD_FREE_SHARE ? [odd(sentence, advice)] : [];
  });
}

function refused({ refusals }: SystemFacts): Finding[] {
  return refusals.flatMap((refusal) => {
    const { what, reason, lastHour } = refusal;
    if (lastHour === 0) return [];
    const text = reasonText(refusal);
    const sentence = (one: string): string =>
      `${some(lastHour, one)} of the last hour ${was(lastHour)} refused: ${text.what}`;
    if (what === "spans") return [wrong(sentence("span"), text.advice)];
    if (what === "request") {
      const tell = WAITS.has(reason) ? odd : wrong;
      return [tell(sentence("export request"), text.advice)];
    }
    return [];
  });
}

function inserts({ insertP95Seconds: seconds, store }: SystemFacts): Finding[] {
  if (seconds === null || seconds < SLOW_INSERT_SECONDS || store === undefined) return [];
  return [
    odd(
      `ClickHouse takes long to store spans: one insert in twenty over ${seconds.toFixed(1)} s` +
        " in the last hour.",
      "Nothing is lost, but spans are found later. The disk may be slow, or the machine busy.",
    ),
  ];
}

function parts({ store }: SystemFacts): Finding[] {
  return (store?.tables ?? [])
    .filter(({ mostParts }) => mostParts >= MANY_PARTS)
    .map(({ name, mostParts }) => {
      const sentence =
        `The table ${name} has ${mostParts.toLocaleString("en-US")} parts in one partition:` +
        " merges do not keep up";
      const advice =
        "ClickHouse slows inserts down at 1,000 and refuses them at 3,000. Larger blocks help:" +
        " raise ingest.maxBlockDelayMs.";
      return mostParts >= TOO_MANY_PARTS ? wrong(sentence, advice) : odd(sentence, advice);
    });
}

function cardinality({ newest, hourAgo }: SystemFacts): Finding[] {
  const renamed = newest.renamedSpans - hourAgo.renamedSpans;
  const keys = newest.overflowingKeys - hourAgo.overflowingKeys;
  return [
    ...(renamed > 0
      ? [
          odd(
            `${some(renamed, "span")} of the last hour ${was(renamed)} counted under a name without ids:` +
              " their service has too many span names.",
            "The spans are kept as they are. Put ids into attributes, not into span names.",
          ),
        ]
      : []),
    ...(keys > 0
      ? [
          odd(
            `${some(keys, "attribute")} of the last hour had keys that are too many, or too long,` +
              " to be counted one by one.",
            "They are kept and can be asked for. On /metrics, clew_attribute_keys_overflowing names one.",
          ),
        ]
      : []),
  ];
}

/** What goes on, for when nothing is wrong. */
export function summaryOf({ newest, hourAgo, insertP95Seconds }: SystemFacts): string {
  const seconds = Math.max((newest.atMs - hourAgo.atMs) / 1000, 1);
  const spans = newest.receivedSpans - hourAgo.receivedSpans;
  if (spans === 0) return "No span came in the last hour.";
  const stored =
    insertP95Seconds === null ? "" : `, 95 % of inserts took at most ${latency(insertP95Seconds)}`;
  const refusedLately = refusedSpans(newest) - refusedSpans(hourAgo);
  const none = refusedLately === 0 ? "none refused" : `${some(refusedLately, "span")} not taken`;
  return `${some(spans, "span")} came in the last ${minutes(seconds)}${stored}; ${none}.`;
}

function latency(seconds: number): string {
  return seconds < 1 ? `${Math.ceil(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function minutes(seconds: number): string {
  const whole = Math.round(seconds / 60);
  return whole >= 59 ? "hour" : whole <= 1 ? "minute" : `${whole} minutes`;
}

function some(count: number, one: string): string {
  return `${Math.round(count).toLocaleString("en-US")} ${count === 1 ? one : `${one}s`}`;
}

function was(count: number): string {
  return count === 1 ? "was" : "were";
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function size(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}
