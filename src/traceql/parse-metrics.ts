/** Parsing metrics: the functions that make series, and what is done with those. */
import type {
  ComparisonOp,
  Field,
  MetricsExpr,
  MetricsFunction,
  MetricsMaths,
  NumberLiteral,
  OverTime,
  Pipeline,
  SecondStage,
} from "./ast.ts";
import { type Cursor, unexpectedToken } from "./cursor.ts";
import { parseField } from "./parse-field.ts";
import { isComparison, parseConstant, refuseDuration } from "./parse-scalar.ts";
import { parseFilter } from "./parse-spanset.ts";
import type { Part } from "./parts.ts";
import { operatorOf, type Token, wordOf } from "./tokens.ts";

/** Values an attribute that `compare` gives where the query does not say. */
const DEFAULT_COMPARE_TOP = 10;

/** The functions that make series, in the order in which they are documented. */
export const metricsFunctions = [
  "rate",
  "count_over_time",
  "min_over_time",
  "max_over_time",
  "avg_over_time",
  "sum_over_time",
  "histogram_over_time",
  "quantile_over_time",
  "compare",
] as const;

/** Whether the token is the name of a metrics function. */
export function isMetricsFunction(token: Token): boolean {
  return (metricsFunctions as readonly (string | undefined)[]).includes(wordOf(token));
}

/** Parses `rate() by (name) | topk(3)`, for the pipeline before it; the name has to be here. */
export function parseMetrics(cursor: Cursor, pipeline: Pipeline): MetricsExpr {
  const fn = parseMetricsFunction(cursor);
  const place = { from: pipeline.from, to: fn.to };
  const series = { kind: "metricsPipeline", pipeline, fn, stages: [], ...place } as const;
  return withSecondStages(cursor, cursor.made(series, [pipeline]));
}

function parseMetricsFunction(cursor: Cursor): MetricsFunction {
  const name = cursor.next();
  const fn = wordOf(name) as (typeof metricsFunctions)[number];
  const { from } = name;
  cursor.expect("(");
  switch (fn) {
    case "rate":
    case "count_over_time": {
      const end = cursor.expect(")");
      return { kind: "countSpans", fn, from, ...parseBy(cursor, end) };
    }
    case "quantile_over_time": {
      const of = parseField(cursor);
      const quantiles: NumberLiteral[] = [];
      cursor.expect(",");
      do {
        quantiles.push(parseQuantile(cursor));
      } while (cursor.skip(","));
      const end = cursor.expect(")");
      return { kind: "quantiles", of, quantiles, from, ...parseBy(cursor, end) };
    }
    case "compare":
      return parseCompare(cursor, from);
    default: {
      const of = parseField(cursor);
      const end = cursor.expect(")");
      const function_: OverTime["fn"] = fn;
      return { kind: "overTime", fn: function_, of, from, ...parseBy(cursor, end) };
    }
  }
}

/** `by (a, b)` if it is here; `to` is where the function ends. */
function parseBy(cursor: Cursor, end: Token): { by: Field[]; to: number } {
  if (!cursor.isWord("by")) return { by: [], to: end.to };
  cursor.next();
  cursor.expect("(");
  const by: Field[] = [];
  do {
    by.push(parseField(cursor));
  } while (cursor.skip(","));
  const { to } = cursor.expect(")");
  return { by, to };
}

function parseQuantile(cursor: Cursor): NumberLiteral {
  const { token } = cursor;
  if (token.kind !== "int" && token.kind !== "float") return cursor.unexpected();
  cursor.next();
  const value =
    token.kind === "int"
      ? ({ type: "int", value: token.value } as const)
      : ({ type: "float", value: token.value } as const);
  return { kind: "literal", value, from: token.from, to: token.to };
}

function parseCompare(cursor: Cursor, from: number): MetricsFunction {
  const selection = parseFilter(cursor);
  const top = cursor.skip(",") ? Number(parseInteger(cursor)) : DEFAULT_COMPARE_TOP;
  let window: { start: bigint; end: bigint } | undefined;
  if (cursor.skip(",")) {
    const start = parseInteger(cursor);
    cursor.expect(",");
    window = { start, end: parseInteger(cursor) };
  }
  const { to } = cursor.expect(")");
  return { kind: "compareSpans", selection, top, ...(window && { window }), from, to };
}

/** Parses an integer without a sign, which has to be here. */
export function parseInteger(cursor: Cursor): bigint {
  const { token } = cursor;
  if (token.kind !== "int") return cursor.unexpected("INTEGER");
  cursor.next();
  return token.value;
}

/** Parses what is done with the series, as far as there is any: `| topk(3)`, `> 0.5`. */
export function withSecondStages(cursor: Cursor, series: MetricsExpr): MetricsExpr {
  const stages: SecondStage[] = [...series.stages];
  for (;;) {
    const { token } = cursor;
    if (isComparison(token)) {
      cursor.next();
      const value = parseConstant(cursor);
      const op = operatorOf(token) as ComparisonOp;
      stages.push({ kind: "threshold", op, value, from: token.from, to: value.to });
    } else if (cursor.skip("|")) {
      stages.push(parseTopSeries(cursor));
    } else break;
  }
  const last = stages.at(-1);
  return last === undefined ? series : { ...series, stages, to: Math.max(series.to, last.to) };
}

function parseTopSeries(cursor: Cursor): SecondStage {
  const { token } = cursor;
  const fn = wordOf(token);
  if (fn !== "topk" && fn !== "bottomk") return cursor.unexpected("topk or bottomk");
  cursor.next();
  cursor.expect("(");
  const count = Number(parseInteger(cursor));
  const { to } = cursor.expect(")");
  return { kind: "topSeries", fn, count, from: token.from, to };
}

/** Series and series, or series and a number, with `+ - * /` between them. */
export function combineMetrics(
  cursor: Cursor,
  left: Part & { is: "metrics" | "number" },
  operator: Token,
  right: Part & { is: "metrics" | "number" },
): Part {
  const op = operatorOf(operator);
  if (op !== "+" && op !== "-" && op !== "*" && op !== "/") return unexpectedToken(operator);
  for (const side of [left, right]) if (side.is === "number") refuseDuration(side.expr);
  const place = { from: left.expr.from, to: right.expr.to };
  const operands = { left: left.expr, right: right.expr };
  const maths: MetricsMaths = { kind: "metricsMaths", op, ...operands, stages: [], ...place };
  return { is: "metrics", expr: cursor.made(maths, [left.expr, right.expr]) };
}
