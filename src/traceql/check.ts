/** Whether a query that is well formed makes sense: static types, and limits of functions. */
import type {
  Aggregate,
  MetricsExpr,
  MetricsFunction,
  NumberLiteral,
  Pipeline,
  Query,
  ScalarExpr,
  ScalarFilter,
  SearchQuery,
  SecondStage,
  SpansetExpr,
  Stage,
} from "./ast.ts";
import {
  type CheckContext,
  checkExpression,
  checkField,
  checkUnsupportedParent,
  hasField,
  report,
} from "./check-expression.ts";
import { aggregateText, expressionText, filterText, groupText } from "./expression-text.ts";
import { parseQuery } from "./parse.ts";
import type { Problem } from "./problem.ts";
import { isNumeric } from "./types.ts";

/** Values of a group in metrics; one less where a function adds a label of its own. */
const MAX_METRICS_GROUP = 5;
const MAX_COMPARE_TOP = 1000;

/** Which language a query is to be in. */
export interface LanguageOptions {
  /** Refuse what Clew adds to Tempo's language, with the messages that Tempo would give. */
  readonly strict?: boolean;
}

/** A query that may be asked, or why not. */
export type Checked =
  | { readonly query: Query; readonly problems: readonly [] }
  | { readonly query?: undefined; readonly problems: readonly [Problem, ...Problem[]] };

/** Parses and checks a query; the problem that Tempo would report comes first. Never throws. */
export function readQuery(text: string, options: LanguageOptions = {}): Checked {
  const parsed = parseQuery(text);
  if (parsed.query === undefined) return parsed;
  const extensions = options.strict === true ? parsed.extensions : [];
  const [first, ...others] = [...extensions, ...checkQuery(parsed.query, options)];
  if (first === undefined) return { query: parsed.query, problems: [] };
  return { problems: [first, ...others] };
}

/** What is wrong with a parsed query, in the order in which Tempo finds it. Extensions of the syntax
 * are not looked for: `readQuery` does that. */
export function checkQuery(query: Query, options: LanguageOptions = {}): readonly Problem[] {
  const context: CheckContext = { problems: [], strict: options.strict === true, regexSize: 0 };
  if (query.kind === "metrics") checkMetrics(context, query.metrics, false);
  else checkSearch(context, query);
  return context.problems;
}

function checkSearch(context: CheckContext, { pipeline, sort, limit }: SearchQuery): void {
  checkPipeline(context, pipeline);
  if (sort !== undefined) {
    if (!hasField(sort.by)) {
      const text = `sort(${expressionText(sort.by)})`;
      report(context, `sort field expressions must reference the span: ${text}`, sort);
    } else checkExpression(context, sort.by);
  }
  if (limit !== undefined && limit.count < 1) {
    report(context, "limit must be greater than 0", limit);
  }
}

function checkPipeline(context: CheckContext, { stages }: Pipeline): void {
  for (const stage of stages) checkStage(context, stage);
}

function checkStage(context: CheckContext, stage: Stage): void {
  switch (stage.kind) {
    case "coalesce":
      return;
    case "select":
      for (const field of stage.fields) checkField(context, field);
      return;
    case "group":
      if (!hasField(stage.by)) {
        const text = groupText(stage);
        report(context, `grouping field expressions must reference the span: ${text}`, stage);
      } else checkExpression(context, stage.by);
      return;
    case "scalarFilter":
      checkScalarFilter(context, stage);
      return;
    default:
      checkSpanset(context, stage);
  }
}

function checkSpanset(context: CheckContext, expr: SpansetExpr): void {
  switch (expr.kind) {
    case "filter": {
      const type = checkExpression(context, expr.condition);
      if (type === "bool" || type === "attribute") return;
      const message = "span filter field expressions must resolve to a boolean";
      report(context, `${message}: ${filterText(expr)}`, expr.condition);
      return;
    }
    case "spansetLogic":
      for (const operand of expr.operands) checkSpanset(context, operand);
      return;
    case "structural":
    case "unless":
      checkSpanset(context, expr.left);
      checkSpanset(context, expr.right);
      return;
    case "pipeline":
      checkPipeline(context, expr);
  }
}

/** Only an aggregate against a number can be evaluated. (The `%v` is in Tempo's text, too.) */
function checkScalarFilter(context: CheckContext, { left, right }: ScalarFilter): void {
  checkScalar(context, left);
  checkScalar(context, right);
  if (left.kind !== "aggregate") {
    report(context, "scalar filter lhs of type (%v) not yet supported", left);
  } else if (right.kind !== "literal") {
    report(context, "scalar filter rhs of type (%v) not yet supported", right);
  }
}

function checkScalar(context: CheckContext, expr: ScalarExpr): void {
  switch (expr.kind) {
    case "literal":
      return;
    case "aggregate":
      checkAggregate(context, expr);
      return;
    case "scalarArithmetic":
      checkScalar(context, expr.left);
      checkScalar(context, expr.right);
      return;
    case "scalarPipeline":
      checkPipeline(context, expr.pipeline);
      checkAggregate(context, expr.aggregate);
  }
}

function checkAggregate(context: CheckContext, aggregate: Aggregate): void {
  const { argument } = aggregate;
  if (argument === undefined) return;
  const type = checkExpression(context, argument);
  const text = aggregateText(aggregate);
  if (type !== "attribute" && !isNumeric(type)) {
    const message = `aggregate field expressions must resolve to a number type: ${text}`;
    report(context, message, argument);
  } else if (!hasField(argument)) {
    report(context, `aggregate field expressions must reference the span: ${text}`, argument);
  }
}

function checkMetrics(context: CheckContext, expr: MetricsExpr, inMaths: boolean): void {
  if (expr.kind === "metricsPipeline") {
    checkPipeline(context, expr.pipeline);
    checkMetricsFunction(context, expr.fn);
    if (expr.fn.kind === "compareSpans" && (inMaths || expr.stages.length > 0)) {
      const message = "`compare()` cannot be used with second stage functions";
      report(context, message, expr.stages[0] ?? expr.fn);
    }
  } else {
    for (const side of [expr.left, expr.right]) {
      if (side.kind !== "literal") checkMetrics(context, side, true);
    }
  }
  for (const stage of expr.stages) checkSecondStage(context, stage);
}

function checkSecondStage(context: CheckContext, stage: SecondStage): void {
  if (stage.kind === "topSeries" && stage.count < 1) {
    report(context, "limit must be greater than 0", stage);
  }
}

function checkMetricsFunction(context: CheckContext, fn: MetricsFunction): void {
  switch (fn.kind) {
    case "compareSpans":
      checkCompare(context, fn);
      return;
    case "countSpans":
      checkBy(context, fn, MAX_METRICS_GROUP);
      return;
    case "overTime": {
      checkField(context, fn.of);
      const addsLabel = fn.fn === "histogram_over_time" || fn.fn === "avg_over_time";
      checkBy(context, fn, MAX_METRICS_GROUP - (addsLabel ? 1 : 0));
      return;
    }
    case "quantiles":
      checkField(context, fn.of);
      checkBy(context, fn, MAX_METRICS_GROUP - 1);
      for (const quantile of fn.quantiles) checkQuantile(context, quantile);
  }
}

function checkBy(
  context: CheckContext,
  fn: Exclude<MetricsFunction, { kind: "compareSpans" }>,
  max: number,
): void {
  // Tempo takes fields of the parent here.
  for (const field of fn.by) checkUnsupportedParent(context, field);
  const count = fn.by.length;
  if (count > max) {
    const place = { from: fn.by[max]!.from, to: fn.by.at(-1)!.to };
    report(context, `metrics group by ${count} values not yet supported`, place);
  }
}

function checkQuantile(context: CheckContext, literal: NumberLiteral): void {
  const value = Number(literal.value.value);
  if (value >= 0 && value <= 1) return;
  report(context, `quantile must be between 0 and 1: ${value}`, literal);
}

function checkCompare(
  context: CheckContext,
  fn: Extract<MetricsFunction, { kind: "compareSpans" }>,
): void {
  checkSpanset(context, fn.selection);
  if (fn.top < 1 || fn.top > MAX_COMPARE_TOP) {
    const message = `an integer between 1 and ${MAX_COMPARE_TOP}`;
    report(context, `compare() top number of values must be ${message}`, fn);
  }
  if (fn.window === undefined) return;
  const { start, end } = fn.window;
  if (start <= 0n || end <= 0n) {
    report(context, "compare() timestamps must be positive integer unix nanoseconds", fn);
  } else if (end <= start) {
    report(context, "compare() end timestamp must be greater than start timestamp", fn);
  }
}
