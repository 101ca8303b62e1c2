/** Values while a query runs: how they compare, group, sort and are shown. */
import { doubleJson } from "../../model/double-json.ts";
import { type AnyValue, spanKinds, spanStatuses } from "../../model/trace.ts";
import { compareText, compareValues, isNumber } from "../arithmetic.ts";
import type { ComparisonOp, NumberValue, Value } from "../ast.ts";
import { formatDuration } from "../duration.ts";
import type { ArrayValue } from "./trace-view.ts";

/** What an expression has for a span. Nil is `undefined`. */
export type RuntimeValue = Value | ArrayValue;

/** True, so that no value need be made for a span. */
export const TRUE: Value = { type: "bool", value: true };
/** False, likewise. */
export const FALSE: Value = { type: "bool", value: false };

/** Whether a value is a single number. */
export function isNumeric(value: RuntimeValue | undefined): value is NumberValue {
  return value !== undefined && value.type !== "array" && isNumber(value);
}

/**
 * Whether `left op right` holds. Nil compares with nothing. An array does if any of its items does,
 * but with `!=` if every one does, so that `!=` means "none is equal". Source: TraceQL, arrays.
 */
export function compareRuntime(
  op: ComparisonOp,
  left: RuntimeValue | undefined,
  right: RuntimeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.type === "array") {
    return anyOrEvery(op === "!=", left, (item) => compareRuntime(op, item, right));
  }
  if (right.type === "array") {
    return anyOrEvery(op === "!=", right, (item) => compareValues(op, left, item));
  }
  return compareValues(op, left, right);
}

/** Whether the test holds for every item, or for any. */
export function anyOrEvery(
  every: boolean,
  { values }: ArrayValue,
  test: (item: Value) => boolean,
): boolean {
  return every ? values.every(test) : values.some(test);
}

/** A primitive that is the same for equal values of one expression, whose values are never of two
 * types that only a tag tells apart (durations and ints, statuses and strings). Ints and floats stay
 * different. */
export type GroupKey = string | bigint | number | boolean | undefined;

/** The key under which a value is grouped. */
export function groupKey(value: RuntimeValue | undefined): GroupKey {
  if (value === undefined) return undefined;
  // No string attribute of a query can be mistaken for this: a key of an array starts with a NUL.
  if (value.type === "array") return `\0${JSON.stringify(anyValueOf(value))}`;
  return value.value;
}

/** A value in OTLP's JSON form, as answers show it: durations, statuses and kinds are strings, nil is
 * the string "nil". */
export function anyValueOf(value: RuntimeValue | undefined): AnyValue {
  if (value === undefined) return { stringValue: "nil" };
  switch (value.type) {
    case "string":
    case "status":
    case "kind":
      return { stringValue: value.value };
    case "int":
      return { intValue: value.value.toString() };
    case "float":
      return { doubleValue: doubleJson(value.value) };
    case "bool":
      return { boolValue: value.value };
    case "duration":
      return { stringValue: formatDuration(value.value) };
    case "array":
      return { arrayValue: { values: value.values.map(anyValueOf) } };
  }
}

/** The value as text, for labels that are sorted and read: without quotes. */
export function valueText(value: RuntimeValue | undefined): string {
  if (value === undefined) return "nil";
  if (value.type === "array") return `[${value.values.map(valueText).join(", ")}]`;
  return value.type === "duration" ? formatDuration(value.value) : String(value.value);
}

/** How the reference calls a value's type in messages. */
export function typeName(value: RuntimeValue): string {
  const names = {
    string: "TypeString",
    int: "TypeInt",
    float: "TypeFloat",
    bool: "TypeBoolean",
    duration: "TypeDuration",
    status: "TypeStatus",
    kind: "TypeKind",
  } as const;
  if (value.type !== "array") return names[value.type];
  return `${names[value.values[0]!.type]}Array`;
}

/** Negative, zero or positive as `a` sorts before, with or after `b`: numbers of all types (NaN first),
 * then strings, bools, statuses, kinds, arrays. */
export function compareForSort(a: RuntimeValue, b: RuntimeValue): number {
  const byType = typeRank(a) - typeRank(b);
  if (byType !== 0) return byType;
  if (isNumeric(a)) return compareNumbers(a.value, (b as NumberValue).value);
  if (a.type === "array") return compareArrays(a, b as ArrayValue);
  switch (a.type) {
    case "string":
      return compareText(a.value, b.type === "string" ? b.value : "");
    case "bool":
      return Number(a.value) - Number((b as typeof a).value);
    case "status":
      return spanStatuses.indexOf(a.value) - spanStatuses.indexOf((b as typeof a).value);
    case "kind":
      return spanKinds.indexOf(a.value) - spanKinds.indexOf((b as typeof a).value);
  }
}

const ranks = { string: 1, bool: 2, status: 3, kind: 4, array: 5 } as const;

function typeRank(value: RuntimeValue): number {
  return isNumeric(value) ? 0 : ranks[value.type];
}

/** Numbers by value, NaN before all others. */
function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(b !== b) - Number(a !== a);
}

function compareArrays(a: ArrayValue, b: ArrayValue): number {
  const length = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < length; i++) {
    const order = compareForSort(a.values[i]!, b.values[i]!);
    if (order !== 0) return order;
  }
  return a.values.length - b.values.length;
}
