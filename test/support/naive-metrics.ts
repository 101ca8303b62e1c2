/** Metrics functions as they are defined: all spans are kept, and counted at the end. A second opinion
 * on the accumulators. */
import type { MetricsPipeline } from "../../src/traceql/ast.ts";
import { fieldText } from "../../src/traceql/expression-text.ts";
import type { TimeGrid } from "../../src/traceql/evaluate/metrics/time-grid.ts";
import type { Trace } from "../../src/model/trace.ts";
import { isNumber } from "../../src/traceql/arithmetic.ts";
import { naiveSearch, naiveValue, text } from "./naive-traceql.ts";

/** A series: its labels as text with types, its points. */
export type NaiveSeries = readonly [labels: string, points: readonly number[]];

interface Counted {
  readonly labels: string;
  readonly sample: number;
  /** NaN if it is not a number. */
  readonly value: number;
  readonly isWhole: boolean;
}

/** The series of a function over some traces, all weights one, sorted by their labels. */
export function naiveMetrics(
  { pipeline, fn }: MetricsPipeline,
  traces: readonly Trace[],
  grid: TimeGrid,
): NaiveSeries[] {
  if (fn.kind === "compareSpans") throw new Error("the second opinion has none on compare()");
  const samples = Array.from({ length: grid.count }, (_, i) => i);
  const seconds = Number(grid.stepNano) / 1e9;
  const spans = traces.flatMap((trace) =>
    naiveSearch(pipeline, trace).flatMap(({ rows }) =>
      rows.flatMap((row): Counted[] => {
        const sample = sampleOf(trace, row, grid);
        if (sample === -1) return [];
        const value = fn.kind === "countSpans" ? undefined : naiveValue(fn.of, trace, row);
        const number = value && value.type !== "array" && isNumber(value) ? value : undefined;
        const labels = fn.by
          .map((field) => [fieldText(field), naiveValue(field, trace, row)] as const)
          .filter(([, of]) => of !== undefined && of.type !== "array")
          .map(([name, of]) => `${name}=${text(of)}`);
        if (fn.by.length > 0 && labels.length === 0)
          labels.push(`${fieldText(fn.by[0]!)}=string nil`);
        return [
          {
            labels: labels.join(),
            sample,
            value: number === undefined ? Number.NaN : Number(number.value),
            isWhole: number !== undefined && number.type !== "float",
          },
        ];
      }),
    ),
  );
  const isSeconds = fn.kind !== "countSpans" && fieldText(fn.of) === "duration";
  const unit = isSeconds ? 1e9 : 1;
  const groups = new Set(spans.map(({ labels }) => labels));
  const isDense = fn.kind === "countSpans";
  if (isDense && fn.by.length === 0) groups.add("");
  const series: NaiveSeries[] = [];
  for (const group of groups) {
    const of = (sample: number): Counted[] =>
      spans.filter((span) => span.labels === group && span.sample === sample);
    const add = (labels: string, point: (spans: readonly Counted[]) => number): void => {
      series.push([labels, samples.map((sample) => point(of(sample)))]);
    };
    if (fn.kind === "countSpans") {
      add(group, ({ length }) => length / (fn.fn === "rate" ? seconds : 1));
    } else if (fn.kind === "quantiles") {
      throw new Error("quantiles are tested against exact ones");
    } else if (fn.fn === "histogram_over_time") {
      for (let exponent = 1; exponent < 64; exponent++) {
        const isIn = ({ value, isWhole }: Counted): boolean =>
          isWhole && value > 2 ** (exponent - 1) && value <= 2 ** exponent && value >= 2;
        if (!spans.some((span) => span.labels === group && isIn(span))) continue;
        const label = `__bucket=float ${2 ** exponent / unit}`;
        add(
          [group, label].filter((part) => part !== "").join(),
          (here) => here.filter(isIn).length,
        );
      }
    } else {
      const reduce = reducers[fn.fn];
      add(group, (here) => {
        const values = here.map(({ value }) => value).filter((value) => !Number.isNaN(value));
        return values.length === 0 ? Number.NaN : reduce(values) / unit;
      });
    }
  }
  return series
    .filter(([, points]) => points.some((point) => !Number.isNaN(point)))
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const reducers = {
  sum_over_time: sum,
  avg_over_time: (values: readonly number[]): number => sum(values) / values.length,
  min_over_time: (values: readonly number[]): number => Math.min(...values),
  max_over_time: (values: readonly number[]): number => Math.max(...values),
};

function sampleOf(trace: Trace, row: number, { firstNano, stepNano, count }: TimeGrid): number {
  const start = BigInt(trace.startUnixNano) + BigInt(trace.spans[row]!.startNano);
  for (let i = 0; i < count; i++) {
    const edge = firstNano + BigInt(i) * stepNano;
    if (start > edge - stepNano && start <= edge) return i;
  }
  return -1;
}
