/** What a half-typed query asks for, so that what can be typed next is looked for among its spans. */
import type { FieldExpr, MetricsExpr, Pipeline, Query, SpansetExpr } from "./ast.ts";
import { checkQuery } from "./check.ts";
import { lex } from "./lex.ts";
import { MAX_QUERY_BYTES, parseTokens } from "./parse.ts";
import { repairHead, repairTokens } from "./repair.ts";
import type { Token } from "./tokens.ts";

/** Alternatives that a query may expand to. */
const MAX_ALTERNATIVES = 100;

/** Which spans a half-typed query is about. */
export type LenientFilter =
  | {
      readonly kind: "filter";
      /** A span is meant if it satisfies every condition of one of them. None of them is empty, but
       * there may be none: then no span is meant. No condition is `&&`, `||` or a literal. */
      readonly alternatives: readonly (readonly FieldExpr[])[];
    }
  /** Nothing is asked that could be understood. */
  | { readonly kind: "all" }
  | { readonly kind: "refused"; readonly message: string };

/**
 * What can be understood of a query that is not finished: conditions without a value count as true,
 * brackets are balanced, and what still makes no sense means all spans. Of structural operators the
 * side counts whose spans they give; aggregates and the like do not count. So these are at least the
 * spans that the finished query would find.
 */
export function lenientFilter(text: string): LenientFilter {
  const condition = conditionOf(text);
  if (condition === undefined || isTrue(condition)) return { kind: "all" };
  if (countAlternatives(condition) > MAX_ALTERNATIVES) {
    const limit = `maximum condition groups reached (limit: ${MAX_ALTERNATIVES})`;
    const message = `${limit}. Reduce the number of OR conditions in the query`;
    return { kind: "refused", message };
  }
  return { kind: "filter", alternatives: alternativesOf(condition) };
}

/** A condition that all spans found satisfy; undefined if the text cannot be understood. */
function conditionOf(text: string): FieldExpr | undefined {
  if (text.length > MAX_QUERY_BYTES) return undefined;
  const { tokens } = lex(text);
  const attempts = [() => tokens, () => repairTokens(tokens), () => repairHead(tokens)];
  for (const attempt of attempts) {
    const query = validQuery(attempt());
    if (query?.kind === "search") return ofPipeline(query.pipeline);
    if (query?.kind === "metrics") return ofMetrics(query.metrics);
  }
  return undefined;
}

function validQuery(tokens: readonly Token[]): Query | undefined {
  const { query } = parseTokens(tokens);
  return query !== undefined && checkQuery(query).length === 0 ? query : undefined;
}

function ofPipeline({ stages }: Pipeline): FieldExpr {
  const conditions = stages.flatMap((stage) => {
    switch (stage.kind) {
      case "scalarFilter":
      case "group":
      case "coalesce":
      case "select":
        return [];
      default:
        return [ofSpanset(stage)];
    }
  });
  return joined("&&", conditions);
}

function ofSpanset(expr: SpansetExpr): FieldExpr {
  switch (expr.kind) {
    case "filter":
      return expr.condition;
    case "pipeline":
      return ofPipeline(expr);
    case "spansetLogic":
      // Both operators give the spans of all sides.
      return joined("||", expr.operands.map(ofSpanset));
    case "structural":
      return expr.form === "union"
        ? joined("||", [ofSpanset(expr.left), ofSpanset(expr.right)])
        : ofSpanset(expr.right);
    case "unless":
      return ofSpanset(expr.left);
  }
}

function ofMetrics(expr: MetricsExpr): FieldExpr {
  if (expr.kind === "metricsPipeline") return ofPipeline(expr.pipeline);
  const sides = [expr.left, expr.right].flatMap((side) =>
    side.kind === "literal" ? [] : [ofMetrics(side)],
  );
  return joined("||", sides);
}

function joined(op: "&&" | "||", operands: readonly FieldExpr[]): FieldExpr {
  const place = { from: operands[0]?.from ?? 0, to: operands.at(-1)?.to ?? 0 };
  if (operands.length > 1) return { kind: "logic", op, operands, ...place };
  return operands[0] ?? { kind: "literal", value: { type: "bool", value: true }, ...place };
}

/** Whether the condition says nothing. */
function isTrue(expr: FieldExpr): boolean {
  if (expr.kind === "literal") return expr.value.value === true;
  if (expr.kind !== "logic") return false;
  return expr.op === "&&" ? expr.operands.every(isTrue) : expr.operands.some(isTrue);
}

/** How many alternatives the condition expands to; Infinity if they cannot be counted. */
function countAlternatives(expr: FieldExpr): number {
  if (expr.kind === "literal") return expr.value.value === true ? 1 : 0;
  if (expr.kind !== "logic") return 1;
  if (isTrue(expr)) return 1;
  const counts = expr.operands.map(countAlternatives);
  if (expr.op === "||") return counts.reduce((sum, count) => sum + count, 0);
  return counts.includes(0) ? 0 : counts.reduce((product, count) => product * count, 1);
}

/** The alternatives, each a list of conditions. */
function alternativesOf(expr: FieldExpr): FieldExpr[][] {
  if (isTrue(expr)) return [[]];
  if (expr.kind === "literal") return [];
  if (expr.kind !== "logic") return [[expr]];
  const parts = expr.operands.map(alternativesOf);
  if (expr.op === "||") return parts.flat();
  return parts.reduce(
    (before, part) => before.flatMap((left) => part.map((right) => [...left, ...right])),
    [[]],
  );
}
