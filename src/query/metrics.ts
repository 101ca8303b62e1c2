/**
 * Metrics: series of a TraceQL query over time. There are three ways, and all end in the evaluator's
 * accumulator, which also knows what the series of a query are made of:
 *
 *     each span is judged by itself     ClickHouse adds up the spans of a group at a sample
 *     … and SQL cannot tell of some     those are read, and counted one by one
 *     traces are judged as a whole      as a search: candidates, skeletons, the evaluator
 *
 * Spans count by their start, and where they are filed: a span that is dated far from its arrival is in no
 * series. Rows of one span that are stored twice count once.
 */
import { Fault } from "../base/fault.ts";
import { inSlices } from "../base/slices.ts";
import {
  type Candidate,
  type CandidateReading,
  readCandidates,
  type Stretch,
  widened,
} from "../store/candidates.ts";
import { candidatePlan } from "../store/candidate-plan.ts";
import type { KnownTable } from "../store/attribute-sql.ts";
import { type AllKeys, readAllKeys } from "../store/all-keys.ts";
import { readCompared, readExemplarTraces } from "../store/compare-sums.ts";
import type { OddBuckets, OddTimes } from "../store/odd-times.ts";
import {
  type ComparePlan,
  comparePlan,
  pipelineTruth,
  type SumPlan,
  sumPlan,
} from "../store/metric-plan.ts";
import { readSums, type Samples, stretchOfSamples, type SumsQuery } from "../store/metric-sums.ts";
import { asked } from "../store/query-faults.ts";
import { readKnownTable } from "../store/known-table.ts";
import { readSkeletons, type SkeletonPlan, skeletonPlan } from "../store/skeletons.ts";
import type { SkeletonTrace } from "../store/skeleton-trace.ts";
import { readSpanRows } from "../store/span-rows.ts";
import { sql } from "../store/sql.ts";
import { type Condition, conjunction } from "../store/truth-sql.ts";
import type { Field, MetricsPipeline, MetricsQuery } from "../traceql/ast.ts";
import { planExemplars } from "../traceql/evaluate/metrics/exemplars.ts";
import { CompareAccumulator, comparedIntrinsics } from "../traceql/evaluate/metrics/compare.ts";
import { type LeafAccumulator, MeasuringAccumulator } from "../traceql/evaluate/metrics/leaf.ts";
import { MetricsAccumulator } from "../traceql/evaluate/metrics/metrics.ts";
import type { Series } from "../traceql/evaluate/metrics/series.ts";
import type { TimeGrid } from "../traceql/evaluate/metrics/time-grid.ts";
import {
  leavesOf,
  type MentionedField,
  neededByLeaf,
  neededFields,
} from "../traceql/evaluate/needed-fields.ts";
import { byRank, candidateOf, isToldAlone, lowestStarts } from "./exemplar-spans.ts";
import type { QueryOptions } from "./query-options.ts";
import { noteQueried, readingOf } from "./reading.ts";
import { type Asking, type Receipt, ReceiptBook } from "./receipt.ts";
import { slicesOfSamples } from "./time-slices.ts";

/** What is asked. */
export interface MetricsRequest {
  /** Checked. */
  readonly query: MetricsQuery;
  readonly grid: TimeGrid;
  /** Exemplars of each function of the query; 0 for none. */
  readonly exemplars: number;
  /** Series at most, the first ones by their labels; 0 for all. */
  readonly maxSeries: number;
}

/** The series in the order of their labels, and what it took. */
export interface MetricsAnswer {
  readonly series: readonly Series[];
  /** There are more series than were asked for. */
  readonly truncated: boolean;
  readonly receipt: Receipt;
}

/** Who waits for series. */
export interface MetricsAsking extends Asking {
  /** Called while it works with the series so far: the newest samples come first. */
  readonly progress?: ((series: readonly Series[], receipt: Receipt) => void) | undefined;
}

/** What the doors may ask. Throws Fault "timeout", "unavailable", "tooLarge" for more than the limits
 * allow, "invalid" for what cannot be calculated; the signal's reason when aborted. */
export interface MetricsQueries {
  metrics(request: MetricsRequest, asking?: MetricsAsking): Promise<MetricsAnswer>;
}

/** Whose spans are asked for, where they are, and what is known of them. */
export interface MetricsOptions extends QueryOptions {
  /** Shared by all who ask the same store. */
  readonly oddTimes: OddTimes;
}

/** Metrics over one store. */
export function createMetrics(options: MetricsOptions): MetricsQueries {
  return {
    metrics: (request, asking = {}) => asked(() => new Question(options, request, asking).run()),
  };
}

/** Series of a function; more are an error. */
const MOST_SERIES = 10_000;
const REACH_NANO = 3600n * 1_000_000_000n;
const SLICE_MS = 5;
/** Spans that are read to be counted one by one: at a time, and in all. */
const MOST_ROWS = 200_000;
const MOST_ROWS_IN_ALL = 5_000_000;
/** Candidates that are looked at together, and of one statement. */
const CHUNK = 1024;
const PAGE = 5_000;
/** So many more spans are looked at than there are exemplars: some may be of one trace. */
const SPARE_EXEMPLARS = 20;
const MOST_EXEMPLAR_ROWS = 10_000;

const BUCKET_SECONDS = 300;
const BUCKET_NANO = 300_000_000_000n;

/** Attributes that are compared. */
const MOST_COMPARED = 1000;

/** What is known of attributes. */
interface Known {
  readonly table: KnownTable;
  /** Those that are compared, if any are, and the fields that these and others are. */
  readonly keys: AllKeys["keys"];
  readonly compared: readonly MentionedField[];
}

/** A function of the query at work. */
interface Leaf extends Known {
  readonly leaf: MetricsPipeline;
  readonly accumulator: LeafAccumulator;
  readonly skeletons: SkeletonPlan;
}

class Question {
  readonly #options: MetricsOptions;
  readonly #request: MetricsRequest;
  readonly #asking: MetricsAsking;
  readonly #book = new ReceiptBook();
  readonly #reading: () => CandidateReading;
  readonly #accumulator: MetricsAccumulator;
  readonly #samples: Samples;

  constructor(options: MetricsOptions, request: MetricsRequest, asking: MetricsAsking) {
    this.#options = options;
    this.#request = request;
    this.#asking = asking;
    this.#reading = readingOf(options, asking, this.#book);
    const { query, grid, exemplars } = request;
    this.#accumulator = new MetricsAccumulator(query, {
      grid,
      exemplars,
      seriesLimit: MOST_SERIES,
    });
    this.#samples = samplesOf(grid);
  }

  async run(): Promise<MetricsAnswer> {
    const leaves = await this.#leaves();
    const slices = this.#slices();
    this.#book.slicesTotal = slices.length;
    const steps: ((slice: Samples) => Promise<void>)[] = [];
    for (const leaf of leaves) steps.push(await this.#stepsOf(leaf));
    for (const slice of slices) {
      for (const step of steps) await step(slice);
      this.#book.slicesDone++;
      const { progress } = this.#asking;
      if (slice !== slices.at(-1)) progress?.(this.#series(), this.#receipt());
    }
    const series = this.#series();
    const { maxSeries } = this.#request;
    const isTruncated = maxSeries > 0 && series.length > maxSeries;
    return {
      series: isTruncated ? series.slice(0, maxSeries) : series,
      truncated: isTruncated,
      receipt: this.#receipt(),
    };
  }

  /** All at once, or bit by bit for those who want to see something soon. */
  #slices(): Samples[] {
    return this.#asking.progress === undefined
      ? [this.#samples]
      : [...slicesOfSamples(this.#samples)];
  }

  #series(): Series[] {
    return this.#accumulator.series();
  }

  #receipt(): Receipt {
    const { toNano } = stretchOfSamples(this.#samples);
    const nowNano = BigInt(Math.ceil(this.#options.nowSeconds())) * 1_000_000_000n;
    return this.#book.receipt(toNano < nowNano ? toNano : nowNano);
  }

  async #leaves(): Promise<Leaf[]> {
    const { query } = this.#request;
    const leaves = leavesOf(query.metrics);
    const isComparing = leaves.some(({ fn }) => fn.kind === "compareSpans");
    const known = isComparing ? await this.#knownKeys() : await this.#knownFields();
    return leaves.map((leaf) => {
      const needed = neededByLeaf(leaf);
      const fields = leaf.fn.kind === "compareSpans" ? [...needed.fields, ...known.compared] : [];
      const plan = fields.length > 0 ? { ...needed, fields } : needed;
      const accumulator = this.#accumulator.leaf(leaf);
      return {
        leaf,
        accumulator,
        ...known,
        skeletons: skeletonPlan(plan, known.table, { hasWeights: true }),
      };
    });
  }

  async #knownFields(): Promise<Known> {
    const { fields } = neededFields(this.#request.query);
    noteQueried(
      this.#options,
      fields.map(({ field }) => field),
    );
    const table = await readKnownTable(this.#reading(), {
      table: this.#options.table(),
      fields: fields.map(({ field }) => field),
      // A trace is judged with spans that are near.
      stretch: widened(stretchOfSamples(this.#samples), REACH_NANO),
    });
    return { table, keys: [], compared: [] };
  }

  /** For compare(), which reads all attributes. */
  async #knownKeys(): Promise<Known> {
    const stretch = widened(stretchOfSamples(this.#samples), REACH_NANO);
    const all = await readAllKeys(this.#reading(), { stretch, limit: MOST_COMPARED });
    if (all.isCut) {
      this.#book.incompleteBecause = `not more than ${MOST_COMPARED} attributes are compared`;
    }
    const hasService = all.keys.some(
      ({ scope, key }) => scope === "resource" && key === "service.name",
    );
    const service = { scope: "resource", key: "service.name" } as const;
    const keys = hasService ? all.keys : [...all.keys, service];
    const table = all.isCut
      ? this.#options.table()
      : { ...this.#options.table(), typesOf: all.typesOf };
    return { table, keys, compared: comparedFields(keys) };
  }

  /** What is to be done for a function with each slice. */
  async #stepsOf(leaf: Leaf): Promise<(slice: Samples) => Promise<void>> {
    const { isPerSpan } = neededByLeaf(leaf.leaf);
    const whole = stretchOfSamples(this.#samples);
    const look = (): Promise<OddBuckets> => this.#options.oddTimes.look(this.#reading, whole);
    if (leaf.leaf.fn.kind === "compareSpans") {
      const plan = comparePlan(leaf.leaf, leaf.leaf.fn, leaf.table);
      const odd = plan && (await look());
      // Values that come up most are not known before all samples are.
      if (plan !== undefined) await this.#compare(leaf, { ...plan, odd: odd! });
      else await this.#countTraces(leaf);
      return async () => {};
    }
    const plan = sumPlan(leaf.leaf, leaf.table);
    const isSummed = plan !== undefined && (isPerSpan || plan.uncertain === false);
    if (!isSummed && !isPerSpan) {
      // A trace is judged as a whole, whatever slices its spans are in.
      await this.#countTraces(leaf);
      return async () => {};
    }
    if (!isSummed) {
      const { may } = pipelineTruth(leaf.leaf.pipeline, leaf.table);
      return (slice) => this.#countRows(leaf, may, stretchOfSamples(slice));
    }
    const odd = await look();
    return async (samples) => {
      await this.#addSums(leaf, { plan, samples, odd });
      await this.#countRows(leaf, plan.uncertain, stretchOfSamples(samples));
    };
  }

  // ── Sums ───────────────────────────────────────────────────────────────────────────────────────

  async #addSums(leaf: Leaf, query: Omit<SumsQuery, "isRanked">): Promise<void> {
    const { accumulator } = leaf;
    if (!(accumulator instanceof MeasuringAccumulator)) throw new Error("no sums of this function");
    if (query.plan.certain === false) return;
    const plan = planExemplars(this.#request.exemplars, this.#request.grid);
    const starts: bigint[] = [];
    const isRanked = plan.limit > 0;
    for await (const { values, sums, lowest } of readSums(this.#reading(), {
      ...query,
      isRanked,
    })) {
      if (sums.length > 0) accumulator.take(values, sums);
      starts.push(...lowestStarts(plan, lowest));
    }
    if (starts.length > 0) await this.#offer(leaf, query.plan, query.samples, starts);
  }

  /** Reads the spans that may become exemplars. */
  async #offer(
    leaf: Leaf,
    plan: SumPlan,
    samples: Samples,
    starts: readonly bigint[],
  ): Promise<void> {
    const lowest = byRank(starts).slice(0, this.#request.exemplars + SPARE_EXEMPLARS);
    const buckets = new Set(lowest.map((start) => Number(start / BUCKET_NANO) * BUCKET_SECONDS));
    const where = conjunction([
      sql`toUnixTimestamp(time_bucket) IN ${{ type: "Array(UInt32)", value: [...buckets] }}`,
      sql`start_unix_nano IN ${{ type: "Array(UInt64)", value: lowest }}`,
      plan.certain,
    ]);
    const { traces } = await readSpanRows(this.#reading(), {
      plan: leaf.skeletons,
      where,
      stretch: stretchOfSamples(samples),
      limit: MOST_EXEMPLAR_ROWS,
    });
    if (isToldAlone(leaf.leaf, traces)) {
      for (const trace of traces) leaf.accumulator.offer(trace);
    } else {
      await this.#offerWhole(leaf, traces.map(candidateOf));
    }
  }

  /** Reads traces of spans that may become exemplars, whole. */
  async #offerWhole(leaf: Leaf, candidates: readonly Candidate[]): Promise<void> {
    const { traceSpans: maxSpans } = this.#options.limits;
    const query = { plan: leaf.skeletons, candidates, reachNano: REACH_NANO, maxSpans };
    for await (const traces of readSkeletons(this.#reading, query)) {
      for (const trace of traces) leaf.accumulator.offer(trace);
    }
  }

  // ── compare() ──────────────────────────────────────────────────────────────────────────────────

  async #compare(leaf: Leaf, plan: ComparePlan & { readonly odd: OddBuckets }): Promise<void> {
    const { accumulator, table, keys } = leaf;
    if (!(accumulator instanceof CompareAccumulator)) throw new Error("not a comparison");
    const samples = this.#samples;
    const query = { ...plan, table, keys, samples, reachNano: REACH_NANO };
    for await (const { side, label, value, counts } of readCompared(this.#reading, query)) {
      accumulator.take(side, label, value, counts);
    }
    await this.#offerTraces(leaf, plan);
  }

  /** Exemplars of a comparison tell of their traces' roots, too. */
  async #offerTraces(leaf: Leaf, { where, isSelected }: ComparePlan): Promise<void> {
    const plan = planExemplars(this.#request.exemplars, this.#request.grid);
    if (plan.limit === 0) return;
    const candidates = await readExemplarTraces(this.#reading(), {
      where,
      isSelected,
      samples: this.#samples,
      stretches: plan.stretches,
      limit: plan.limit + SPARE_EXEMPLARS,
    });
    await this.#offerWhole(leaf, candidates);
  }

  // ── Spans one by one ───────────────────────────────────────────────────────────────────────────

  async #countRows(leaf: Leaf, where: Condition, stretch: Stretch): Promise<void> {
    if (where === false) return;
    const query = { plan: leaf.skeletons, where, stretch, limit: MOST_ROWS };
    const { traces, rows } = await readSpanRows(this.#reading(), query);
    if (rows < MOST_ROWS) {
      this.#book.inspectedSpans += rows;
      if (this.#book.inspectedSpans > MOST_ROWS_IN_ALL) throw tooManyRows();
      await inSlices(this.#count(leaf, traces), SLICE_MS);
      return;
    }
    const { fromNano, toNano } = stretch;
    const middle = (fromNano + toNano) / 2n;
    if (middle === fromNano) throw tooManyRows();
    await this.#countRows(leaf, where, { fromNano: middle, toNano });
    await this.#countRows(leaf, where, { fromNano, toNano: middle });
  }

  *#count({ accumulator }: Leaf, traces: Iterable<SkeletonTrace>): Generator<undefined, void> {
    for (const trace of traces) {
      accumulator.add(trace, trace.weights());
      yield;
    }
    this.#asking.signal?.throwIfAborted();
  }

  // ── Traces as a whole ──────────────────────────────────────────────────────────────────────────

  async #countTraces(leaf: Leaf): Promise<void> {
    const plan = candidatePlan(leaf.leaf.pipeline, leaf.table);
    if (plan.row === false) return;
    const stretch = stretchOfSamples(this.#samples);
    let after: Candidate | undefined;
    for (;;) {
      const page = await readCandidates(this.#reading(), {
        plan,
        isNarrowed: true,
        order: "newest",
        stretch,
        reachNano: REACH_NANO,
        limit: PAGE,
        after,
      });
      for (let at = 0; at < page.length; at += CHUNK) {
        await this.#countCandidates(leaf, page.slice(at, at + CHUNK));
      }
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }

  async #countCandidates(leaf: Leaf, candidates: readonly Candidate[]): Promise<void> {
    const { candidateTraces, traceSpans: maxSpans } = this.#options.limits;
    this.#book.candidates += candidates.length;
    if (this.#book.candidates > candidateTraces) {
      const message = `the query has to look at more than ${candidateTraces} traces`;
      throw new Fault("tooLarge", `${message} (query.maxCandidateTraces): ask for less time`);
    }
    const query = { plan: leaf.skeletons, candidates, reachNano: REACH_NANO, maxSpans };
    for await (const traces of readSkeletons(this.#reading, query)) {
      for (const { length, isCut, traceId } of traces) {
        this.#book.inspectedSpans += length;
        if (isCut) this.#book.incompleteBecause = `trace ${traceId} has more than ${length} spans`;
      }
      await inSlices(this.#count(leaf, traces), SLICE_MS);
    }
  }
}

function comparedFields(keys: AllKeys["keys"]): MentionedField[] {
  const place = { ofParent: false, from: 0, to: 0 } as const;
  const fields: Field[] = [
    ...comparedIntrinsics.map((name) => ({ kind: "intrinsic", name, ...place }) as const),
    ...keys.map(({ scope, key: name }) => ({ kind: "attribute", scope, name, ...place }) as const),
  ];
  return fields.map((field) => ({ field, decides: true }));
}

function tooManyRows(): Fault {
  const message = `the query has to look at more than ${MOST_ROWS_IN_ALL} spans one by one`;
  return new Fault("tooLarge", `${message}: ask for less time`);
}

/** What the samples of a grid are about. */
function samplesOf({ isInstant, firstNano, stepNano, count }: TimeGrid): Samples {
  // An instant query has its start as well.
  const step = isInstant ? stepNano + 1n : stepNano;
  return { first: 0, count, afterNano: firstNano - step, stepNano: step };
}
