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
  type CandidateOrder,
  type CandidateQuery,
  type CandidateReading,
  readCandidates,
  readLongestSpans,
  type Stretch,
  widened,
} from "../store/candidates.ts";
import { type CandidatePlan, candidatePlan } from "../store/candidate-plan.ts";
import { readKnownTable } from "../store/known-table.ts";
import { asked } from "../store/query-faults.ts";
import { readSkeletons, type SkeletonPlan, skeletonPlan } from "../store/skeletons.ts";
import type { SkeletonTrace } from "../store/skeleton-trace.ts";
import type { SearchQuery } from "../traceql/ast.ts";
import { neededFields } from "../traceql/evaluate/needed-fields.ts";
import { compileSearch, type ShownSpan, type SpansetMatch } from "../traceql/evaluate/search.ts";
import { summarizeTrace } from "../traceql/evaluate/summarize.ts";
import { anyValueOf } from "../traceql/evaluate/values.ts";
import { Fault } from "../base/fault.ts";
import { type Asking, type Receipt, ReceiptBook } from "./receipt.ts";
import { type SearchSteps, usualSteps } from "./search-steps.ts";
import { slicesOf, stretchOf } from "./time-slices.ts";
import { type FoundSkeleton, FoundTraces } from "./found-traces.ts";
import type { QueryOptions } from "./query-options.ts";
import { noteQueried, readingOf } from "./reading.ts";

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
export function createSearch(
  options: QueryOptions,
  steps: SearchSteps = usualSteps,
): SearchQueries {
  return {
    search: (request, asking = {}) =>
      asked(() => new Search(options, request, asking, steps).run()),
  };
}

/** Spans of a trace that far from those that may be found count, too. */
const REACH_NANO = 3600n * 1_000_000_000n;
const SLICE_MS = 5;
/** A slice with fewer candidates says that the next one may be much longer. */
const FEW_CANDIDATES = 4;

/** How the query is asked of the store. */
interface Plans {
  readonly candidates: CandidatePlan;
  readonly skeletons: SkeletonPlan;
}

/** How candidates are asked for at first. */
const usual = { isNarrowed: false, reachNano: REACH_NANO } as const;

/** Says how many of those found are surely in the answer when no other candidate's key is above the bound. */
type Surely = (bound: bigint) => number;

class Search {
  readonly #options: QueryOptions;
  readonly #request: SearchRequest;
  readonly #asking: SearchAsking;
  readonly #steps: SearchSteps;
  readonly #stretch: Stretch;
  readonly #limit: number;
  readonly #compiled;
  readonly #book = new ReceiptBook();
  readonly #found: FoundTraces;
  readonly #reading: () => CandidateReading;
  /** There are many candidates by what single rows say. */
  #isNarrowed = false;

  constructor(
    options: QueryOptions,
    request: SearchRequest,
    asking: SearchAsking,
    steps: SearchSteps,
  ) {
    this.#options = options;
    this.#request = request;
    this.#asking = asking;
    this.#steps = steps;
    this.#stretch = stretchOf(request, options.nowSeconds());
    const { query } = request;
    this.#limit = Math.min(request.limit, query.limit?.count ?? request.limit);
    this.#found = new FoundTraces(query.sort, this.#limit);
    this.#compiled = compileSearch(query);
    this.#reading = readingOf(options, asking, this.#book);
  }

  async run(): Promise<SearchAnswer> {
    const plans = await this.#plan();
    if (plans.candidates.row !== false && this.#limit > 0) {
      const order = this.#order();
      if (order === "newest") await this.#runBySlices(plans);
      else await this.#runByDuration(plans, order);
    }
    const traces = this.#found.first().map((found) => this.#show(found));
    return { traces, receipt: this.#book.receipt(this.#stretch.toNano) };
  }

  async #plan(): Promise<Plans> {
    const { query } = this.#request;
    const needed = neededFields(query);
    noteQueried(
      this.#options,
      needed.fields.flatMap(({ field, decides }) => (decides ? [field] : [])),
    );
    const table = await readKnownTable(this.#reading(), {
      table: this.#options.table(),
      fields: needed.fields.map(({ field }) => field),
      stretch: widened(this.#stretch, REACH_NANO),
    });
    return {
      candidates: candidatePlan(query.pipeline, table),
      skeletons: skeletonPlan(needed, table),
    };
  }

  /** What says how far ahead a candidate can be. */
  #order(): CandidateOrder {
    const { sort } = this.#request.query;
    if (sort?.direction !== "desc" || sort.by.kind !== "intrinsic" || sort.by.ofParent) {
      return "newest";
    }
    if (sort.by.name === "trace:duration") return "longest";
    return sort.by.name === "span:duration" ? "longestSpan" : "newest";
  }

  async #runByDuration(plans: Plans, order: CandidateOrder): Promise<void> {
    const where = { order, stretch: this.#stretch };
    this.#book.slicesTotal = 1;
    const isDone = order === "longestSpan" && (await this.#lookAtLongest(plans, where));
    if (!isDone) await this.#look(plans, where, (bound) => this.#found.countLonger(bound));
    this.#book.slicesDone = 1;
  }

  /** Looks at the traces of the longest spans; says whether these are enough. */
  async #lookAtLongest(
    plans: Plans,
    where: Pick<CandidateQuery, "order" | "stretch">,
  ): Promise<boolean> {
    const { longestSpans, leastChunk } = this.#steps;
    const limit = longestSpans + this.#limit;
    const query = { plan: plans.candidates, ...where, ...usual, limit };
    const { candidates, boundNano } = await readLongestSpans(this.#reading(), query);
    const isEnough = (bound: bigint): boolean => this.#found.countLonger(bound) >= this.#limit;
    for (let at = 0; at < candidates.length; at += leastChunk) {
      const chunk = candidates.slice(at, at + leastChunk);
      await this.#judge(plans, chunk);
      if (isEnough(chunk.at(-1)!.key)) return true;
    }
    return boundNano === undefined || isEnough(boundNano);
  }

  async #runBySlices(plans: Plans): Promise<void> {
    const isSorted = this.#request.query.sort !== undefined;
    const surely: Surely = (bound) => (isSorted ? 0 : this.#tellNewerThan(bound));
    this.#book.slicesTotal = [...slicesOf(this.#stretch)].length;
    const slices = slicesOf(this.#stretch);
    for (let slice = slices.next(); slice.done !== true;) {
      const stretch = slice.value;
      const before = this.#book.candidates;
      if (await this.#look(plans, { order: "newest", stretch }, surely)) return;
      this.#book.slicesDone++;
      // What is left has begun before.
      if (surely(stretch.fromNano - 1n) >= this.#limit) return;
      slice = slices.next(this.#book.candidates - before < FEW_CANDIDATES);
    }
    this.#book.slicesTotal = this.#book.slicesDone;
  }

  /** Tells of those that are sure and were not told of. */
  #tellNewerThan(boundNano: bigint): number {
    const { count, untold } = this.#found.newer(boundNano);
    const { progress } = this.#asking;
    if (progress !== undefined) {
      const shown = untold.map((found) => this.#show(found));
      progress(shown, this.#book.receipt(this.#stretch.toNano));
    }
    return count;
  }

  /** Looks at a stretch's candidates until the answer is sure; says whether it is. */
  async #look(
    plans: Plans,
    where: Pick<CandidateQuery, "order" | "stretch">,
    surely: Surely,
  ): Promise<boolean> {
    const { firstPage, page: laterPage, leastChunk, mostChunk } = this.#steps;
    const seen = new Set<string>();
    let after: Candidate | undefined;
    let size = leastChunk;
    for (let limit = firstPage; ; limit = laterPage) {
      const isNarrowed = this.#isNarrowed;
      const query = { plan: plans.candidates, ...where, ...usual, isNarrowed, limit, after };
      const page = await readCandidates(this.#reading(), query);
      const fresh = page.filter(({ traceId }) => !seen.has(traceId));
      for (let at = 0; at < fresh.length;) {
        const chunk = fresh.slice(at, at + size);
        await this.#judge(plans, chunk);
        for (const { traceId } of chunk) seen.add(traceId);
        at += chunk.length;
        size = Math.min(size * 2, mostChunk);
        const isLast = at === fresh.length && page.length < limit;
        if (!isLast && surely(chunk.at(-1)!.key) >= this.#limit) return true;
      }
      if (page.length < limit) return false;
      // Fewer rows have other keys, so with them it starts again.
      const goesOn = this.#isNarrowed || !plans.candidates.isNarrower;
      after = goesOn ? page.at(-1) : undefined;
      this.#isNarrowed = true;
    }
  }

  async #judge({ skeletons }: Plans, candidates: readonly Candidate[]): Promise<void> {
    const fresh = candidates.filter(({ traceId }) => !this.#found.has(traceId));
    this.#book.candidates += fresh.length;
    const { candidateTraces } = this.#options.limits;
    if (this.#book.candidates > candidateTraces) {
      const message = `the query has to look at more than ${candidateTraces} traces`;
      throw new Fault("tooLarge", `${message} (query.maxCandidateTraces): ask for less time`);
    }
    const { traceSpans: maxSpans } = this.#options.limits;
    const query = { plan: skeletons, candidates: fresh, reachNano: REACH_NANO, maxSpans };
    for await (const traces of readSkeletons(this.#reading, query)) {
      await inSlices(this.#evaluate(traces), SLICE_MS);
    }
  }

  *#evaluate(traces: Iterable<SkeletonTrace>): Generator<undefined, void> {
    for (const trace of traces) {
      this.#book.inspectedSpans += trace.length;
      if (trace.isCut) {
        const most = `more than ${trace.length} spans (query.maxTraceSpans)`;
        this.#book.incompleteBecause = `trace ${trace.traceId} has ${most}, and is judged by the first`;
      }
      const matches = this.#compiled.evaluate(trace);
      if (this.#isWithin(trace, matches)) this.#found.add(trace, matches);
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

  #show({ trace, matches }: FoundSkeleton): FoundTrace {
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
