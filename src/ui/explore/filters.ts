/** A query as a list of conditions, where it is one: what chips show, and what roll-ups can answer. */
import type { Comparison, Field, FieldExpr, SearchQuery, Value } from "../../traceql/ast.ts";
import { parseQuery } from "../../traceql/parse.ts";
import { formatDuration } from "../../traceql/duration.ts";
import { formatExpression, formatQuery } from "../../traceql/format.ts";
import type { Box, SortKey, Sorting } from "./explore-route.ts";
import { quoteString } from "../../traceql/strings.ts";
import type { SpanKind, SpanStatus } from "../../model/trace.ts";

/** The query as it is understood. */
export type Understood =
  /** `{ a && b && … }`: each condition with its text; none for `{}` and for an empty query. */
  | { readonly kind: "conditions"; readonly conditions: readonly Condition[] }
  /** A query that is more than that. */
  | { readonly kind: "more"; readonly query: SearchQuery }
  | { readonly kind: "metrics" }
  | { readonly kind: "wrong" };

/** One condition of a query. */
export interface Condition {
  readonly text: string;
  readonly expr: FieldExpr;
}

/** What a query says. */
export function understand(q: string): Understood {
  if (q.trim() === "") return { kind: "conditions", conditions: [] };
  const { query } = parseQuery(q);
  if (query === undefined) return { kind: "wrong" };
  if (query.kind === "metrics") return { kind: "metrics" };
  const [stage, ...others] = query.pipeline.stages;
  const isPlain = others.length === 0 && query.sort === undefined && query.limit === undefined;
  if (!isPlain || stage?.kind !== "filter") return { kind: "more", query };
  return { kind: "conditions", conditions: conjuncts(stage.condition).map(asCondition) };
}

function asCondition(expr: FieldExpr): Condition {
  return { text: formatExpression(expr), expr };
}

function conjuncts(expr: FieldExpr): readonly FieldExpr[] {
  if (expr.kind === "logic" && expr.op === "&&") return expr.operands;
  const isTrue = expr.kind === "literal" && expr.value.type === "bool" && expr.value.value;
  return isTrue ? [] : [expr];
}

/** The query of some conditions; "" for none. */
export function queryOf(conditions: readonly string[]): string {
  if (conditions.length === 0) return "";
  const joined = conditions.map((text) => `(${text})`).join(" && ");
  const { query } = parseQuery(`{ ${joined} }`);
  return query === undefined ? `{ ${joined} }` : formatQuery(query);
}

/** The query that asks for one more condition of the same spans. A search that is no list of
 * conditions gets it as a step of its own; what is no search stays as it is. */
export function withCondition(q: string, condition: string): string {
  const understood = understand(q);
  if (understood.kind === "more") {
    const { query } = parseQuery(`{ ${condition} }`);
    if (query?.kind !== "search") return q;
    const { pipeline } = understood.query;
    const stages = [...pipeline.stages, ...query.pipeline.stages];
    return formatQuery({ ...understood.query, pipeline: { ...pipeline, stages } });
  }
  if (understood.kind !== "conditions") return q;
  const others = understood.conditions.map(({ text }) => text);
  return queryOf(others.includes(condition) ? others : [...others, condition]);
}

/** The query with the conditions on a field replaced by one, or taken out if there is none. */
export function withField(q: string, field: string, value: Value | undefined): string {
  const understood = understand(q);
  const wanted = value === undefined ? undefined : `${field} = ${valueText(value)}`;
  if (understood.kind !== "conditions") return wanted === undefined ? q : withCondition(q, wanted);
  const others = understood.conditions.filter(({ expr }) => {
    const equality = equalityOf(expr);
    return equality === undefined || textOf(equality.field) !== field;
  });
  const texts = others.map(({ text }) => text);
  return queryOf(wanted === undefined ? texts : [...texts, wanted]);
}

/** A value as it is written in a query. */
function valueText(value: Value): string {
  switch (value.type) {
    case "string":
      return quoteString(value.value);
    case "duration":
      return formatDuration(value.value);
    case "int":
    case "float":
    case "bool":
    case "status":
    case "kind":
      return String(value.value);
  }
}

function equalityOf(expr: FieldExpr): { field: Field; value: Value } | undefined {
  if (expr.kind !== "comparison" || expr.op !== "=") return undefined;
  return sidesOf(expr);
}

function sidesOf({ left, right }: Comparison): { field: Field; value: Value } | undefined {
  if (right.kind !== "literal") return undefined;
  if (left.kind !== "attribute" && left.kind !== "intrinsic") return undefined;
  return { field: left, value: right.value };
}

function textOf(field: Field): string {
  return formatExpression(field);
}

/** The field that says which service a span is of. */
export const SERVICE = "resource.service.name";

/** What roll-ups can be asked for: see `/red` in api/contract.ts. */
export interface RollUpFilter {
  readonly service?: string;
  readonly name?: string;
  readonly kinds?: readonly SpanKind[];
  readonly status?: SpanStatus;
}

/** What roll-ups have to be asked for this query, or undefined if they cannot answer it. */
export function rollUpFilter(q: string): RollUpFilter | undefined {
  const understood = understand(q);
  if (understood.kind !== "conditions") return undefined;
  const parts = understood.conditions.map(({ expr }) => rollUpPart(expr));
  const merged: Record<string, unknown> = {};
  for (const part of parts) {
    if (part === undefined) return undefined;
    for (const [name, value] of Object.entries(part)) {
      if (name in merged) return undefined;
      merged[name] = value;
    }
  }
  return merged;
}

function rollUpPart(expr: FieldExpr): RollUpFilter | undefined {
  const kinds = kindsOf(expr);
  if (kinds !== undefined) return { kinds };
  const equality = equalityOf(expr);
  if (equality === undefined) return undefined;
  const { field, value } = equality;
  const text = textOf(field);
  if (text === SERVICE && value.type === "string") return { service: value.value };
  if (field.kind !== "intrinsic" || field.ofParent) return undefined;
  if (field.name === "span:name" && value.type === "string") return { name: value.value };
  if (field.name === "span:status" && value.type === "status") return { status: value.value };
  return undefined;
}

/** The kinds of `kind = server`, of several such joined by `||`, or of `kind in (…)`. */
function kindsOf(expr: FieldExpr): readonly SpanKind[] | undefined {
  if (expr.kind === "in") {
    const isKind = expr.operand.kind === "intrinsic" && expr.operand.name === "span:kind";
    if (!isKind || expr.operand.ofParent || expr.negated) return undefined;
    const kinds = expr.values.flatMap(({ value }) => (value.type === "kind" ? value.value : []));
    return kinds.length === expr.values.length ? kinds : undefined;
  }
  const operands = expr.kind === "logic" && expr.op === "||" ? expr.operands : [expr];
  const kinds = operands.map((operand) => {
    const equality = equalityOf(operand);
    if (equality?.value.type !== "kind" || equality.field.kind !== "intrinsic") return undefined;
    return equality.field.name === "span:kind" && !equality.field.ofParent
      ? equality.value.value
      : undefined;
  });
  return kinds.every((kind) => kind !== undefined) ? kinds : undefined;
}

/** The search for spans in a box on the heatmap; only for requests (kinds server and consumer) if the
 * heatmap is of these and the query says nothing of kinds. */
export function boxQuery(q: string, box: Box, ofRequests: boolean): string {
  const saysKind = rollUpFilter(q)?.kinds !== undefined;
  const wanted = [...(ofRequests && !saysKind ? [IS_REQUEST] : []), ...durationConditions(box)];
  return wanted.reduce(withCondition, q);
}

/** The condition that a span is a request. */
export const IS_REQUEST = "kind in (server, consumer)";

function durationConditions({ overNano, upToNano }: Box): string[] {
  const text = (nanos: number): string => formatDuration(BigInt(nanos));
  return [
    ...(overNano > 0 ? [`duration > ${text(overNano)}`] : []),
    `duration <= ${text(upToNano)}`,
  ];
}

/** The condition that a span takes as long as those in the box. */
export function durationCondition(box: Box): string {
  return durationConditions(box).join(" && ");
}

/** The service that the query asks for; "" for any. */
export function serviceOf(q: string): string {
  const understood = understand(q);
  if (understood.kind !== "conditions") return "";
  for (const { text } of understood.conditions) {
    const service = rollUpFilter(`{ ${text} }`)?.service;
    if (service !== undefined) return service;
  }
  return "";
}

/** Operators that compare a field with a value, and those that ask whether it has one. */
export const operators = [
  "=",
  "!=",
  ">",
  ">=",
  "<",
  "<=",
  "=~",
  "!~",
  "exists",
  "is absent",
] as const;

/** A condition as it is written, for a value as it was typed: what may be a number, a duration or a word
 * of the language is one if the field takes it, and all else is text, as is everything if it `isText`.
 * Undefined if it makes no sense. */
export function conditionText(
  field: string,
  op: string,
  value: string,
  isText = false,
): string | undefined {
  const written =
    op === "exists"
      ? [`${field} != nil`]
      : op === "is absent"
        ? [`${field} = nil`]
        : [
            ...(/^[-\w.]+$/.test(value) && !op.includes("~") && !isText
              ? [`${field} ${op} ${value}`]
              : []),
            `${field} ${op} ${quoteString(value)}`,
          ];
  return written.find((text) => {
    const { query } = parseQuery(`{ ${text} }`);
    return query?.kind === "search" && understand(`{ ${text} }`).kind === "conditions";
  });
}

const sortFields: Partial<Record<SortKey, string>> = {
  start: "trace:start",
  name: "trace:rootName",
  duration: "trace:duration",
  spans: "trace:spanCount",
  errors: "trace:errorCount",
};

/** The search whose traces come in an order, over all that there are; as it is if it says an order itself,
 * if it is none, or if the order is the newest first, which it has anyway. */
export function withSorting(q: string, { key, descending }: Sorting): string {
  const field = sortFields[key];
  if (field === undefined || (key === "start" && descending)) return q;
  const { query } = parseQuery(q === "" ? "{ }" : q);
  const order = parseQuery(`{ } | sort(${field} ${descending ? "desc" : "asc"})`).query;
  if (query?.kind !== "search" || query.sort !== undefined) return q;
  if (order?.kind !== "search" || order.sort === undefined) return q;
  return formatQuery({ ...query, sort: order.sort });
}

/** Whether a text is one field of spans, as TraceQL has it. */
export function isField(text: string): boolean {
  const understood = understand(`{ ${text} != nil }`);
  if (understood.kind !== "conditions" || understood.conditions.length !== 1) return false;
  const { expr } = understood.conditions[0]!;
  const operand = expr.kind === "exists" ? expr.operand : undefined;
  return operand?.kind === "attribute" || operand?.kind === "intrinsic";
}
