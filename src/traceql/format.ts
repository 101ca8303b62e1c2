/** From a tree to the text that people would write: one spelling for everything, no bracket too many. */
import type {
  Aggregate,
  FieldExpr,
  Hint,
  Literal,
  MetricsExpr,
  MetricsFunction,
  NumberLiteral,
  Pipeline,
  Query,
  ScalarExpr,
  SecondStage,
  Sort,
  SpansetExpr,
  Stage,
  Structural,
  Value,
} from "./ast.ts";
import { formatDuration } from "./duration.ts";
import { fieldText } from "./expression-text.ts";
import { levels, operatorLevels } from "./parse-field.ts";
import { quoteString } from "./strings.ts";
import { formatTime } from "./time.ts";
import { typeOf } from "./types.ts";

/** Tighter than any operator. */
const ATOM = levels.power + 1;

/** The canonical text of a query. Parsing it gives the same tree, but for the places. Comments, and how
 * literals were written, are not in the tree. */
export function formatQuery(query: Query): string {
  const hints = formatHints(query.hints);
  if (query.kind === "metrics") return formatMetrics(query.metrics) + hints;
  const { pipeline, sort, limit } = query;
  const order = sort === undefined ? "" : ` | ${formatSort(sort)}`;
  const cut = limit === undefined ? "" : ` | limit(${limit.count})`;
  return formatPipeline(pipeline) + order + cut + hints;
}

function formatSort({ by, direction }: Sort): string {
  return `sort(${formatExpression(by)}${direction === "desc" ? " desc" : ""})`;
}

function formatHints(hints: readonly Hint[]): string {
  if (hints.length === 0) return "";
  return ` with (${hints.map(({ name, value }) => `${name} = ${formatLiteral(value)}`).join(", ")})`;
}

function formatPipeline({ stages }: Pipeline): string {
  return stages.map((stage) => formatStage(stage)).join(" | ");
}

function formatStage(stage: Stage): string {
  switch (stage.kind) {
    case "coalesce":
      return "coalesce()";
    case "select":
      return `select(${stage.fields.map((field) => fieldText(field)).join(", ")})`;
    case "group":
      return `by(${formatExpression(stage.by)})`;
    case "scalarFilter": {
      const [left, right] = [formatScalar(stage.left), formatScalar(stage.right)];
      return `${left} ${stage.op} ${right}`;
    }
    default:
      return formatSpanset(stage, levels.logic, hasPipeline(stage));
  }
}

// ── Spansets ─────────────────────────────────────────────────────────────────────────────────────

const relationSigns = { child: ">", descendant: ">>", parent: "<", ancestor: "<<", sibling: "~" };
const formSigns = { plain: "", negated: "!", union: "&" };

function structuralSign({ form, relation }: Structural): string {
  return formSigns[form] + relationSigns[relation];
}

/** Whether an operand is a pipeline: then all are in brackets. */
function hasPipeline(expr: SpansetExpr): boolean {
  switch (expr.kind) {
    case "filter":
      return false;
    case "pipeline":
      return true;
    case "spansetLogic":
      return expr.operands.some((operand) => hasPipeline(operand));
    case "structural":
    case "unless":
      return hasPipeline(expr.left) || hasPipeline(expr.right);
  }
}

/** The expression where operators looser than `level` need brackets. */
function formatSpanset(expr: SpansetExpr, level: number, brackets: boolean): string {
  switch (expr.kind) {
    case "filter": {
      const filter = formatFilter(expr.condition);
      return brackets ? `(${filter})` : filter;
    }
    case "pipeline":
      return `(${formatPipeline(expr)})`;
    case "spansetLogic":
      return within(
        level,
        levels.logic,
        expr.operands
          .map((operand, i) => formatSpanset(operand, levels.logic + (i === 0 ? 0 : 1), brackets))
          .join(` ${expr.op} `),
      );
    case "structural":
    case "unless": {
      const own = expr.kind === "unless" ? levels.logic : levels.comparison;
      const sign = expr.kind === "unless" ? "unless" : structuralSign(expr);
      const left = formatSpanset(expr.left, own, brackets);
      const right = formatSpanset(expr.right, own + 1, brackets);
      return within(level, own, `${left} ${sign} ${right}`);
    }
  }
}

function within(level: number, own: number, text: string): string {
  return own < level ? `(${text})` : text;
}

function formatFilter(condition: FieldExpr): string {
  const isTrue = condition.kind === "literal" && condition.value.value === true;
  return isTrue ? "{ }" : `{ ${formatExpression(condition)} }`;
}

// ── Numbers ──────────────────────────────────────────────────────────────────────────────────────

function formatScalar(expr: ScalarExpr, level: number = levels.sum): string {
  switch (expr.kind) {
    case "literal":
      return formatLiteral(expr);
    case "aggregate":
      return formatAggregate(expr);
    case "scalarPipeline":
      return `(${formatPipeline(expr.pipeline)} | ${formatAggregate(expr.aggregate)})`;
    case "scalarArithmetic": {
      const own = operatorLevels.get(expr.op)!;
      const [left, right] = sideLevels(own);
      const text = `${formatScalar(expr.left, left)} ${expr.op} ${formatScalar(expr.right, right)}`;
      return within(level, own, text);
    }
  }
}

/** What the operands of an operator may be at least: `^` groups from the right. */
function sideLevels(own: number): [left: number, right: number] {
  return own === levels.power ? [own + 1, own] : [own, own + 1];
}

function formatAggregate({ fn, argument }: Aggregate): string {
  return `${fn}(${argument === undefined ? "" : formatExpression(argument)})`;
}

// ── Conditions ───────────────────────────────────────────────────────────────────────────────────

/** The canonical text of a condition or sum. */
export function formatExpression(expr: FieldExpr, level: number = levels.logic): string {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      return fieldText(expr);
    case "literal":
      return formatOperandLiteral(expr, level);
    case "not":
      return within(level, levels.not, `!${formatExpression(expr.operand, levels.not + 1)}`);
    case "negate":
      return within(level, levels.sum, `-${formatExpression(expr.operand, levels.sum + 1)}`);
    case "exists": {
      const operand = formatExpression(expr.operand, levels.comparison);
      return within(level, levels.comparison, `${operand} ${expr.negated ? "=" : "!="} nil`);
    }
    case "in": {
      const operand = formatExpression(expr.operand, levels.comparison);
      const values = expr.values.map((value) => formatLiteral(value, isTime(expr.operand)));
      const sign = expr.negated ? "not in" : "in";
      return within(level, levels.comparison, `${operand} ${sign} (${values.join(", ")})`);
    }
    case "logic":
      return within(
        level,
        levels.logic,
        expr.operands
          .map((operand, i) => formatExpression(operand, levels.logic + (i === 0 ? 0 : 1)))
          .join(` ${expr.op} `),
      );
    case "comparison":
    case "match":
    case "arithmetic": {
      const own = operatorLevels.get(expr.op)!;
      const [leftLevel, rightLevel] = sideLevels(own);
      const isCompared = expr.kind === "comparison";
      const side = (operand: FieldExpr, other: FieldExpr, sideLevel: number): string =>
        isCompared && operand.kind === "literal" && isTime(other)
          ? formatLiteral(operand, true)
          : formatExpression(operand, sideLevel);
      const left = side(expr.left, expr.right, leftLevel);
      return within(level, own, `${left} ${expr.op} ${side(expr.right, expr.left, rightLevel)}`);
    }
  }
}

function isTime(expr: FieldExpr): boolean {
  return typeOf(expr) === "time";
}

/** A sign in front binds as loosely as in a sum, so it needs brackets beside a tighter operator. */
function formatOperandLiteral(literal: Literal, level: number): string {
  const text = formatLiteral(literal);
  return within(level, text.startsWith("-") ? levels.sum : ATOM, text);
}

/** The literal; an int as a date if it is a time. */
function formatLiteral({ value }: Literal, isTime = false): string {
  const date = isTime && value.type === "int" ? formatTime(value.value) : undefined;
  return date === undefined ? formatValue(value) : `"${date}"`;
}

function formatValue(value: Value): string {
  switch (value.type) {
    case "string":
      return quoteString(value.value);
    case "duration":
      return formatDuration(value.value);
    case "float":
      return formatFloat(value.value);
    case "int":
      // Its digits are one too many for a positive int.
      return value.value === -(2n ** 63n) ? "minInt" : value.value.toString();
    case "bool":
    case "status":
    case "kind":
      return String(value.value);
  }
}

function formatFloat(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

// ── Metrics ──────────────────────────────────────────────────────────────────────────────────────

function formatMetrics(expr: MetricsExpr): string {
  const body =
    expr.kind === "metricsPipeline"
      ? `${formatPipeline(expr.pipeline)} | ${formatMetricsFunction(expr.fn)}`
      : formatMaths(expr, levels.sum);
  return body + formatSecondStages(expr.stages);
}

function formatMaths(expr: MetricsExpr | NumberLiteral, level: number): string {
  switch (expr.kind) {
    case "literal":
      return formatLiteral(expr);
    case "metricsPipeline":
      return `(${formatMetrics(expr)})`;
    case "metricsMaths": {
      const own = operatorLevels.get(expr.op)!;
      const left = formatMaths(expr.left, own);
      const right = formatMaths(expr.right, own + 1);
      return within(level, own, `${left} ${expr.op} ${right}`);
    }
  }
}

function formatSecondStages(stages: readonly SecondStage[]): string {
  return stages
    .map((stage) =>
      stage.kind === "topSeries"
        ? ` | ${stage.fn}(${stage.count})`
        : ` ${stage.op} ${formatLiteral(stage.value)}`,
    )
    .join("");
}

function formatMetricsFunction(fn: MetricsFunction): string {
  switch (fn.kind) {
    case "countSpans":
      return `${fn.fn}()${formatBy(fn)}`;
    case "overTime":
      return `${fn.fn}(${fieldText(fn.of)})${formatBy(fn)}`;
    case "quantiles": {
      const quantiles = fn.quantiles.map((quantile) => formatLiteral(quantile)).join(", ");
      return `quantile_over_time(${fieldText(fn.of)}, ${quantiles})${formatBy(fn)}`;
    }
    case "compareSpans": {
      const { selection, top, window } = fn;
      const times = window === undefined ? "" : `, ${window.start}, ${window.end}`;
      const isDefault = top === 10 && window === undefined;
      return `compare(${formatFilter(selection.condition)}${isDefault ? "" : `, ${top}`}${times})`;
    }
  }
}

function formatBy({ by }: Exclude<MetricsFunction, { kind: "compareSpans" }>): string {
  return by.length === 0 ? "" : ` by (${by.map((field) => fieldText(field)).join(", ")})`;
}
