/** The types of TraceQL, and which operators take which. */
import type { ArithmeticOp, ComparisonOp, FieldExpr } from "./ast.ts";
import { intrinsicInfo } from "./intrinsics.ts";

/** What is known of a value before a span is looked at. "attribute" is anything; "time" is an int of
 * nanoseconds since 1970. */
export type Type =
  | "attribute"
  | "nil"
  | "int"
  | "float"
  | "duration"
  | "time"
  | "string"
  | "bool"
  | "status"
  | "kind";

/** An operator between two values. */
export type BinaryOp = ArithmeticOp | ComparisonOp | "=~" | "!~" | "&&" | "||";

/** Whether values of the type are numbers. */
export function isNumeric(type: Type): boolean {
  return type === "int" || type === "float" || type === "duration" || type === "time";
}

/** Whether an operator may stand between the two types, whatever operator it is. */
export function typesMatch(left: Type, right: Type): boolean {
  if (left === right || (isNumeric(left) && isNumeric(right))) return true;
  return [left, right].some((type) => type === "attribute" || type === "nil");
}

/** Whether the operator takes values of the type. */
export function takesType(op: BinaryOp, type: Type): boolean {
  switch (type) {
    case "attribute":
      return true;
    case "bool":
      return op === "&&" || op === "||" || op === "=" || op === "!=";
    case "int":
    case "float":
    case "duration":
    case "time":
      return op !== "&&" && op !== "||" && op !== "=~" && op !== "!~";
    case "string":
      return /^(?:!?=|[<>]=?|[=!]~)$/.test(op);
    case "status":
    case "kind":
    case "nil":
      return op === "=" || op === "!=";
  }
}

/** The type of an expression that has passed the checks. */
export function typeOf(expr: FieldExpr): Type {
  switch (expr.kind) {
    case "attribute":
      return "attribute";
    case "intrinsic": {
      if (expr.name === "parent") return "nil";
      const { type } = intrinsicInfo(expr.name);
      return type === "any" ? "attribute" : type;
    }
    case "literal":
      return expr.value.type;
    case "logic":
    case "comparison":
    case "match":
    case "exists":
    case "in":
      return "bool";
    case "not":
    case "negate":
      return typeOf(expr.operand);
    case "arithmetic": {
      const [left, right] = [typeOf(expr.left), typeOf(expr.right)];
      const type = left === "attribute" ? right : left;
      if (type !== "time") return type;
      // A time and something is another time; between two of them is no time, nor is a product.
      const isTime = (expr.op === "+" || expr.op === "-") && left !== right;
      return isTime ? "time" : "int";
    }
  }
}
