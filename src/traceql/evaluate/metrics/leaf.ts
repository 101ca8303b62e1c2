import type { MetricsPipeline } from "../../ast.ts";
import { fieldText } from "../../expression-text.ts";
import { type Getter, projectionGetter, traceIdText } from "../fields.ts";
import { neededByLeaf } from "../needed-fields.ts";
import { compilePipeline, type Stages } from "../pipeline.ts";
import { allRows } from "../rows.ts";
import { Columns, hexId, Run } from "../run.ts";
import type { TraceView } from "../trace-view.ts";
import type { RuntimeValue } from "../values.ts";
import type { Cells } from "./cells.ts";
import {
  type Candidate,
  chosenCandidates,
  Exemplars,
  type ExemplarPlan,
  planExemplars,
  rankOf,
} from "./exemplars.ts";
import type { MeasuredFunction } from "./functions.ts";
import { type Group, Groups } from "./groups.ts";
import { groupLabels, type Label, type Series, textLabel } from "./series.ts";
import { sampleIndex, type TimeGrid } from "./time-grid.ts";

/** How a metrics query is to be calculated. */
export interface MetricsOptions {
  readonly grid: TimeGrid;
  /** Exemplars of each function of the query; 0 for none. */
  readonly exemplars: number;
  /** Series of each function of the query; more are an error. */
  readonly seriesLimit: number;
}

/** What a pipeline with a function comes to, trace by trace. */
export interface LeafAccumulator {
  /** Takes in a trace's spans, each as often as its weight says. */
  add(trace: TraceView, weights: Weights): void;
  /** Takes a trace's spans, which are counted already, for candidates for exemplars. */
  offer(trace: TraceView): void;
  /** Takes in what another accumulator of the same function, with the same options, has seen. */
  merge(other: LeafAccumulator): void;
  /** What it has come to so far. */
  series(): Series[];
}

/** By row: for how many spans a span stands; all for themselves if undefined. */
export type Weights = Float64Array | undefined;

/** What spans of one group come to at one sample. */
export interface SpanSum {
  readonly index: number;
  readonly measure: number;
  readonly weight: number;
}

interface State<C> {
  readonly cells: C;
  readonly exemplars: Exemplars;
}

/** Runs a pipeline on traces and hands on the spans that count. */
export class SpanSource {
  readonly columns = new Columns();
  readonly #stages: Stages;
  readonly #shown: { readonly name: string; readonly value: Getter }[];
  readonly #sampleIndex: (unixNano: bigint) => number;
  #run: Run | undefined;

  constructor(leaf: MetricsPipeline, grid: TimeGrid) {
    this.#stages = compilePipeline(leaf.pipeline, this.columns);
    this.#sampleIndex = sampleIndex(grid);
    const { fields } = neededByLeaf(leaf);
    this.#shown = fields.map(({ field }) => ({
      name: fieldText(field),
      value: projectionGetter(field, this.columns),
    }));
  }

  /** Calls `visit` for each span that leaves the pipeline and has a sample. */
  forEach(trace: TraceView, visit: (run: Run, row: number, index: number) => void): void {
    if (trace.length === 0) return;
    const run = (this.#run ??= new Run(this.columns));
    run.start(trace);
    for (const { rows } of this.#stages(run, [{ rows: allRows(trace.length), attributes: [] }])) {
      for (const row of rows) {
        const index = this.#sampleIndex(trace.startUnixNano[row]!);
        if (index !== -1) visit(run, row, index);
      }
    }
  }

  /** What is told of an exemplar: the fields of the query that the span has, and the trace's id. */
  labelsOf(run: Run, row: number): Label[] {
    const labels = this.#shown.flatMap(({ name, value }): Label[] => {
      const found = value(run, row);
      return found === undefined ? [] : [{ name, value: found }];
    });
    const traceId = textLabel("trace:id", traceIdText(run.view));
    return [...labels.filter(({ name }) => name !== "trace:id"), traceId];
  }
}

/** A function that measures spans, by groups. */
export class MeasuringAccumulator<C extends Cells<C>> implements LeafAccumulator {
  readonly #fn: MeasuredFunction<C>;
  readonly #source: SpanSource;
  readonly #by: readonly Getter[];
  readonly #groups: Groups<State<C>>;
  readonly #plan: ExemplarPlan;

  constructor(
    source: SpanSource,
    fn: MeasuredFunction<C>,
    { grid, exemplars, seriesLimit }: MetricsOptions,
  ) {
    this.#fn = fn;
    this.#source = source;
    this.#by = fn.by.map((field) => projectionGetter(field, source.columns));
    this.#plan = planExemplars(exemplars, grid);
    this.#groups = new Groups(
      () => ({ cells: fn.makeCells(grid.count), exemplars: new Exemplars(this.#plan) }),
      seriesLimit,
    );
  }

  add(trace: TraceView, weights: Weights): void {
    this.#source.forEach(trace, (run, row, index) => {
      const measure = this.#fn.measure(run, row);
      if (measure === undefined) return;
      const { cells, exemplars } = this.#groupOf(run, row).state;
      cells.add(index, measure, weights === undefined ? 1 : weights[row]!);
      if (this.#plan.limit > 0) this.#offer(exemplars, run, { row, index, measure });
    });
  }

  offer(trace: TraceView): void {
    this.#source.forEach(trace, (run, row, index) => {
      const measure = this.#fn.measure(run, row);
      if (measure === undefined) return;
      this.#offer(this.#groupOf(run, row).state.exemplars, run, { row, index, measure });
    });
  }

  /** Takes in what some spans of a group come to at one sample: how many they are, and the sum, the
   * largest or smallest value or the exponent of the bucket, as the function is. */
  take(values: readonly (RuntimeValue | undefined)[], sums: Iterable<SpanSum>): void {
    const { cells } = this.#groups.find(values).state;
    for (const { index, measure, weight } of sums) cells.take(index, measure, weight);
  }

  #groupOf(run: Run, row: number): Group<State<C>> {
    const values: (RuntimeValue | undefined)[] = [];
    for (const value of this.#by) values.push(value(run, row));
    return this.#groups.find(values);
  }

  #offer(
    exemplars: Exemplars,
    run: Run,
    { row, index, measure }: { row: number; index: number; measure: number },
  ): void {
    const { traceId, startUnixNano, spanId } = run.view;
    const rank = rankOf(startUnixNano[row]!);
    if (!exemplars.wants(index, rank)) return;
    exemplars.offer({
      traceId,
      spanId: hexId(spanId, row),
      rank,
      index,
      measure,
      labels: this.#source.labelsOf(run, row),
      value: this.#fn.exemplarValue(run, row),
      timestampMs: Number(startUnixNano[row]! / 1_000_000n),
    });
  }

  merge(other: LeafAccumulator): void {
    if (!(other instanceof MeasuringAccumulator)) throw new Error("these are different functions");
    for (const { values, state } of (other as MeasuringAccumulator<C>).#groups.all) {
      const own = this.#groups.find(values).state;
      own.cells.merge(state.cells);
      own.exemplars.merge(state.exemplars);
    }
  }

  series(): Series[] {
    const { by, isDense } = this.#fn;
    if (by.length === 0 && isDense) this.#groups.find([]);
    const groups = this.#groups.all;
    const all = groups.flatMap(({ state }) => state.exemplars.candidates());
    const chosen = chosenCandidates(all, this.#plan);
    return groups.flatMap(({ values, state }) => {
      const candidates: Candidate[] = state.exemplars
        .candidates()
        .filter((candidate) => chosen.has(candidate));
      return this.#fn.finish(state.cells, groupLabels(by, values), candidates);
    });
  }
}
