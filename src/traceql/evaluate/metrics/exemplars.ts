/**
 * Which spans stand for a sample. The choice looks random and is the same however traces come in and
 * are merged: a trace offers one span, and of all that is offered for a stretch of a series the two
 * with the lowest hashes of their trace ids stay.
 */
import type { TimeGrid } from "./time-grid.ts";
import type { Label, SeriesExemplar } from "./series.ts";

const PER_STRETCH = 2;

/** A span that may become an exemplar. */
export interface Candidate {
  readonly traceId: string;
  /** Hash of the trace id: the lowest is taken. */
  readonly rank: number;
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
    stretches: Math.max(1, Math.floor(limit / PER_STRETCH)),
    samples: count,
  };
}

/** The candidates of one series that are still in. */
export class Exemplars {
  readonly #stretches = new Map<number, Candidate[]>();
  readonly #plan: ExemplarPlan;

  constructor(plan: ExemplarPlan) {
    this.#plan = plan;
  }

  /** Whether a candidate of this rank at this sample would stay, for now. */
  wants(index: number, rank: number): boolean {
    const last = this.#stretches.get(this.#stretchOf(index))?.[PER_STRETCH - 1];
    return this.#plan.limit > 0 && (last === undefined || rank <= last.rank);
  }

  offer(candidate: Candidate): void {
    if (this.#plan.limit === 0) return;
    const stretch = this.#stretchOf(candidate.index);
    const kept = [...(this.#stretches.get(stretch) ?? []), candidate].sort(compareCandidates);
    this.#stretches.set(stretch, kept.slice(0, PER_STRETCH));
  }

  merge(other: Exemplars): void {
    for (const candidate of other.candidates()) this.offer(candidate);
  }

  candidates(): Candidate[] {
    return [...this.#stretches.values()].flat();
  }

  #stretchOf(index: number): number {
    const { stretches, samples } = this.#plan;
    return Math.floor((index * Math.min(stretches, samples)) / samples);
  }
}

/** A candidate as an exemplar of a series with these values. */
export function exemplarOf(candidate: Candidate, values: Float64Array): SeriesExemplar {
  const { labels, timestampMs, index } = candidate;
  return { labels, timestampMs, index, value: candidate.value ?? values[index]! };
}

/** The order in which candidates are taken. */
function compareCandidates(a: Candidate, b: Candidate): number {
  return a.rank - b.rank || (a.traceId < b.traceId ? -1 : Number(a.traceId > b.traceId));
}

/** Of the candidates of all series those that the limit leaves. */
export function chosenCandidates(
  all: readonly Candidate[],
  { limit }: ExemplarPlan,
): ReadonlySet<Candidate> {
  return new Set([...all].sort(compareCandidates).slice(0, limit));
}

/** A hash of a text or of bytes, evenly spread. Source: FNV-1a and murmurhash3's finalizer. */
export function rankOf(items: string | Uint8Array): number {
  let bits = 0x811c9dc5;
  for (let i = 0; i < items.length; i++) {
    const unit = typeof items === "string" ? items.charCodeAt(i) : items[i]!;
    bits = Math.imul(bits ^ unit, 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
