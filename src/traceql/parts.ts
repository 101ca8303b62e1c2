/**
 * What parts of a pipeline turn out to be. A bracket may open a spanset, a number, a pipeline or
 * series, and only what comes after it tells which. So expressions are parsed without asking, as
 * parts, and each operator sees whether its two sides go together.
 */
import type { MetricsExpr, NumberLiteral, ScalarExpr, ScalarFilter, SpansetExpr } from "./ast.ts";

/** A parsed expression at the level of pipelines. */
export type Part =
  | SpansetPart
  /** A constant. */
  | { readonly is: "number"; readonly expr: NumberLiteral }
  /** A number for a spanset, no constant. */
  | { readonly is: "scalar"; readonly expr: ScalarExpr }
  /** `({ .a } | count())`, or a calculation with such. */
  | { readonly is: "scalarPipe"; readonly expr: ScalarExpr }
  | FilterPart
  | { readonly is: "metrics"; readonly expr: MetricsExpr };

/** Spans. */
export interface SpansetPart {
  readonly is: "spanset";
  readonly expr: SpansetExpr;
  /** It is in brackets, or each of its operands is: as they all must be if one is a pipeline. */
  readonly isWrapped: boolean;
  /** There is a pipeline among its operands, or it is one. */
  readonly hasPipeline: boolean;
}

/** `count() > 1`. */
export interface FilterPart {
  readonly is: "filter";
  readonly expr: ScalarFilter;
  /** It compares numbers of whole pipelines, and so is a whole query. */
  readonly isOfPipelines: boolean;
}
