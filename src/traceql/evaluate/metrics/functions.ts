/** The metrics functions that give a number for each span: what they measure, and what they make of it. */
import type { CountSpans, Field, OverTime, Quantiles } from "../../ast.ts";
import { intrinsicInfo } from "../../intrinsics.ts";
import { projectionGetter } from "../fields.ts";
import type { Columns, Run } from "../run.ts";
import { isNumeric } from "../values.ts";
import { type Cells, CountCells, ExtremeCells, HistogramCells, SumCells } from "./cells.ts";
import { type Candidate, exemplarOf } from "./exemplars.ts";
import { bucketExponent } from "./power-buckets.ts";
import { type Label, NAME_LABEL, type Series, textLabel } from "./series.ts";
import type { TimeGrid } from "./time-grid.ts";

const NANOS_PER_SECOND = 1e9;

/** A number of a span. */
type Measure = (run: Run, row: number) => number | undefined;

/** One function at work. */
export interface MeasuredFunction<C extends Cells<C>> {
  readonly by: readonly Field[];
  /** It has a series even if there is no span, when it is not grouped. */
  readonly isDense: boolean;
  /** What the cells take in for a span; undefined if the span does not count. */
  readonly measure: Measure;
  /** The value of a span as an exemplar; undefined if it is to have its sample's. */
  readonly exemplarValue: Measure;
  readonly makeCells: (length: number) => C;
  /** The series of a group, its labels in front of what the function adds. */
  readonly finish: (
    cells: C,
    labels: readonly Label[],
    candidates: readonly Candidate[],
  ) => Series[];
}

/** `rate()`, `count_over_time()`. */
export function countFunction(
  { fn, by }: CountSpans,
  { stepNano }: TimeGrid,
): MeasuredFunction<CountCells> {
  const seconds = fn === "rate" ? Number(stepNano) / NANOS_PER_SECOND : 1;
  return {
    by,
    isDense: true,
    measure: () => 1,
    exemplarValue: () => undefined,
    makeCells: (length) => new CountCells(length),
    finish: ({ counts }, labels, candidates) => [
      seriesOfValues(
        named(labels, by, fn),
        counts.map((count) => count / seconds),
        candidates,
      ),
    ],
  };
}

/** `sum_over_time(…)`, `avg_over_time(…)`. */
export function sumFunction(
  { fn, of, by }: OverTime,
  columns: Columns,
): MeasuredFunction<SumCells> {
  const { value, unit } = numberReader(of, columns);
  return {
    by,
    isDense: false,
    measure: value,
    exemplarValue: scaled(value, unit),
    makeCells: (length) => new SumCells(length),
    finish(cells, labels, candidates) {
      const values = cells.weights.map((weight, i) => {
        const sum = cells.sum(i) / unit;
        return fn === "sum_over_time" ? sum : sum / weight;
      });
      return [seriesOfValues(named(labels, by, fn), values, candidates)];
    },
  };
}

/** `min_over_time(…)`, `max_over_time(…)`. */
export function extremeFunction(
  { fn, of, by }: OverTime,
  columns: Columns,
): MeasuredFunction<ExtremeCells> {
  const { value, unit } = numberReader(of, columns);
  return {
    by,
    isDense: false,
    measure: value,
    exemplarValue: scaled(value, unit),
    makeCells: (length) => new ExtremeCells(length, fn === "max_over_time" ? "max" : "min"),
    finish: ({ values }, labels, candidates) => [
      seriesOfValues(
        named(labels, by, fn),
        values.map((extreme) => extreme / unit),
        candidates,
      ),
    ],
  };
}

/** `histogram_over_time(…)`: a series a bucket, with its upper bound as a label. */
export function histogramFunction(
  { of, by }: OverTime,
  columns: Columns,
): MeasuredFunction<HistogramCells> {
  const { exponent, unit } = exponentReader(of, columns);
  return {
    by,
    isDense: false,
    measure: exponent,
    exemplarValue: () => undefined,
    makeCells: (length) => new HistogramCells(length),
    finish: (cells, labels, candidates) =>
      cells.buckets().map((bucket) =>
        seriesOfValues(
          [...labels, floatLabel("__bucket", 2 ** bucket.exponent / unit)],
          bucket.counts,
          candidates.filter(({ measure }) => measure === bucket.exponent),
        ),
      ),
  };
}

/** `quantile_over_time(…, …)`: a series a quantile, with the quantile as a label. */
export function quantileFunction(
  { of, by, quantiles }: Quantiles,
  columns: Columns,
): MeasuredFunction<HistogramCells> {
  const { exponent, unit } = exponentReader(of, columns);
  return {
    by,
    isDense: false,
    measure: exponent,
    exemplarValue: scaled(numberReader(of, columns).value, unit),
    makeCells: (length) => new HistogramCells(length),
    finish(cells, labels, candidates) {
      const series = quantiles.map((quantile) => {
        const q = Number(quantile.value.value);
        const values = cells.quantiles(q).map((bound) => bound / unit);
        return { labels: [...labels, floatLabel("p", q)], values };
      });
      const placed = placeByValue(
        series.map(({ values }) => values),
        candidates,
      );
      return series.map((one, i) => seriesOfValues(one.labels, one.values, placed[i]!));
    },
  };
}

/** Each candidate with the lowest quantile that is not below it, else with the highest. */
function placeByValue(
  quantiles: readonly Float64Array[],
  candidates: readonly Candidate[],
): Candidate[][] {
  const placed: Candidate[][] = quantiles.map(() => []);
  for (const candidate of candidates) {
    const bounds = quantiles.map((values) => values[candidate.index]!);
    const above = bounds.filter((bound) => bound >= candidate.value!);
    const bound = above.length > 0 ? Math.min(...above) : Math.max(...bounds);
    placed[bounds.indexOf(bound)]!.push(candidate);
  }
  return placed;
}

/** How a field's numbers are read; what they are divided by to be shown. */
function numberReader(of: Field, columns: Columns): { value: Measure; unit: number } {
  if (of.kind === "intrinsic" && of.name === "span:duration" && !of.ofParent) {
    return { value: ({ view }, row) => Number(view.durationNano[row]!), unit: NANOS_PER_SECOND };
  }
  const getter = projectionGetter(of, columns);
  return {
    // Of all durations only that of spans is shown in seconds here, as in Tempo.
    unit: of.kind === "intrinsic" && of.name === "span:duration" ? NANOS_PER_SECOND : 1,
    value(run, row) {
      const value = getter(run, row);
      if (!isNumeric(value)) return undefined;
      const number = Number(value.value);
      return Number.isNaN(number) ? undefined : number;
    },
  };
}

/** How the buckets of a field's ints or durations are read; what bounds are divided by to be shown. */
function exponentReader(of: Field, columns: Columns): { exponent: Measure; unit: number } {
  const isDuration = of.kind === "intrinsic" && intrinsicInfo(of.name).type === "duration";
  const getter = projectionGetter(of, columns);
  return {
    unit: isDuration ? NANOS_PER_SECOND : 1,
    exponent(run, row) {
      const value = getter(run, row);
      if (!isNumeric(value) || value.type === "float") return undefined;
      const exponent = bucketExponent(value.value);
      return exponent === -1 ? undefined : exponent;
    },
  };
}

function scaled(value: Measure, unit: number): Measure {
  return (run, row) => {
    const number = value(run, row);
    return number === undefined ? undefined : number / unit;
  };
}

function named(labels: readonly Label[], by: readonly Field[], name: string): readonly Label[] {
  return by.length === 0 ? [textLabel(NAME_LABEL, name)] : labels;
}

function floatLabel(name: string, value: number): Label {
  return { name, value: { type: "float", value } };
}

function seriesOfValues(
  labels: readonly Label[],
  values: Float64Array,
  candidates: readonly Candidate[],
): Series {
  return { labels, values, exemplars: candidates.map((one) => exemplarOf(one, values)) };
}
