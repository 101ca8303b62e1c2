/** What is done with finished series: top and bottom, thresholds, maths. Nothing is changed in place. */
import { unreachable } from "../../../base/fault.ts";
import { compareValues } from "../../arithmetic.ts";
import type {
  MetricsExpr,
  MetricsMaths,
  MetricsPipeline,
  NumberLiteral,
  SecondStage,
  Threshold,
  TopSeries,
} from "../../ast.ts";
import { type Label, labelsText, NAME_LABEL, type Series, textLabel } from "./series.ts";

const NANOS_PER_SECOND = 1e9;

/** The series of an expression, given those of the functions in it. */
export function seriesOf(
  expr: MetricsExpr,
  seriesOfLeaf: (leaf: MetricsPipeline) => readonly Series[],
): readonly Series[] {
  const series = expr.kind === "metricsPipeline" ? seriesOfLeaf(expr) : maths(expr, seriesOfLeaf);
  return expr.stages.reduce((current, stage) => applyStage(current, stage), series);
}

function applyStage(series: readonly Series[], stage: SecondStage): readonly Series[] {
  switch (stage.kind) {
    case "topSeries":
      return keepTop(series, stage);
    case "threshold":
      return keepPassing(series, stage);
    default:
      return unreachable(stage);
  }
}

/** At each sample the highest or lowest so many points; of equals those of the earlier labels. */
function keepTop(series: readonly Series[], { fn, count }: TopSeries): readonly Series[] {
  if (series.length <= count) return series;
  const sign = fn === "topk" ? -1 : 1;
  const ranked = series
    .map(({ labels, values }) => ({
      text: labelsText(labels),
      from: values,
      kept: emptyLike(values),
    }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
  for (let i = 0; i < ranked[0]!.from.length; i++) {
    const points = ranked.filter(({ from }) => !Number.isNaN(from[i]));
    // Sorting is stable, so equals stay in the order of their labels.
    points.sort((a, b) => sign * (a.from[i]! - b.from[i]!) || 0);
    for (const { from, kept } of points.slice(0, count)) kept[i] = from[i]!;
  }
  const keptOf = new Map(ranked.map(({ from, kept }) => [from, kept]));
  return withPoints(series.map((one) => ({ ...one, values: keptOf.get(one.values)! })));
}

function emptyLike(values: Float64Array): Float64Array {
  return new Float64Array(values.length).fill(Number.NaN);
}

/** The points for which it holds. Durations are compared as seconds. */
function keepPassing(series: readonly Series[], { op, value }: Threshold): readonly Series[] {
  const limit = value.value.type === "duration" ? inSeconds(value.value.value) : value.value;
  const passes = (point: number): boolean =>
    compareValues(op, { type: "float", value: point }, limit);
  return withPoints(
    series.map((one) => ({
      ...one,
      values: one.values.map((point) =>
        !Number.isNaN(point) && passes(point) ? point : Number.NaN,
      ),
    })),
  );
}

function inSeconds(nanos: bigint): { type: "float"; value: number } {
  return { type: "float", value: Number(nanos) / NANOS_PER_SECOND };
}

/** The series that have a point. */
function withPoints(series: readonly Series[]): readonly Series[] {
  return series.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
}

// ── Maths ────────────────────────────────────────────────────────────────────────────────────────

type Op = MetricsMaths["op"];

function maths(
  { op, left, right }: MetricsMaths,
  seriesOfLeaf: (leaf: MetricsPipeline) => readonly Series[],
): readonly Series[] {
  if (left.kind === "literal") {
    if (right.kind === "literal") throw new Error("the parser folds maths of two numbers");
    const number = numberOf(left);
    return mapPoints(seriesOf(right, seriesOfLeaf), (point) => apply(op, number, point));
  }
  if (right.kind === "literal") {
    const number = numberOf(right);
    return mapPoints(seriesOf(left, seriesOfLeaf), (point) => apply(op, point, number));
  }
  return combine(op, seriesOf(left, seriesOfLeaf), seriesOf(right, seriesOfLeaf));
}

function numberOf({ value }: NumberLiteral): number {
  return Number(value.value);
}

/** NaN for a division by zero, whatever is divided. */
function apply(op: Op, a: number, b: number): number {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0 ? Number.NaN : a / b;
  }
}

function mapPoints(series: readonly Series[], map: (point: number) => number): readonly Series[] {
  return series.map((one) => ({
    ...one,
    values: one.values.map((point) => map(point)),
    exemplars: one.exemplars.map((exemplar) => ({ ...exemplar, value: map(exemplar.value) })),
  }));
}

/** Series of equal labels, names aside, in pairs; or the only one of a side, if it has no labels, with
 * each of the other side. Series without a partner are left out. */
function combine(op: Op, left: readonly Series[], right: readonly Series[]): readonly Series[] {
  const [onlyLeft, onlyRight] = [unlabelled(left), unlabelled(right)];
  if (onlyLeft !== undefined && onlyRight === undefined) {
    return right.map((one) => ({
      labels: withoutName(one.labels),
      values: combinePoints(op, onlyLeft.values, one.values),
      exemplars: one.exemplars,
    }));
  }
  if (onlyRight !== undefined && onlyLeft === undefined) {
    return left.map((one) => ({
      labels: withoutName(one.labels),
      values: combinePoints(op, one.values, onlyRight.values),
      exemplars: one.exemplars,
    }));
  }
  const partners = new Map(right.map((one) => [labelsText(withoutName(one.labels)), one]));
  return left.flatMap((one) => {
    const partner = partners.get(labelsText(withoutName(one.labels)));
    if (partner === undefined) return [];
    return {
      labels: combineLabels(op, one.labels, partner.labels),
      values: combinePoints(op, one.values, partner.values),
      exemplars: [...one.exemplars, ...partner.exemplars],
    };
  });
}

function unlabelled(series: readonly Series[]): Series | undefined {
  const [first] = series;
  const isOnly = series.length === 1 && withoutName(first!.labels).length === 0;
  return isOnly ? first : undefined;
}

function withoutName(labels: readonly Label[]): Label[] {
  return labels.filter(({ name }) => name !== NAME_LABEL);
}

function combineLabels(op: Op, left: readonly Label[], right: readonly Label[]): Label[] {
  const [leftName, rightName] = [left, right].map(
    (labels) => labels.find(({ name }) => name === NAME_LABEL)?.value,
  );
  const others = withoutName(left);
  if (leftName?.type !== "string" || rightName?.type !== "string") return others;
  return [textLabel(NAME_LABEL, `(${leftName.value} ${op} ${rightName.value})`), ...others];
}

/** A point that one side lacks is zero there; what both lack stays away. */
function combinePoints(op: Op, left: Float64Array, right: Float64Array): Float64Array {
  return left.map((a, i) => {
    const b = right[i]!;
    if (Number.isNaN(a) && Number.isNaN(b)) return Number.NaN;
    return apply(op, Number.isNaN(a) ? 0 : a, Number.isNaN(b) ? 0 : b);
  });
}
