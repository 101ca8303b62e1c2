/** The last hour of Clew's own counters, in memory, as lines over time. */
import type { InsertCounts, RefusalKind, SystemSample } from "./sample.ts";

/** How much is remembered. */
export interface HistoryLimits {
  /** Between two samples, at least. */
  readonly everyMs: number;
  readonly samples: number;
}

/** What happened in each of some steps of equal length; null where nothing is known of that time. */
export interface SystemLines {
  readonly stepSeconds: number;
  /** When each step begins, in seconds since 1970. The last one ends with the newest sample. */
  readonly times: readonly number[];
  readonly receivedPerSecond: readonly (number | null)[];
  readonly refusedPerSecond: readonly (number | null)[];
  /** Null where nothing was inserted, too. */
  readonly insertAverageSeconds: readonly (number | null)[];
  readonly insertP95Seconds: readonly (number | null)[];
  /** At the end of the step. */
  readonly logBytes: readonly (number | null)[];
  readonly queuedSpans: readonly (number | null)[];
}

/** Something refused: how often since this Clew started, and how often lately. */
export interface Refusal extends RefusalKind {
  readonly total: number;
  readonly lastHour: number;
}

const HOUR_MS = 3600_000;

/** Remembers samples. The oldest goes when there are too many. */
export class SystemHistory {
  readonly #limits: HistoryLimits;
  #samples: SystemSample[] = [];

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** Takes the newest sample; it takes the place of the one before unless that is old enough. */
  add(sample: SystemSample): void {
    const before = this.#samples.at(-2);
    const isEarly = before !== undefined && this.newest!.atMs - before.atMs < this.#limits.everyMs;
    if (isEarly) this.#samples.pop();
    this.#samples.push(sample);
    if (this.#samples.length > this.#limits.samples) this.#samples.shift();
  }

  /** Undefined until there is one. */
  get newest(): SystemSample | undefined {
    return this.#samples.at(-1);
  }

  /** The one an hour before the newest, or the oldest there is. */
  get hourAgo(): SystemSample | undefined {
    const { newest } = this;
    return newest && this.#samples.find(({ atMs }) => atMs >= newest.atMs - HOUR_MS);
  }

  /** What was refused, the most frequent lately first. Nothing was before the first sample. */
  refusals(): Refusal[] {
    const { newest, hourAgo } = this;
    if (newest === undefined || hourAgo === undefined) return [];
    const then = new Map(hourAgo.refusals.map((refusal) => [keyOf(refusal), refusal.count]));
    return newest.refusals
      .map(({ count, ...kind }) => {
        const lastHour = Math.max(0, count - (then.get(keyOf(kind)) ?? 0));
        return { ...kind, total: count, lastHour };
      })
      .toSorted((a, b) => b.lastHour - a.lastHour || b.total - a.total);
  }

  /** The last `count` steps up to the newest sample. */
  lines(count: number, stepSeconds: number): SystemLines {
    const samples = this.#samples;
    const endMs = this.newest?.atMs ?? 0;
    const edges = Array.from(
      { length: count + 1 },
      (_, i) => endMs - (count - i) * stepSeconds * 1000,
    );
    const firstMs = samples[0]?.atMs ?? 0;
    // The step in which it began to look is known in part.
    const at = edges.map((ms, i) => {
      const isPartlyKnown = ms < firstMs && firstMs < (edges[i + 1] ?? 0);
      return between(samples, isPartlyKnown ? firstMs : ms);
    });
    const steps = <T>(make: (from: Moment, to: Moment) => T | null): (T | null)[] =>
      Array.from({ length: count }, (_, i) => {
        const [from, to] = [at[i], at[i + 1]];
        return from === undefined || to === undefined ? null : make(from, to);
      });
    const growth = (read: (sample: SystemSample) => number) =>
      steps((from, to) => {
        const change = (of: typeof read): number => Math.max(0, to(of) - from(of));
        return (change(read) * 1000) / change(({ atMs }) => atMs);
      });
    const insertsOf = (from: Moment, to: Moment): InsertCounts =>
      insertsBetween(from, to, this.#bounds());
    return {
      stepSeconds,
      times: edges.slice(0, count).map((ms) => ms / 1000),
      receivedPerSecond: growth(({ receivedSpans }) => receivedSpans),
      refusedPerSecond: growth(refusedSpans),
      insertAverageSeconds: steps((from, to) => {
        const { count: inserts, seconds } = insertsOf(from, to);
        return inserts > LEAST_INSERTS ? seconds / inserts : null;
      }),
      insertP95Seconds: steps((from, to) => quantile(insertsOf(from, to), 0.95)),
      logBytes: at.slice(1).map((moment) => moment?.(({ logBytes }) => logBytes) ?? null),
      queuedSpans: at.slice(1).map((moment) => moment?.(({ queuedSpans }) => queuedSpans) ?? null),
    };
  }

  /** How long inserts of the last hour took: 95 of 100 at most so many seconds; null without any. */
  insertP95Seconds(): number | null {
    const { newest, hourAgo } = this;
    if (newest === undefined || hourAgo === undefined) return null;
    return quantile(insertsBetween(momentOf(hourAgo), momentOf(newest), this.#bounds()), 0.95);
  }

  #bounds(): number[] {
    return (this.newest?.inserts.buckets ?? []).map(([upTo]) => upTo);
  }
}

/** Spans refused so far, those dropped at the door for being too many included. */
export function refusedSpans({ refusals }: SystemSample): number {
  return refusals.reduce((sum, { what, count }) => {
    return what === "spans" || what === "spansAtDoor" ? sum + count : sum;
  }, 0);
}

function keyOf({ what, door, reason }: RefusalKind): string {
  return `${what}/${door}/${reason}`;
}

/** Reads a number at a moment, perhaps between two samples. */
type Moment = (read: (sample: SystemSample) => number) => number;

function momentOf(sample: SystemSample): Moment {
  return (read) => read(sample);
}

/** Undefined before the first sample and after the last. */
function between(samples: readonly SystemSample[], ms: number): Moment | undefined {
  const i = samples.findIndex(({ atMs }) => atMs >= ms);
  const next = samples[i];
  if (next === undefined) return undefined;
  const before = samples[i - 1];
  if (next.atMs === ms) return momentOf(next);
  if (before === undefined) return undefined;
  const part = (ms - before.atMs) / (next.atMs - before.atMs);
  return (read) => read(before) + part * (read(next) - read(before));
}

/** Less of an insert than this is what is left of one between two samples. */
const LEAST_INSERTS = 1e-6;

function insertsBetween(from: Moment, to: Moment, bounds: readonly number[]): InsertCounts {
  const change = (read: (sample: SystemSample) => number): number =>
    Math.max(0, to(read) - from(read));
  return {
    count: change(({ inserts }) => inserts.count),
    seconds: change(({ inserts }) => inserts.seconds),
    buckets: bounds.map((upTo, i) => [upTo, change(({ inserts }) => inserts.buckets[i]?.[1] ?? 0)]),
  };
}

/** As Prometheus's histogram_quantile: evenly within a bucket; null of nothing. */
function quantile({ count, buckets }: InsertCounts, part: number): number | null {
  if (count <= LEAST_INSERTS) return null;
  const rank = count * part;
  let [low, below] = [0, 0];
  for (const [upTo, upToCount] of buckets) {
    if (upToCount >= rank) {
      if (upTo === Infinity) return low;
      return low + ((upTo - low) * (rank - below)) / Math.max(upToCount - below, LEAST_INSERTS);
    }
    [low, below] = [upTo, upToCount];
  }
  return low;
}
