/**
 * What the operators of TraceQL do with values. Ints, floats and durations are one family: they
 * compare by value, a duration counting as its nanoseconds.
 */
import type { ArithmeticOp, ComparisonOp, NumberValue, Value } from "./ast.ts";

/** Why a calculation fails, as the answer says it. */
export type ArithmeticFailure = "division by zero" | "modulo by zero";

/** Whether a value is a number. */
export function isNumber(value: Value): value is NumberValue {
  return value.type === "int" || value.type === "float" || value.type === "duration";
}

/**
 * `left op right`. Two ints give an int: `/` truncates to zero, `%` has the sign of `left`, and what
 * leaves 64 bits wraps around; only a power that is no 64-bit int becomes a float. Any other pair
 * is calculated in floats.
 */
export function calculate(
  op: ArithmeticOp,
  left: NumberValue,
  right: NumberValue,
): NumberValue | ArithmeticFailure {
  if (left.type !== "int" || right.type !== "int") {
    return { type: "float", value: calculateFloats(op, Number(left.value), Number(right.value)) };
  }
  const [a, b] = [left.value, right.value];
  switch (op) {
    case "+":
      return int(a + b);
    case "-":
      return int(a - b);
    case "*":
      return int(a * b);
    case "/":
      return b === 0n ? "division by zero" : int(a / b);
    case "%":
      return b === 0n ? "modulo by zero" : int(a % b);
    case "^":
      return power(a, b);
  }
}

function calculateFloats(op: ArithmeticOp, a: number, b: number): number {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "^":
      return a ** b;
  }
}

function power(base: bigint, exponent: bigint): NumberValue {
  const isSmallBase = base >= -1n && base <= 1n;
  if (exponent >= 0n && (isSmallBase || exponent < 64n)) {
    // 1, 0 and -1 have exponents without end, but only their evenness counts.
    const exact = base ** (isSmallBase && exponent > 1n ? 2n + (exponent & 1n) : exponent);
    if (BigInt.asIntN(64, exact) === exact) return { type: "int", value: exact };
  }
  return { type: "float", value: Number(base) ** Number(exponent) };
}

function int(value: bigint): NumberValue {
  return { type: "int", value: BigInt.asIntN(64, value) };
}

/** `-value`, of the same type. */
export function negate(value: NumberValue): NumberValue {
  if (value.type === "float") return { type: "float", value: -value.value };
  return { type: value.type, value: BigInt.asIntN(64, -value.value) };
}

/** Whether `left op right` holds. Values of different kinds (numbers are one kind) are neither equal
 * nor unequal nor ordered; bools, statuses and kinds have no order. */
export function compareValues(op: ComparisonOp, left: Value, right: Value): boolean {
  if (isNumber(left) && isNumber(right)) return compareNumbers(op, left.value, right.value);
  if (left.type !== right.type) return false;
  if (left.type === "string") return holds(op, compareText(left.value, right.value as string));
  if (op === "=") return left.value === right.value;
  return op === "!=" && left.value !== right.value;
}

/** As JavaScript compares an exact bigint with a float: by value; NaN is unequal to everything. */
function compareNumbers(op: ComparisonOp, a: bigint | number, b: bigint | number): boolean {
  switch (op) {
    case "=":
      // oxlint-disable-next-line eqeqeq -- 1n == 1 is meant
      return a == b;
    case "!=":
      // oxlint-disable-next-line eqeqeq
      return a != b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}

function holds(op: ComparisonOp, order: number): boolean {
  return compareNumbers(op, order, 0);
}

/** Negative, zero or positive as `a` is before, equal to or after `b` in the order of their UTF-8
 * bytes. (JavaScript's own order differs where surrogates meet U+E000 and above.) */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** A code unit's place among the first bytes of UTF-8: surrogates stand for the largest code points. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
