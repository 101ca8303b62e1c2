/**
 * A TraceQL query as a tree. The parser makes it, the checker says whether it may be asked, and
 * formatter, evaluator and planner read it. It is data: no node knows what is done with it.
 *
 *   { status = error } >> { span.db.system = "redis" } | count() > 2 | sort(duration desc) | limit(5)
 *
 *   search
 *   ├ pipeline ─ stages
 *   │   ├ structural descendant
 *   │   │   ├ filter ─ comparison =  (intrinsic span:status, literal error)
 *   │   │   └ filter ─ comparison =  (attribute span "db.system", literal "redis")
 *   │   └ scalarFilter >  (aggregate count, literal 2)
 *   ├ sort desc ─ intrinsic span:duration
 *   └ limit 5
 *
 * What is written in several ways has one form here: aliases of intrinsics, raw and quoted strings,
 * superfluous parentheses, `nil` (see `Exists`), sums of literals (they are folded). Trees are at
 * most 256 levels high (see cursor.ts), so they may be walked by recursion; chains of `&&` and `||`
 * are flat, since they may have thousands of links.
 */
import type { SpanKind, SpanStatus } from "../model/trace.ts";
import type { IntrinsicName } from "./intrinsics.ts";

/** Where in the query's text something stands: half open, in UTF-16 code units. What the parser made
 * up (the `true` of `{}`) has the place where it would stand. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

/** A whole query. */
export type Query = SearchQuery | MetricsQuery;

/** A question for traces: those for which at least one spanset leaves the pipeline. */
export interface SearchQuery extends Place {
  readonly kind: "search";
  readonly pipeline: Pipeline;
  /** Absent: as the one who asks wants it, by default the newest first. */
  readonly sort?: Sort;
  /** Absent: as many as the one who asks wants. */
  readonly limit?: Limit;
  readonly hints: readonly Hint[];
}

/** A question for time series. */
export interface MetricsQuery extends Place {
  readonly kind: "metrics";
  readonly metrics: MetricsExpr;
  readonly hints: readonly Hint[];
}

/** `name = value` of `with (…)`. Unknown names and values of a wrong type are to be ignored. Of
 * several `with`, only the last is in the tree. */
export interface Hint extends Place {
  readonly kind: "hint";
  readonly name: string;
  readonly value: Literal;
}

/**
 * `| sort(by)`, an extension of Clew: the order of the traces found, over all traces, and of the
 * spansets of a trace and the spans of a spanset likewise. A spanset's key is the smallest value
 * (asc) or largest value (desc) among its spans, a trace's that of its spansets. Numbers of all
 * types compare with each other; numbers come before strings and strings before the rest; what has
 * no value comes last in either direction. Equals are ordered newest first.
 */
export interface Sort extends Place {
  readonly kind: "sort";
  readonly by: FieldExpr;
  readonly direction: "asc" | "desc";
}

/** `| limit(count)`, an extension of Clew: so many traces at most, the first in the order of `sort`. */
export interface Limit extends Place {
  readonly kind: "limit";
  /** Checked to be at least 1. */
  readonly count: number;
}

// ── Spansets ─────────────────────────────────────────────────────────────────────────────────────

/** `a | b | c`: each stage gets the spansets of one trace that the stage before it left. */
export interface Pipeline extends Place {
  readonly kind: "pipeline";
  /** At least one; the first is not `coalesce`. */
  readonly stages: readonly Stage[];
}

/** A step of a pipeline: a list of spansets in, a list of spansets out. */
export type Stage = SpansetExpr | ScalarFilter | Group | Coalesce | Select;

/** What gives one spanset. A pipeline stands for itself in parentheses, `({ .a } | count() > 2)`, and
 * is evaluated on what the whole expression gets. */
export type SpansetExpr = Filter | SpansetLogic | Structural | Unless | Pipeline;

/** `{ condition }`: the spans for which the condition is the boolean true. `{}` has the literal true. */
export interface Filter extends Place {
  readonly kind: "filter";
  readonly condition: FieldExpr;
}

/** `a && b && c`: nothing if one of them is empty, else the spans of all; `a || b || c`: the spans of
 * all. No span twice. No operand is itself a chain of the same operator. */
export interface SpansetLogic extends Place {
  readonly kind: "spansetLogic";
  readonly op: "&&" | "||";
  /** At least two. */
  readonly operands: readonly SpansetExpr[];
}

/** How a span on the right of a structural operator is related to one on the left:
 * `a > b` child, `a >> b` descendant, `a < b` parent, `a << b` ancestor, `a ~ b` sibling. */
export type Relation = "child" | "descendant" | "parent" | "ancestor" | "sibling";

/** `left > right` and the like. */
export interface Structural extends Place {
  readonly kind: "structural";
  readonly relation: Relation;
  /** plain, `>`: the spans on the right that are related to one on the left.
   * negated, `!>`: those on the right that are related to none on the left.
   * union, `&>`: the spans of both sides that are in at least one related pair. */
  readonly form: "plain" | "negated" | "union";
  readonly left: SpansetExpr;
  readonly right: SpansetExpr;
}

/** `left unless right`, an extension of Clew: what is on the left if the trace has nothing of what is
 * on the right, else nothing. */
export interface Unless extends Place {
  readonly kind: "unless";
  readonly left: SpansetExpr;
  readonly right: SpansetExpr;
}

/** `by(expression)`: a spanset for each value of the expression. */
export interface Group extends Place {
  readonly kind: "group";
  readonly by: FieldExpr;
}

/** `coalesce()`: all spansets of the trace become one. */
export interface Coalesce extends Place {
  readonly kind: "coalesce";
}

/** `select(a, b)`: what to show of the spans besides what the query mentions. Drops nothing. */
export interface Select extends Place {
  readonly kind: "select";
  /** At least one. */
  readonly fields: readonly Field[];
}

/** `count() > 2`: keeps the spansets for which it holds. The checker lets pass only an `Aggregate` on
 * the left and a number (a `Literal` of type int, float or duration) on the right; the rest of
 * `ScalarExpr` is there for the grammar's sake. */
export interface ScalarFilter extends Place {
  readonly kind: "scalarFilter";
  readonly op: ComparisonOp;
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
}

/** One number for a spanset. Literals are numbers. */
export type ScalarExpr = Aggregate | NumberLiteral | ScalarArithmetic | ScalarPipeline;

/** `count()`, `avg(duration)`. */
export interface Aggregate extends Place {
  readonly kind: "aggregate";
  readonly fn: "count" | "min" | "max" | "avg" | "sum";
  /** Absent for count, and only there. */
  readonly argument?: FieldExpr;
}

/** `max(duration) - min(duration)`. Never passes the checker. */
export interface ScalarArithmetic extends Place {
  readonly kind: "scalarArithmetic";
  readonly op: ArithmeticOp;
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
}

/** `({ .a } | count())` as a number. Never passes the checker. */
export interface ScalarPipeline extends Place {
  readonly kind: "scalarPipeline";
  readonly pipeline: Pipeline;
  readonly aggregate: Aggregate;
}

// ── Conditions ───────────────────────────────────────────────────────────────────────────────────

/** What has a value for a span. */
export type FieldExpr =
  | Field
  | Literal
  | Logic
  | Not
  | Comparison
  | Match
  | Exists
  | In
  | Arithmetic
  | Negate;

/** A name of something that spans have. */
export type Field = Attribute | Intrinsic;

/** Where an attribute is looked for. "any" is `.name`: the span first, then its resource. */
export type AttributeScope = "any" | "span" | "resource" | "event" | "link" | "instrumentation";

/** `span.http.route`, `.name`, `parent.resource.service.name`. */
export interface Attribute extends Place {
  readonly kind: "attribute";
  readonly scope: AttributeScope;
  /** The key, without scope and without quotes. */
  readonly name: string;
  /** Look at the span's parent instead, with scope any, span or resource: an extension of Clew. A
   * span without a parent (in the trace) has no value. */
  readonly ofParent: boolean;
}

/** `duration`, `span:duration`, `trace:id`: what every span has without being an attribute. How it is
 * called in answers is in the table of intrinsics.ts. */
export interface Intrinsic extends Place {
  readonly kind: "intrinsic";
  readonly name: IntrinsicName;
  /** `parent:duration`, with names of `span:` only: an extension of Clew. A span without a parent (in
   * the trace) has no value. */
  readonly ofParent: boolean;
}

/** A value that can be written in a query. */
export type Value =
  | NumberValue
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "status"; readonly value: SpanStatus }
  | { readonly type: "kind"; readonly value: SpanKind };

/** A number: ints and durations (in nanoseconds) are signed 64-bit, floats are finite in a tree. */
export type NumberValue =
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "duration"; readonly value: bigint };

/** A value in the query, signed or the sum of others perhaps. There is no nil: see `Exists`. */
export interface Literal extends Place {
  readonly kind: "literal";
  readonly value: Value;
}

/** A literal where only numbers may stand. */
export interface NumberLiteral extends Literal {
  readonly value: NumberValue;
}

/** `a && b && c`, `a || b || c`: an operand counts as true only if it is the boolean true, so nil and
 * values of other types count as false. No operand is itself a chain of the same operator. */
export interface Logic extends Place {
  readonly kind: "logic";
  readonly op: "&&" | "||";
  /** At least two. To be evaluated from the left, and no further than needed. */
  readonly operands: readonly FieldExpr[];
}

/** `!operand`. */
export interface Not extends Place {
  readonly kind: "not";
  readonly operand: FieldExpr;
}

/** An operator that compares. */
export type ComparisonOp = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** `left = right`. A `trace:id` is compared with strings without leading zeros, a time (`span:start`,
 * `span:start + 1s`) with an int literal; the parser has already brought literals to that form. */
export interface Comparison extends Place {
  readonly kind: "comparison";
  readonly op: ComparisonOp;
  readonly left: FieldExpr;
  readonly right: FieldExpr;
}

/** `left =~ right`. Once checked, `right` is a string literal that compiles (see regex.ts). */
export interface Match extends Place {
  readonly kind: "match";
  readonly op: "=~" | "!~";
  readonly left: FieldExpr;
  readonly right: FieldExpr;
}

/** `operand != nil`, or `operand = nil` if negated. */
export interface Exists extends Place {
  readonly kind: "exists";
  readonly negated: boolean;
  readonly operand: FieldExpr;
}

/** `operand in (a, b)`, an extension of Clew: short for `operand = a || operand = b`; negated,
 * `operand not in (a, b)`, for `operand != a && operand != b`. */
export interface In extends Place {
  readonly kind: "in";
  readonly negated: boolean;
  readonly operand: FieldExpr;
  /** At least one. */
  readonly values: readonly Literal[];
}

/** An operator that calculates; `^` is the power. */
export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^";

/** `left + right`; arithmetic.ts has what it gives. */
export interface Arithmetic extends Place {
  readonly kind: "arithmetic";
  readonly op: ArithmeticOp;
  readonly left: FieldExpr;
  readonly right: FieldExpr;
}

/** `-operand`. */
export interface Negate extends Place {
  readonly kind: "negate";
  readonly operand: FieldExpr;
}

// ── Metrics ──────────────────────────────────────────────────────────────────────────────────────

/** What gives time series. */
export type MetricsExpr = MetricsPipeline | MetricsMaths;

/** `pipeline | function`. */
export interface MetricsPipeline extends Place {
  readonly kind: "metricsPipeline";
  readonly pipeline: Pipeline;
  readonly fn: MetricsFunction;
  /** Applied in this order to the function's series. */
  readonly stages: readonly SecondStage[];
}

/** `left / right` of series, or of series and a number (never of two numbers). */
export interface MetricsMaths extends Place {
  readonly kind: "metricsMaths";
  readonly op: "+" | "-" | "*" | "/";
  readonly left: MetricsExpr | NumberLiteral;
  readonly right: MetricsExpr | NumberLiteral;
  /** Applied in this order to the result; only the outermost of a query has any. */
  readonly stages: readonly SecondStage[];
}

/** What makes series of spans. */
export type MetricsFunction = CountSpans | OverTime | Quantiles | CompareSpans;

/** `rate()`, `count_over_time()`. */
export interface CountSpans extends Place {
  readonly kind: "countSpans";
  readonly fn: "rate" | "count_over_time";
  /** Empty if not grouped. */
  readonly by: readonly Field[];
}

/** `max_over_time(of)` and its like. */
export interface OverTime extends Place {
  readonly kind: "overTime";
  readonly fn:
    | "min_over_time"
    | "max_over_time"
    | "avg_over_time"
    | "sum_over_time"
    | "histogram_over_time";
  readonly of: Field;
  /** Empty if not grouped. */
  readonly by: readonly Field[];
}

/** `quantile_over_time(of, 0.5, 0.9)`. */
export interface Quantiles extends Place {
  readonly kind: "quantiles";
  readonly of: Field;
  /** At least one, in the order written; checked to be within 0 and 1. */
  readonly quantiles: readonly NumberLiteral[];
  /** Empty if not grouped. */
  readonly by: readonly Field[];
}

/** `compare({ … }, top, start, end)`: how the selected spans differ from the others. */
export interface CompareSpans extends Place {
  readonly kind: "compareSpans";
  readonly selection: Filter;
  /** Values an attribute; 10 where not written. */
  readonly top: number;
  /** Only spans that start within these unix nanoseconds are selected. */
  readonly window?: { readonly start: bigint; readonly end: bigint };
}

/** What is done with finished series. */
export type SecondStage = TopSeries | Threshold;

/** `| topk(count)`, `| bottomk(count)`: so many series at each timestamp. */
export interface TopSeries extends Place {
  readonly kind: "topSeries";
  readonly fn: "topk" | "bottomk";
  /** Checked to be at least 1. */
  readonly count: number;
}

/** `> value`: keeps the points for which it holds. */
export interface Threshold extends Place {
  readonly kind: "threshold";
  readonly op: ComparisonOp;
  readonly value: NumberLiteral;
}
