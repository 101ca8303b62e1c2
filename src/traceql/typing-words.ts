/** The words of the language by where they may stand, in the order in which they are of use. */
import { spanKinds, spanStatuses } from "../model/trace.ts";
import type { Field } from "./ast.ts";
import { bareIntrinsics, intrinsicInfo, scopedIntrinsic } from "./intrinsics.ts";
import { metricsFunctions } from "./parse-metrics.ts";
import { colonScopes, dotScopes } from "./tokens.ts";
import { takesType, typeOf } from "./types.ts";

/** Operators between a field and a value. */
export const comparisons = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="] as const;
const sums = ["+", "-", "*", "/", "%", "^"] as const;
const relations = [">>", ">", "<<", "<", "~"];
const structural = ["", "!", "&"].flatMap((form) => relations.map((sign) => form + sign));
const aggregates = ["count", "avg", "min", "max", "sum"];

/** Whether it is the name of a function that makes series. */
export function isSeriesFunction(word: string): boolean {
  return (metricsFunctions as readonly string[]).includes(word);
}

/** Whether it is the name of an aggregate. */
export function isAggregateFunction(word: string): boolean {
  return aggregates.includes(word);
}

/** Whether there is nothing, or only a number, between the brackets of the function. */
export function takesNothing(word: string): boolean {
  return ["count", "coalesce", "rate", "count_over_time", "topk", "bottomk", "limit"].includes(
    word,
  );
}

/** Whether there is an expression between the brackets of the function. */
export function takesExpression(word: string): boolean {
  return word === "by" || word === "sort" || (word !== "count" && isAggregateFunction(word));
}

/** Whether there are names of fields between the brackets of the function. */
export function takesNames(word: string): boolean {
  const isSeries = isSeriesFunction(word) && word !== "compare";
  return word === "select" || word === "by names" || isSeries;
}

/** Whether what follows is a number, if what is in front is one. */
export function comparesNumbers(operator: string): boolean {
  return ["=", "!=", "<=", ">=", ...sums].includes(operator);
}

/** What a query begins with. */
export const starts: readonly string[] = ["{", "("];

/** What may stand after a pipe. */
export function stages(isOfSeries: boolean, isFirstOrder: boolean, strict: boolean): string[] {
  if (isOfSeries) return ["topk(", "bottomk("];
  if (!isFirstOrder) return ["limit(", "select("];
  return [
    "by(",
    "select(",
    "count()",
    ...aggregates.slice(1).map((name) => `${name}(`),
    "coalesce()",
    ...(strict ? [] : ["sort(", "limit("]),
    ...metricsFunctions.map((name) => (takesNothing(name) ? `${name}()` : `${name}(`)),
    "{",
  ];
}

/** What may stand after a spanset, a function, or a whole stage. */
export function connectors(
  after: "spanset" | "aggregate" | "series" | "stage",
  strict: boolean,
): string[] {
  switch (after) {
    case "spanset":
      return ["|", "&&", "||", ...(strict ? [] : ["unless"]), ...structural, "with ("];
    case "aggregate":
      return [">", ">=", "=", "!=", "<", "<="];
    case "series":
      return ["by (", "|", ">", "<", ">=", "<=", "=", "!=", "with ("];
    case "stage":
      return ["|", "with ("];
  }
}

/** Whether the intrinsic exists, in the language of Tempo if `strict`. */
export function isKnown(scope: string, word: string, strict: boolean): boolean {
  const name = scopedIntrinsic(scope, word);
  if (name === undefined) return false;
  return !strict || (scope !== "parent" && intrinsicInfo(name).isExtension !== true);
}

/** What a name of a field begins with, or is. */
export function names(strict: boolean): string[] {
  const isKnownScope = (scope: string): boolean => !strict || scope !== "parent";
  return [
    ...dotScopes.filter(isKnownScope).map((scope) => `${scope}.`),
    ".",
    ...bareIntrinsics.filter((word) => word !== "parent"),
    ...colonScopes.filter(isKnownScope).map((scope) => `${scope}:`),
  ];
}

/** What a condition begins with. */
export function operands(strict: boolean): string[] {
  return [...names(strict), "true", "false"];
}

/** What may stand after a field or another operand. */
export function fieldOperators(field: Field | undefined, strict: boolean): string[] {
  const type = field === undefined ? "attribute" : typeOf(field);
  const lists = strict ? [] : ["in (", "not in ("];
  return [
    ...comparisons.filter((op) => takesType(op, type)),
    ...lists,
    "&&",
    "||",
    ...sums.filter((op) => takesType(op, type)),
  ];
}

/** What may stand after a whole comparison. */
export const afterComparison: readonly string[] = ["&&", "||", ...sums];

/** The values that a field can have, as far as the language has words for them. */
export function values(field: Field, op: string): string[] {
  const type = typeOf(field);
  if (type === "status") return ["error", "ok", "unset"].filter((word) => isStatus(word));
  if (type === "kind") return [...spanKinds];
  if (field.kind === "intrinsic" && !field.ofParent) return [];
  const isEquality = op === "=" || op === "!=";
  return [...(field.kind === "attribute" ? ["true", "false"] : []), ...(isEquality ? ["nil"] : [])];
}

function isStatus(word: string): boolean {
  return (spanStatuses as readonly string[]).includes(word);
}

/** Names of hints. */
export const hints: readonly string[] = [
  "most_recent = ",
  "exemplars = ",
  "sample = ",
  "span_sample = ",
  "trace_sample = ",
  "extrapolate = ",
];
