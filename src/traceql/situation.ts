/** Where in the grammar some tokens of a query end, and so what can come next. */
import type { ComparisonOp, Field } from "./ast.ts";
import { bareIntrinsic, scopedIntrinsic } from "./intrinsics.ts";
import { type ColonScope, operatorOf, type Token, wordOf } from "./tokens.ts";
import * as words from "./typing-words.ts";

const NO_TOKEN: Token = { kind: "end", from: 0, to: 0 };

/** What a value is compared with, and how. */
export interface ValueOf {
  readonly field: Field;
  readonly op: ComparisonOp | "=~" | "!~" | "in" | "not in";
}

/** What can come after some tokens. */
export type Situation =
  | { readonly is: "start" | "operand" | "name" | "hint" | "none" }
  | { readonly is: "stage"; readonly isOfSeries: boolean; readonly isFirstOrder: boolean }
  | { readonly is: "connector"; readonly after: "spanset" | "aggregate" | "series" | "stage" }
  /** `isCompared`: what is in front is a whole comparison already. */
  | { readonly is: "operator"; readonly field: Field | undefined; readonly isCompared: boolean }
  | { readonly is: "value"; readonly value: ValueOf }
  | { readonly is: "intrinsic"; readonly scope: ColonScope };

/** An open bracket: what it belongs to, and which tokens are within. */
interface Open {
  /** A function's name, "by names", or the bracket itself. */
  readonly of: string;
  readonly from: number;
  /** There is a function within that makes series. */
  hasSeries: boolean;
}

/** What can come after these tokens, which need not make sense. */
export function situationOf(before: readonly Token[]): Situation {
  const open: Open[] = [{ of: "", from: 0, hasSeries: false }];
  let closed = "";
  let braces = 0;
  before.forEach((token, i) => {
    const operator = operatorOf(token);
    if (operator === "{" || operator === "(") {
      const of = operator === "(" ? functionBefore(before, i, braces > 0) : "{";
      if (of === "{") braces++;
      if (words.isSeriesFunction(of)) open.at(-1)!.hasSeries = true;
      open.push({ of, from: i + 1, hasSeries: false });
    } else if ((operator === "}" || operator === ")") && open.length > 1) {
      const { of, hasSeries } = open.pop()!;
      if (hasSeries) open.at(-1)!.hasSeries = true;
      if (of === "{") braces--;
      closed = of;
    }
  });
  const inner = open.at(-1)!;
  const { of } = inner;
  const last = before.at(-1);
  if (last?.kind === "colon") return { is: "intrinsic", scope: last.scope };
  if (of === "with") return withinHints(last);
  if (words.takesNothing(of)) return { is: "none" };
  if (of === "compare" && last?.kind === "operator" && last.text === "(") return { is: "start" };
  const inExpression = braces > 0 || open.some(({ of }) => words.takesExpression(of));
  if (inExpression) return withinExpression(before, inner);
  if (words.takesNames(of)) return withinNames(before, inner);
  return betweenStages(before, closed, inner.hasSeries);
}

/** What a round bracket belongs to: the word in front of it, "(" if there is none. */
function functionBefore(before: readonly Token[], at: number, inBraces: boolean): string {
  const word = wordOf(before[at - 1] ?? NO_TOKEN);
  if (word === undefined) return "(";
  // `rate() by (` takes names only, `| by (` an expression.
  const isPiped = at < 2 || /^[|(]$/.test(operatorOf(before[at - 2]!) ?? "");
  if (word === "by" && !isPiped && !inBraces) return "by names";
  return word;
}

function withinHints(last: Token | undefined): Situation {
  const operator = last && operatorOf(last);
  return { is: operator === "(" || operator === "," ? "hint" : "none" };
}

/** Within braces, or within the brackets of a function that takes an expression. */
function withinExpression(before: readonly Token[], inner: Open): Situation {
  const last = before.at(-1)!;
  if (inner.of === "in") {
    const isPlace = operatorOf(last) === "(" || operatorOf(last) === ",";
    const isNegated = wordOf(before[inner.from - 3] ?? NO_TOKEN) === "not";
    const field = fieldBefore(before, inner.from - (isNegated ? 3 : 2));
    if (!isPlace || field === undefined) return { is: "none" };
    return { is: "value", value: { field, op: isNegated ? "not in" : "in" } };
  }
  const operator = operatorOf(last);
  if (operator === undefined || operator === ")") {
    const field = fieldBefore(before, before.length);
    const compares = operatorOf(before.at(-2) ?? NO_TOKEN);
    const isCompared = words.comparisons.some((comparison) => comparison === compares);
    return { is: "operator", field, isCompared: isCompared && field === undefined };
  }
  const op = words.comparisons.find((comparison) => comparison === operator);
  const field = op && fieldBefore(before, before.length - 1);
  if (op !== undefined && field !== undefined) return { is: "value", value: { field, op } };
  return { is: operator === "}" ? "none" : "operand" };
}

/** Within `select(…)`, `max_over_time(…)`, `by (…)` of series. */
function withinNames(before: readonly Token[], inner: Open): Situation {
  const operator = operatorOf(before.at(-1)!);
  const isFirst = before.length === inner.from;
  if (operator !== "," && !isFirst) return { is: "none" };
  // What follows the first argument of a quantile are numbers.
  return { is: inner.of === "quantile_over_time" && !isFirst ? "none" : "name" };
}

function betweenStages(before: readonly Token[], closed: string, hasSeries: boolean): Situation {
  const last = before.at(-1);
  const operator = last && operatorOf(last);
  if (last === undefined || operator === "(") return { is: "start" };
  if (operator === "|") {
    const words = before.map((token) => wordOf(token));
    const isFirstOrder = !words.includes("sort") && !words.includes("limit");
    return { is: "stage", isOfSeries: hasSeries, isFirstOrder };
  }
  if (operator === "}" || operator === ")") return { is: "connector", after: kindOf(closed) };
  if (operator !== undefined) {
    const isAfterFunction =
      operatorOf(before.at(-2) ?? NO_TOKEN) === ")" && kindOf(closed) !== "spanset";
    return { is: isAfterFunction || words.comparesNumbers(operator) ? "none" : "start" };
  }
  if (wordOf(last) === "unless") return { is: "start" };
  const isNumber = last.kind === "int" || last.kind === "float" || last.kind === "duration";
  return isNumber ? { is: "connector", after: "stage" } : { is: "none" };
}

function kindOf(closed: string): "spanset" | "aggregate" | "series" | "stage" {
  if (closed === "{" || closed === "(") return "spanset";
  if (words.isAggregateFunction(closed)) return "aggregate";
  return words.isSeriesFunction(closed) && closed !== "compare" ? "series" : "stage";
}

/** The field that the tokens before `end` end in. */
function fieldBefore(before: readonly Token[], end: number): Field | undefined {
  const last = before[end - 1];
  if (last === undefined) return undefined;
  if (last.kind === "attribute") {
    const { scope, name, ofParent, from, to } = last;
    return { kind: "attribute", scope, name, ofParent, from, to };
  }
  const word = wordOf(last);
  if (word === undefined) return undefined;
  const colon = before[end - 2];
  const scope = colon?.kind === "colon" ? colon.scope : undefined;
  const name = scope === undefined ? bareIntrinsic(word) : scopedIntrinsic(scope, word);
  if (name === undefined) return undefined;
  const from = scope === undefined ? last.from : colon!.from;
  return { kind: "intrinsic", name, ofParent: scope === "parent", from, to: last.to };
}
