/**
 * Which spans stand for a sample. The choice looks random and is the same however spans come in and are
 * merged, and a database can make it, too: a span's rank is a hash of its start. Of each stretch of time of
 * a series the span of the lowest rank is a candidate, and of all candidates those of the lowest ranks
 * are taken, one a trace.
 */
import type { TimeGrid } from "./time-grid.ts";
import { compareText } from "../../arithmetic.ts";
import { type Label, labelsText, type SeriesExemplar } from "./series.ts";

/** A span that may become an exemplar. */
export interface Candidate {
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** See `rankOf`; the lowest is taken. */
  readonly rank: bigint;
  readonly labels: readonly Label[];
  /** What its function measured of it. */
  readonly measure: number;
  /** Its own value; absent if it is to have that of its sample. */
  readonly value: number | undefined;
  /** Unix milliseconds. */
  readonly timestampMs: number;
  /** The number of its sample. */
  readonly index: number;
}

/** How many exemplars there may be, and where. */
export interface ExemplarPlan {
  /** For a whole function of the query. */
  readonly limit: number;
  /** How many stretches of time a series is divided into. */
  readonly stretches: number;
  readonly samples: number;
}

/** At most `limit` exemplars on a grid; instant queries have none. */
export function planExemplars(limit: number, { isInstant, count }: TimeGrid): ExemplarPlan {
  return {
    limit: isInstant ? 0 : limit,
    stretches: Math.max(1, Math.min(limit, count)),
    samples: count,
  };
}

/** The number of the stretch that a sample lies in. */
export function stretchOf({ stretches, samples }: ExemplarPlan, index: number): number {
  return Math.floor((index * stretches) / samples);
}

/** The candidates of one series. */
export class Exemplars {
  readonly #lowest = new Map<number, Candidate>();
  readonly #plan: ExemplarPlan;

  constructor(plan: ExemplarPlan) {
    this.#plan = plan;
  }

  /** Whether one of this rank at this sample would be a candidate, for now. */
  wants(index: number, rank: bigint): boolean {
    if (this.#plan.limit === 0) return false;
    const lowest = this.#lowest.get(stretchOf(this.#plan, index));
    return lowest === undefined || rank <= lowest.rank;
  }

  offer(candidate: Candidate): void {
    if (this.#plan.limit === 0) return;
    const stretch = stretchOf(this.#plan, candidate.index);
    const lowest = this.#lowest.get(stretch);
    if (lowest === undefined || compareCandidates(candidate, lowest) < 0) {
      this.#lowest.set(stretch, candidate);
    }
  }

  merge(other: Exemplars): void {
    for (const candidate of other.candidates()) this.offer(candidate);
  }

  /** By time. */
  candidates(): Candidate[] {
    return [...this.#lowest.values()].sort(
      (a, b) => a.timestampMs - b.timestampMs || compareCandidates(a, b),
    );
  }
}

/** A candidate as an exemplar of a series with these values. */
export function exemplarOf(candidate: Candidate, values: Float64Array): SeriesExemplar {
  const { labels, timestampMs, index } = candidate;
  return { labels, timestampMs, index, value: candidate.value ?? values[index]! };
}

/** The order in which candidates are taken. */
function compareCandidates(a: Candidate, b: Candidate): number {
  if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1;
  const [one, other] = [a.traceId + a.spanId, b.traceId + b.spanId];
  if (one !== other) return one < other ? -1 : 1;
  // Twins: spans that share an id.
  return a.measure - b.measure || compareText(labelsText(a.labels), labelsText(b.labels));
}

/** Of the candidates of all series those that the limit leaves. */
export function chosenCandidates(
  all: readonly Candidate[],
  { limit }: ExemplarPlan,
): ReadonlySet<Candidate> {
  const chosen = new Set<Candidate>();
  const traces = new Set<string>();
  for (const candidate of [...all].sort(compareCandidates)) {
    if (chosen.size === limit) break;
    if (traces.has(candidate.traceId)) continue;
    traces.add(candidate.traceId);
    chosen.add(candidate);
  }
  return chosen;
}

/** 2^64 divided by the golden ratio: multiples of it are spread evenly. An odd number, so different
 * starts have different ranks. */
export const RANK_FACTOR = 0x9e3779b97f4a7c15n;
const RANK_BITS = 64;

/** The rank of a span that starts at these unix nanoseconds. */
export function rankOf(startUnixNano: bigint): bigint {
  return BigInt.asUintN(RANK_BITS, startUnixNano * RANK_FACTOR);
}
