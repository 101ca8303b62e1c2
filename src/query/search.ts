/**
 * Searches: the traces that answer a TraceQL query, the newest first or as the query sorts.
 *
 * A trace is found if some span found in it is filed within the time asked for. It is judged with all
 * its spans up to an hour around the slice of time in which it came up, whenever they arrived and
 * wherever they are stored. Slices are looked through from the newest on, in each the candidates from
 * the newest on (see store/candidates.ts), until no trace that is left can belong in the answer: so the
 * answer is what looking at everything would give.
 */
import { inSlices } from "../base/slices.ts";
import type { KeyValue, TraceSummary } from "../model/trace.ts";
import {
  type Candidate,
  candidatePlan,
  type CandidateReading,
  readCandidates,
  type Stretch,
} from "../store/candidates.ts";
import { asked } from "../store/query-faults.ts";
import { readSkeletons, skeletonPlan } from "../store/skeletons.ts";
import type { SkeletonTrace } from "../store/skeleton-trace.ts";
import type { SearchQuery } from "../traceql/ast.ts";
import { neededFields } from "../traceql/evaluate/needed-fields.ts";
import { compileSearch, type ShownSpan, type SpansetMatch } from "../traceql/evaluate/search.ts";
import { compareTraces, type RankedTrace } from "../traceql/evaluate/sort.ts";
import { summarizeTrace } from "../traceql/evaluate/summarize.ts";
import { anyValueOf } from "../traceql/evaluate/values.ts";
import { Fault } from "../base/fault.ts";
import { type Asking, type Receipt, ReceiptBook } from "./receipt.ts";
import { slicesOf, stretchOf } from "./time-slices.ts";
import { type QueryOptions, statementSettings } from "./query-options.ts";

/** What is searched for. */
export interface SearchRequest {
  /** Checked. */
  readonly query: SearchQuery;
  /** Unix nanoseconds, the end not included. Without both: the last hour. */
  readonly fromNano?: bigint | undefined;
  readonly toNano?: bigint | undefined;
  /** Traces at most; `limit` in the query lowers it. */
  readonly limit: number;
  readonly spansPerSpanset: number;
}

/** A spanset found, with the first of its spans. */
export interface FoundSpanset {
  /** How many spans it has. */
  readonly matched: number;
  readonly attributes: readonly KeyValue[];
  readonly spans: readonly ShownSpan[];
}

/** A trace found. */
export interface FoundTrace {
  readonly summary: TraceSummary;
  readonly spansets: readonly FoundSpanset[];
}

/** The traces found, in order, and what it took. */
export interface SearchAnswer {
  readonly traces: readonly FoundTrace[];
  readonly receipt: Receipt;
}

/** Who waits for a search. */
export interface SearchAsking extends Asking {
  /** Called while it works with traces that will be in the answer and were not told before. */
  readonly progress?: ((found: readonly FoundTrace[], receipt: Receipt) => void) | undefined;
}

/** What the doors may ask. Throws Fault "timeout", "unavailable", "tooLarge" for more than the limits
 * allow, "invalid" for what cannot be calculated; the signal's reason when aborted. */
export interface SearchQueries {
  search(request: SearchRequest, asking?: SearchAsking): Promise<SearchAnswer>;
}

/** Searches over one store. */
export function createSearch(options: QueryOptions): SearchQueries {
  return {
    search: (request, asking = {}) => asked(() => new Search(options, request, asking).run()),
  };
}

const REACH_NANO = 3600n * 1_000_000_000n;
const PAGE = 5_000;
const LEAST_CHUNK = 64;
const MOST_CHUNK = 1_024;
/** Rows of skeletons at a time. */
const CHUNK_ROWS = 400_000;
const SLICE_MS = 5;

interface Found extends RankedTrace {
  readonly trace: SkeletonTrace;
  readonly matches: readonly SpansetMatch[];
}

class Search {
  readonly #options: QueryOptions;
  readonly #request: SearchRequest;
  readonly #asking: SearchAsking;
  readonly #stretch: Stretch;
  readonly #limit: number;
  readonly #plan;
  readonly #skeletons;
  readonly #compiled;
  readonly #book = new ReceiptBook();
  readonly #foundIds = new Set<string>();
  /** In order, from the last cut on with others behind. */
  #found: Found[] = [];
  readonly #told = new Set<string>();
  readonly #deadline: number;

  constructor(options: QueryOptions, request: SearchRequest, asking: SearchAsking) {
    this.#options = options;
    this.#request = request;
    this.#asking = asking;
    this.#stretch = stretchOf(request, options.nowSeconds());
    const { query } = request;
    this.#limit = Math.min(request.limit, query.limit?.count ?? request.limit);
    this.#plan = candidatePlan(query.pipeline, options.table());
    this.#skeletons = skeletonPlan(neededFields(query), options.table());
    this.#compiled = compileSearch(query);
    this.#deadline = performance.now() + options.limits.seconds * 1000;
  }

  async run(): Promise<SearchAnswer> {
    if (this.#plan.row !== false && this.#limit > 0) {
      if (this.#isLongestFirst()) await this.#runByDuration();
      else await this.#runBySlices();
    }
    const traces = this.#first().map((found) => this.#show(found));
    return { traces, receipt: this.#book.receipt(this.#stretch.toNano) };
  }

  /** Whether a candidate's longest span says how far ahead it can be. */
  #isLongestFirst(): boolean {
    const { sort } = this.#request.query;
    return (
      sort?.direction === "desc" &&
      sort.by.kind === "intrinsic" &&
      sort.by.name === "span:duration" &&
      !sort.by.ofParent
    );
  }

  async #runByDuration(): Promise<void> {
    this.#book.slicesTotal = 1;
    await this.#look("longest", this.#stretch, (bound) => this.#countAbove(bound));
    this.#book.slicesDone = 1;
  }

  /** Of those found, how many are surely ahead of everything whose spans last no longer than that. */
  #countAbove(boundNano: bigint): number {
    const isAbove = ({ key }: Found): boolean => key?.type === "duration" && key.value > boundNano;
    return this.#first().filter(isAbove).length;
  }

  async #runBySlices(): Promise<void> {
    const slices = [...slicesOf(this.#stretch)];
    this.#book.slicesTotal = slices.length;
    for (const slice of slices) {
      const isSorted = this.#request.query.sort !== undefined;
      const surely = (bound: bigint): number => (isSorted ? 0 : this.#tellNewerThan(bound));
      if (await this.#look("newest", slice, surely)) return;
      this.#book.slicesDone++;
      // What is left has begun before.
      if (surely(slice.fromNano - 1n) >= this.#limit) return;
    }
  }

  /** Of those found, how many are surely in the answer when all that is left has begun by then. */
  #tellNewerThan(boundNano: bigint): number {
    const sure = this.#first().filter(({ startUnixNano }) => startUnixNano > boundNano);
    const fresh = sure.filter(({ traceId }) => !this.#told.has(traceId));
    for (const { traceId } of fresh) this.#told.add(traceId);
    const { progress } = this.#asking;
    if (progress !== undefined) {
      const shown = fresh.map((found) => this.#show(found));
      progress(shown, this.#book.receipt(this.#stretch.toNano));
    }
    return sure.length;
  }

  /** Looks at a stretch's candidates until the answer is sure; says whether it is. */
  async #look(
    order: "newest" | "longest",
    stretch: Stretch,
    surely: (bound: bigint) => number,
  ): Promise<boolean> {
    let after: Candidate | undefined;
    let size = LEAST_CHUNK;
    for (;;) {
      const query = { plan: this.#plan, order, stretch, reachNano: REACH_NANO, limit: PAGE, after };
      const page = await readCandidates(this.#reading(), query);
      for (let at = 0; at < page.length;) {
        const chunk = page.slice(at, at + size);
        await this.#judge(chunk, stretch);
        at += chunk.length;
        size = Math.min(size * 2, MOST_CHUNK);
        const isLast = at === page.length && page.length < PAGE;
        if (!isLast && surely(chunk.at(-1)!.key) >= this.#limit) return true;
      }
      if (page.length < PAGE) return false;
      after = page.at(-1);
    }
  }

  #reading(): CandidateReading {
    const { client, database, tenant, limits } = this.#options;
    const left = (this.#deadline - performance.now()) / 1000;
    if (left <= 0) throw new Fault("timeout", "the query took longer than query.maxSeconds");
    const settings = statementSettings({ ...limits, seconds: left });
    const sending = { signal: this.#asking.signal, onCost: this.#book.onCost };
    return { client, database, tenant, settings, sending };
  }

  async #judge(candidates: readonly Candidate[], stretch: Stretch): Promise<void> {
    const ids = candidates.map(({ traceId }) => traceId).filter((id) => !this.#foundIds.has(id));
    if (ids.length === 0) return;
    this.#book.candidates += ids.length;
    const { candidateTraces } = this.#options.limits;
    if (this.#book.candidates > candidateTraces) {
      const message = `the query has to look at more than ${candidateTraces} traces`;
      throw new Fault("tooLarge", `${message} (query.maxCandidateTraces): ask for less time`);
    }
    const traces = await this.#read(ids, {
      fromNano: stretch.fromNano - REACH_NANO,
      toNano: stretch.toNano + REACH_NANO,
    });
    await inSlices(this.#evaluate(traces), SLICE_MS);
  }

  async #read(ids: readonly string[], stretch: Stretch): Promise<Map<string, SkeletonTrace>> {
    const query = { plan: this.#skeletons, traceIds: ids, stretch, maxRows: CHUNK_ROWS };
    try {
      return await readSkeletons(this.#reading(), query);
    } catch (error) {
      const isTooMuch = error instanceof Fault && error.code === "tooLarge";
      if (!isTooMuch || ids.length === 1) throw error;
      const half = Math.ceil(ids.length / 2);
      const first = await this.#read(ids.slice(0, half), stretch);
      return new Map([...first, ...(await this.#read(ids.slice(half), stretch))]);
    }
  }

  *#evaluate(traces: ReadonlyMap<string, SkeletonTrace>): Generator<undefined, void> {
    for (const trace of traces.values()) {
      this.#book.inspectedSpans += trace.length;
      const matches = this.#compiled.evaluate(trace);
      if (this.#isWithin(trace, matches)) this.#add(trace, matches);
      yield;
    }
    this.#asking.signal?.throwIfAborted();
  }

  #isWithin({ filedNano }: SkeletonTrace, matches: readonly SpansetMatch[]): boolean {
    const { fromNano, toNano } = this.#stretch;
    return matches.some(({ rows }) =>
      rows.some((row) => filedNano[row]! >= fromNano && filedNano[row]! < toNano),
    );
  }

  #add(trace: SkeletonTrace, matches: readonly SpansetMatch[]): void {
    const { traceId } = trace;
    this.#foundIds.add(traceId);
    const startUnixNano = trace.filedNano.reduce((least, filed) => (filed < least ? filed : least));
    this.#found.push({ traceId, startUnixNano, key: matches[0]!.key, trace, matches });
    if (this.#found.length > 2 * this.#limit + MOST_CHUNK) this.#found = this.#first();
  }

  /** The first of those found, in order. */
  #first(): Found[] {
    const { sort } = this.#request.query;
    this.#found.sort((a, b) => compareTraces(sort, a, b));
    return this.#found.slice(0, this.#limit);
  }

  #show({ trace, matches }: Found): FoundTrace {
    const { spansPerSpanset } = this.#request;
    return {
      summary: summarizeTrace(trace),
      spansets: matches.map((match) => ({
        matched: match.rows.length,
        attributes: match.attributes.map(({ name, value }) => ({
          key: name,
          value: anyValueOf(value),
        })),
        spans: this.#compiled.show(trace, match, spansPerSpanset),
      })),
    };
  }
}
