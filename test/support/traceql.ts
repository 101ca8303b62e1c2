/** Random TraceQL queries, as trees in the form that the parser gives. */
import fc from "fast-check";
import { spanKinds, spanStatuses } from "../../src/model/trace.ts";
import type {
  Aggregate,
  Attribute,
  Comparison,
  Field,
  FieldExpr,
  Filter,
  Intrinsic,
  Literal,
  Logic,
  MetricsExpr,
  MetricsFunction,
  MetricsMaths,
  NumberLiteral,
  Pipeline,
  Query,
  ScalarExpr,
  ScalarFilter,
  SecondStage,
  SpansetExpr,
  SpansetLogic,
  Stage,
  Value,
} from "../../src/traceql/ast.ts";
import { type IntrinsicName, intrinsics } from "../../src/traceql/intrinsics.ts";
import { typeOf } from "../../src/traceql/types.ts";

/** The same tree without places, to compare trees by what they mean. */
export function withoutPlaces(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPlaces);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== "from" && key !== "to")
      .map(([key, value]) => [key, withoutPlaces(value)]),
  );
}

const place = { from: 0, to: 0 };
type Arb<T> = fc.Arbitrary<T>;

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("GET /a", 'say "hi"', "back`tick", "a\\d+", "a\nb", "2026-01-31T00:00:00Z"),
);
const anyInt = fc.oneof(
  fc.bigInt({ min: -20n, max: 20n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const int = anyInt.map((value) => ({ type: "int", value }) as const);
const float = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => ({ type: "float", value }) as const);
const duration = anyInt
  .filter((value) => value !== -(2n ** 63n))
  .map((value) => ({ type: "duration", value }) as const);

/** Any value that a query can have in it. */
export const anyValue: Arb<Value> = fc.oneof(
  int,
  float,
  duration,
  anyText.map((value) => ({ type: "string", value }) as const),
  fc.boolean().map((value) => ({ type: "bool", value }) as const),
  fc.constantFrom(...spanStatuses).map((value) => ({ type: "status", value }) as const),
  fc.constantFrom(...spanKinds).map((value) => ({ type: "kind", value }) as const),
);

const literal: Arb<Literal> = anyValue.map((value) => ({ kind: "literal", value, ...place }));
const number: Arb<NumberLiteral> = fc
  .oneof(int, float, duration)
  .map((value) => ({ kind: "literal", value, ...place }));
const factor = number.filter(({ value }) => value.type !== "duration");

const attributeName = fc.oneof(
  fc.constantFrom("a", "http.route", "3rd", "odd key", "span.x", "resource.y", "a-b/c+d", "", "."),
  fc.constantFrom('say "hi"', "back\\slash", "duration", "ü😀", "x.", "a:b", "{}"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const attribute: Arb<Attribute> = fc
  .record({
    scope: fc.constantFrom("any", "span", "resource", "event", "link", "instrumentation" as const),
    name: attributeName,
    ofParent: fc.boolean(),
  })
  .map(({ scope, name, ofParent }) => ({
    kind: "attribute",
    scope,
    name,
    ofParent: ofParent && (scope === "any" || scope === "span" || scope === "resource"),
    ...place,
  }));
const intrinsic: Arb<Intrinsic> = fc
  .record({
    name: fc.constantFrom(...(Object.keys(intrinsics) as IntrinsicName[])),
    ofParent: fc.boolean(),
  })
  .map(({ name, ofParent }) => ({
    kind: "intrinsic",
    name,
    ofParent: ofParent && name.startsWith("span:"),
    ...place,
  }));
/** Any attribute or intrinsic. */
export const anyField: Arb<Field> = fc.oneof(attribute, intrinsic);

const compared = fc.constantFrom("=", "!=", "<", "<=", ">", ">=" as const);
const summed = fc.constantFrom("+", "-", "*", "/", "%", "^" as const);
const logicOp = fc.constantFrom("&&", "||" as const);

/** Strings are compared with trace ids and times in a form of their own. */
function isNormal(one: FieldExpr, literals: readonly FieldExpr[]): boolean {
  const isTraceId = one.kind === "intrinsic" && one.name === "trace:id";
  if (!isTraceId && typeOf(one) !== "time") return true;
  return !literals.some((side) => side.kind === "literal" && side.value.type === "string");
}

type Exprs = {
  /** Anything. */
  any: FieldExpr;
  /** Anything that the parser does not replace by a literal. */
  open: FieldExpr;
  sides: { left: FieldExpr; right: FieldExpr };
};

const exprs = fc.letrec<Exprs>((tie) => ({
  any: fc.oneof({ depthSize: "small" }, literal, tie("open")),
  sides: fc
    .record({ one: tie("open"), other: tie("any"), isLeft: fc.boolean() })
    .map(({ one, other, isLeft }) =>
      isLeft ? { left: one, right: other } : { left: other, right: one },
    ),
  open: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: anyField },
    fc
      .record({ op: compared, sides: tie("sides") })
      .map(({ op, sides }): Comparison => ({ kind: "comparison", op, ...sides, ...place }))
      .filter(({ left, right }) => isNormal(left, [right]) && isNormal(right, [left])),
    fc
      .record({ op: fc.constantFrom("=~", "!~" as const), sides: tie("sides") })
      .map(({ op, sides }): FieldExpr => ({ kind: "match", op, ...sides, ...place })),
    fc
      .record({ op: summed, sides: tie("sides") })
      .map(({ op, sides }): FieldExpr => ({ kind: "arithmetic", op, ...sides, ...place })),
    tie("open").map((operand): FieldExpr => ({ kind: "not", operand, ...place })),
    tie("open").map((operand): FieldExpr => ({ kind: "negate", operand, ...place })),
    fc
      .record({ negated: fc.boolean(), operand: tie("open") })
      .map(({ negated, operand }): FieldExpr => ({ kind: "exists", negated, operand, ...place })),
    fc
      .record({
        negated: fc.boolean(),
        operand: tie("open"),
        values: fc.array(literal, { minLength: 1, maxLength: 3 }),
      })
      .filter(({ operand, values }) => isNormal(operand, values))
      .map((fields): FieldExpr => ({ kind: "in", ...fields, ...place })),
    fc
      .record({
        op: logicOp,
        first: tie("open"),
        rest: fc.array(tie("any"), { minLength: 1, maxLength: 3 }),
      })
      .map(({ op, first, rest }): Logic => ({
        kind: "logic",
        op,
        operands: [first, ...rest],
        ...place,
      }))
      .filter(({ op, operands }) => !operands.some((o) => o.kind === "logic" && o.op === op)),
  ),
}));

/** Any condition or sum, of types that fit or not. */
export const anyExpression: Arb<FieldExpr> = exprs.any;

const filter: Arb<Filter> = exprs.any.map((condition) => ({ kind: "filter", condition, ...place }));
const aggregate: Arb<Aggregate> = fc.oneof(
  fc.constant<Aggregate>({ kind: "aggregate", fn: "count", ...place }),
  fc
    .record({ fn: fc.constantFrom("min", "max", "avg", "sum" as const), argument: exprs.any })
    .map((fields): Aggregate => ({ kind: "aggregate", ...fields, ...place })),
);

const { scalar } = fc.letrec<{ scalar: ScalarExpr; sum: ScalarExpr }>((tie) => ({
  scalar: fc.oneof({ depthSize: "small" }, aggregate, tie("sum")),
  sum: fc
    .record({
      op: summed,
      one: tie("scalar"),
      other: fc.oneof(factor, tie("scalar")),
      isLeft: fc.boolean(),
    })
    .map(({ op, one, other, isLeft }): ScalarExpr => {
      const sides = isLeft ? { left: one, right: other } : { left: other, right: one };
      return { kind: "scalarArithmetic", op, ...sides, ...place };
    }),
}));
const scalarFilter: Arb<ScalarFilter> = fc
  .record({ op: compared, one: scalar, other: fc.oneof(number, scalar), isLeft: fc.boolean() })
  .map(({ op, one, other, isLeft }) => {
    const sides = isLeft ? { left: one, right: other } : { left: other, right: one };
    return { kind: "scalarFilter", op, ...sides, ...place };
  });

type Spansets = {
  /** With pipelines among the operands, perhaps. */
  any: SpansetExpr;
  pipeline: Pipeline;
};

function operations(operand: Arb<SpansetExpr>): Arb<SpansetExpr>[] {
  return [
    fc
      .record({
        relation: fc.constantFrom("child", "descendant", "parent", "ancestor", "sibling" as const),
        form: fc.constantFrom("plain", "negated", "union" as const),
        left: operand,
        right: operand,
      })
      .map((fields): SpansetExpr => ({ kind: "structural", ...fields, ...place })),
    fc
      .record({ left: operand, right: operand })
      .map((sides): SpansetExpr => ({ kind: "unless", ...sides, ...place })),
    fc
      .record({ op: logicOp, operands: fc.array(operand, { minLength: 2, maxLength: 4 }) })
      .map((fields): SpansetLogic => ({ kind: "spansetLogic", ...fields, ...place }))
      .filter(
        ({ op, operands }) => !operands.some((o) => o.kind === "spansetLogic" && o.op === op),
      ),
  ];
}

/** Without pipelines, as it may be a stage of any pipeline. */
const { plain: plainSpanset } = fc.letrec<{ plain: SpansetExpr }>((tie) => ({
  plain: fc.oneof({ depthSize: "small" }, filter, ...operations(tie("plain"))),
}));

const select: Arb<Stage> = fc
  .array(anyField, { minLength: 1, maxLength: 3 })
  .map((fields) => ({ kind: "select", fields, ...place }));
const group: Arb<Stage> = exprs.any.map((by) => ({ kind: "group", by, ...place }));
const notSpanset: Arb<Stage> = fc.oneof(scalarFilter, group, select);
const laterStage: Arb<Stage> = fc.oneof(
  notSpanset,
  fc.constant<Stage>({ kind: "coalesce", ...place }),
  plainSpanset,
);

const spansets = fc.letrec<Spansets>((tie) => ({
  pipeline: fc
    .record({ first: fc.oneof(filter, notSpanset), rest: fc.array(laterStage, { maxLength: 2 }) })
    .map(({ first, rest }): Pipeline => ({ kind: "pipeline", stages: [first, ...rest], ...place }))
    .filter(({ stages }) => stages.length > 1 || stages[0]!.kind !== "filter"),
  any: fc.oneof(
    { depthSize: "small" },
    filter,
    tie("pipeline"),
    ...operations(fc.oneof(tie("any"), tie("pipeline"))),
  ),
}));

/** Any pipeline as it may be a query's. */
export const anyPipeline: Arb<Pipeline> = fc
  .record({
    first: fc.oneof(
      spansets.any.filter(({ kind }) => kind !== "pipeline"),
      notSpanset,
    ),
    rest: fc.array(laterStage, { maxLength: 3 }),
  })
  .map(({ first, rest }) => ({ kind: "pipeline", stages: [first, ...rest], ...place }));

const by = fc.array(anyField, { maxLength: 6 });
const quantile: Arb<NumberLiteral> = fc
  .oneof(
    fc.double({ min: 0, max: 2, noNaN: true }).map((value) => ({ type: "float", value }) as const),
    fc.nat(2).map((value) => ({ type: "int", value: BigInt(value) }) as const),
  )
  .map((value) => ({ kind: "literal", value, ...place }));
const metricsFunction: Arb<MetricsFunction> = fc.oneof(
  fc
    .record({ fn: fc.constantFrom("rate", "count_over_time" as const), by })
    .map((fields): MetricsFunction => ({ kind: "countSpans", ...fields, ...place })),
  fc
    .record({
      fn: fc.constantFrom(
        "min_over_time",
        "max_over_time",
        "avg_over_time",
        "sum_over_time",
        "histogram_over_time" as const,
      ),
      of: anyField,
      by,
    })
    .map((fields): MetricsFunction => ({ kind: "overTime", ...fields, ...place })),
  fc
    .record({ of: anyField, quantiles: fc.array(quantile, { minLength: 1, maxLength: 3 }), by })
    .map((fields): MetricsFunction => ({ kind: "quantiles", ...fields, ...place })),
  fc
    .record(
      {
        selection: filter,
        top: fc.nat(2000),
        window: fc.record({ start: fc.bigInt(0n, 9n), end: fc.bigInt(0n, 2n ** 60n) }),
      },
      { requiredKeys: ["selection", "top"] },
    )
    .map((fields): MetricsFunction => ({ kind: "compareSpans", ...fields, ...place })),
);
const secondStages: Arb<SecondStage[]> = fc.array(
  fc.oneof(
    fc
      .record({ fn: fc.constantFrom("topk", "bottomk" as const), count: fc.nat(20) })
      .map((fields): SecondStage => ({ kind: "topSeries", ...fields, ...place })),
    fc
      .record({ op: compared, value: number })
      .map((fields): SecondStage => ({ kind: "threshold", ...fields, ...place })),
  ),
  { maxLength: 2 },
);

const { metrics, maths } = fc.letrec<{ metrics: MetricsExpr; maths: MetricsMaths }>((tie) => ({
  metrics: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc
      .record({ pipeline: anyPipeline, fn: metricsFunction, stages: secondStages })
      .map((fields): MetricsExpr => ({ kind: "metricsPipeline", ...fields, ...place })),
    tie("maths"),
  ),
  maths: fc
    .record({
      op: fc.constantFrom("+", "-", "*", "/" as const),
      one: tie("metrics"),
      other: fc.oneof(factor, tie("metrics")),
      isLeft: fc.boolean(),
    })
    .map(({ op, one, other, isLeft }) => {
      const sides = isLeft ? { left: one, right: other } : { left: other, right: one };
      return { kind: "metricsMaths", op, ...sides, stages: [], ...place };
    }),
}));

const hints = fc.array(
  fc
    .record({ name: fc.constantFrom("most_recent", "sample", "x1", "in", "sort"), value: anyValue })
    .filter(({ value }) => !(value.type !== "string" && Number(value.value) < 0))
    .filter(({ value }) => !Object.is(value.value, -0))
    .map(({ name, value }) => ({
      kind: "hint" as const,
      name,
      value: { kind: "literal" as const, value, ...place },
      ...place,
    })),
  { maxLength: 2 },
);

/** Any query that can be parsed, whether it passes the checks or not. */
export const anyQuery: Arb<Query> = fc.oneof(
  fc
    .record(
      {
        pipeline: anyPipeline,
        sort: fc.record({ by: exprs.any, direction: fc.constantFrom("asc", "desc" as const) }),
        limit: fc.record({ count: fc.nat(100) }),
        hints,
      },
      { requiredKeys: ["pipeline", "hints"] },
    )
    .map(({ pipeline, sort, limit, hints }): Query => ({
      kind: "search",
      pipeline,
      ...(sort && { sort: { kind: "sort" as const, ...sort, ...place } }),
      ...(limit && { limit: { kind: "limit" as const, ...limit, ...place } }),
      hints,
      ...place,
    })),
  fc
    .record({
      metrics: fc.oneof(
        metrics,
        fc
          .record({ expr: maths, stages: secondStages })
          .map(({ expr, stages }): MetricsExpr => ({ ...expr, stages })),
      ),
      hints,
    })
    .map((fields): Query => ({ kind: "metrics", ...fields, ...place })),
);
