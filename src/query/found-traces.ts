import type { Sort } from "../traceql/ast.ts";
import type { SpansetMatch } from "../traceql/evaluate/search.ts";
import { compareTraces, type RankedTrace } from "../traceql/evaluate/sort.ts";
import type { SkeletonTrace } from "../store/skeleton-trace.ts";

/** A trace that the query finds, as it was looked at. */
export interface FoundSkeleton extends RankedTrace {
  readonly trace: SkeletonTrace;
  readonly matches: readonly SpansetMatch[];
}

/** Traces that are let go of at a time when there are more than the answer may have. */
const SPARE = 1_000;

/** The traces found so far, as many as the answer may have. */
export class FoundTraces {
  readonly #sort: Sort | undefined;
  readonly #limit: number;
  readonly #ids = new Set<string>();
  readonly #told = new Set<string>();
  /** In order, from the last cut on with others behind. */
  #found: FoundSkeleton[] = [];

  constructor(sort: Sort | undefined, limit: number) {
    this.#sort = sort;
    this.#limit = limit;
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId);
  }

  add(trace: SkeletonTrace, matches: readonly SpansetMatch[]): void {
    const { traceId } = trace;
    this.#ids.add(traceId);
    const startUnixNano = trace.filedNano.reduce((least, filed) => (filed < least ? filed : least));
    this.#found.push({ traceId, startUnixNano, key: matches[0]!.key, trace, matches });
    if (this.#found.length > this.#limit + SPARE) this.#found = this.first();
  }

  /** The first ones, in order, as many as the answer may have. */
  first(): FoundSkeleton[] {
    this.#found.sort((a, b) => compareTraces(this.#sort, a, b));
    return this.#found.slice(0, this.#limit);
  }

  /** How many are surely in the answer if no other has a longer span (or is longer). */
  countLonger(thanNano: bigint): number {
    const isLonger = ({ key }: FoundSkeleton): boolean =>
      key?.type === "duration" && key.value > thanNano;
    return this.first().filter(isLonger).length;
  }

  /** Those that are surely in the answer if no other has begun later, and which of them are told of for
   * the first time. */
  newer(thanNano: bigint): { readonly count: number; readonly untold: readonly FoundSkeleton[] } {
    const newer = this.first().filter(({ startUnixNano }) => startUnixNano > thanNano);
    const untold = newer.filter(({ traceId }) => !this.#told.has(traceId));
    for (const { traceId } of untold) this.#told.add(traceId);
    return { count: newer.length, untold };
  }
}
