/** Expressions of literals alone, replaced by what they come to. */
import { calculate, compareValues, isNumber, negate } from "./arithmetic.ts";
import type { FieldExpr, Value } from "./ast.ts";
import { takesType, typesMatch } from "./types.ts";

/**
 * The expression as a literal if its operands are literals, else as it is. What has wrong types, fails
 * (a division by zero) or gives what cannot be written (infinity) is left: the checker or the
 * evaluator says so. A regular expression is left, too: the checker limits what they cost.
 */
export function fold(expr: FieldExpr): FieldExpr {
  const value = valueOf(expr);
  return value === undefined ? expr : { kind: "literal", value, from: expr.from, to: expr.to };
}

function valueOf(expr: FieldExpr): Value | undefined {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
    case "literal":
    case "match":
      return undefined;
    case "not": {
      const operand = literal(expr.operand);
      return operand?.type === "bool" ? bool(!operand.value) : undefined;
    }
    case "negate": {
      const operand = literal(expr.operand);
      return operand !== undefined && isNumber(operand) ? negate(operand) : undefined;
    }
    case "exists":
      return literal(expr.operand) === undefined ? undefined : bool(!expr.negated);
    case "in": {
      const operand = literal(expr.operand);
      if (operand === undefined) return undefined;
      const values = expr.values.map(({ value }) => value);
      if (!values.every((value) => typesMatch(operand.type, value.type))) return undefined;
      const op = expr.negated ? "!=" : "=";
      const test = (value: Value): boolean => compareValues(op, operand, value);
      return bool(expr.negated ? values.every(test) : values.some(test));
    }
    case "logic": {
      const operands = expr.operands.map((operand) => literal(operand));
      if (!operands.every((operand) => operand?.type === "bool")) return undefined;
      const isTrue = (operand: Value | undefined): boolean => operand?.value === true;
      return bool(expr.op === "&&" ? operands.every(isTrue) : operands.some(isTrue));
    }
    case "comparison":
    case "arithmetic":
      return binaryValue(expr);
  }
}

function binaryValue(
  expr: Extract<FieldExpr, { kind: "comparison" | "arithmetic" }>,
): Value | undefined {
  const [left, right] = [literal(expr.left), literal(expr.right)];
  if (left === undefined || right === undefined) return undefined;
  const fits = typesMatch(left.type, right.type);
  if (!fits || !takesType(expr.op, left.type) || !takesType(expr.op, right.type)) return undefined;
  if (expr.kind === "comparison") return bool(compareValues(expr.op, left, right));
  if (!isNumber(left) || !isNumber(right)) return undefined;
  const result = calculate(expr.op, left, right);
  if (typeof result === "string") return undefined;
  return result.type === "float" && !Number.isFinite(result.value) ? undefined : result;
}

function literal(expr: FieldExpr): Value | undefined {
  return expr.kind === "literal" ? expr.value : undefined;
}

function bool(value: boolean): Value {
  return { type: "bool", value };
}
