import type { MetricsPipeline, MetricsQuery } from "../../ast.ts";
import { leavesOf } from "../needed-fields.ts";
import type { TraceView } from "../trace-view.ts";
import { CompareAccumulator } from "./compare.ts";
import {
  countFunction,
  extremeFunction,
  histogramFunction,
  quantileFunction,
  sumFunction,
} from "./functions.ts";
import {
  type LeafAccumulator,
  MeasuringAccumulator,
  type MetricsOptions,
  SpanSource,
  type Weights,
} from "./leaf.ts";
import { seriesOf } from "./second-stages.ts";
import { type Series, shownSeries } from "./series.ts";

/**
 * What a metrics query comes to: fed trace by trace, in any order, each trace whole and once. Several
 * can work at parts of the traces and be merged; whatever the parts and the order, the result is the
 * same.
 */
export class MetricsAccumulator {
  readonly #query: MetricsQuery;
  readonly #leaves: ReadonlyMap<MetricsPipeline, LeafAccumulator>;

  constructor(query: MetricsQuery, options: MetricsOptions) {
    this.#query = query;
    this.#leaves = new Map(
      leavesOf(query.metrics).map((leaf) => [leaf, accumulate(leaf, options)]),
    );
  }

  /** Takes in a trace; with `weights`, by row, a span counts for so many. Throws Fault "invalid" if the
   * trace cannot be calculated for, "tooLarge" if there are too many series. */
  add(trace: TraceView, weights?: Weights): void {
    for (const leaf of this.#leaves.values()) leaf.add(trace, weights);
  }

  /** What a function of the query comes to, to be fed by itself. */
  leaf(leaf: MetricsPipeline): LeafAccumulator {
    return this.#leaves.get(leaf)!;
  }

  /** Takes in what another accumulator has seen, of the same query and with the same options. */
  merge(other: MetricsAccumulator): void {
    const others = [...other.#leaves.values()];
    [...this.#leaves.values()].forEach((leaf, i) => leaf.merge(others[i]!));
  }

  /** The series so far, in the order of their labels. More may be taken in afterwards. */
  series(): Series[] {
    return shownSeries(seriesOf(this.#query.metrics, (leaf) => this.#leaves.get(leaf)!.series()));
  }
}

function accumulate(leaf: MetricsPipeline, options: MetricsOptions): LeafAccumulator {
  const { fn } = leaf;
  const source = new SpanSource(leaf, options.grid);
  const { columns } = source;
  switch (fn.kind) {
    case "countSpans":
      return new MeasuringAccumulator(source, countFunction(fn, options.grid), options);
    case "quantiles":
      return new MeasuringAccumulator(source, quantileFunction(fn, columns), options);
    case "compareSpans":
      return new CompareAccumulator(fn, source, options);
    case "overTime":
      switch (fn.fn) {
        case "sum_over_time":
        case "avg_over_time":
          return new MeasuringAccumulator(source, sumFunction(fn, columns), options);
        case "min_over_time":
        case "max_over_time":
          return new MeasuringAccumulator(source, extremeFunction(fn, columns), options);
        case "histogram_over_time":
          return new MeasuringAccumulator(source, histogramFunction(fn, columns), options);
      }
  }
}
