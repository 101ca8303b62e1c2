/** Comparisons as functions of a span. What queries compare most, a field with a literal, reads the
 * columns without making a value. */
import { spanKinds, spanStatuses } from "../../model/trace.ts";
import { isNumber } from "../arithmetic.ts";
import type { Comparison, ComparisonOp, FieldExpr, In, Intrinsic, Literal, Value } from "../ast.ts";
import type { Getter, Predicate } from "./fields.ts";
import { anyOrEvery, compareRuntime, type RuntimeValue } from "./values.ts";

type ValueOf = (operand: FieldExpr) => Getter;

const flipped = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** `left op right`; `value` makes the functions of the operands. */
export function compileComparison({ op, left, right }: Comparison, value: ValueOf): Predicate {
  if (right.kind === "literal") return withLiteral({ op, operand: left, literal: right, value });
  if (left.kind === "literal") {
    return withLiteral({ op: flipped[op], operand: right, literal: left, value });
  }
  const [leftOf, rightOf] = [value(left), value(right)];
  return (run, row) => compareRuntime(op, leftOf(run, row), rightOf(run, row));
}

interface LiteralComparison {
  readonly op: ComparisonOp;
  readonly operand: FieldExpr;
  readonly literal: Literal;
  readonly value: ValueOf;
}

function withLiteral({ op, operand, literal, value }: LiteralComparison): Predicate {
  if (operand.kind === "intrinsic" && !operand.ofParent) {
    const direct = onColumn(op, operand.name, literal.value);
    if (direct !== undefined) return direct;
  }
  const operandOf = value(operand);
  const holds = literalTest(op, comparable(operand, op, literal.value));
  return (run, row) => {
    const result = operandOf(run, row);
    if (result === undefined) return false;
    return result.type === "array" ? anyOrEvery(op === "!=", result, holds) : holds(result);
  };
}

/** The comparison straight on the column of an intrinsic, for those asked for most. */
function onColumn(op: ComparisonOp, name: Intrinsic["name"], value: Value): Predicate | undefined {
  if (name === "span:duration" && isNumber(value)) {
    const holds = numberTest(op, value.value);
    return ({ view }, row) => holds(view.durationNano[row]!);
  }
  if (op !== "=" && op !== "!=") return undefined;
  const wanted = op === "=";
  if (name === "span:name" && value.type === "string") {
    const text = value.value;
    return (run, row) => (run.names[row] === text) === wanted;
  }
  if (name === "span:status" && value.type === "status") {
    const status = spanStatuses.indexOf(value.value);
    return ({ view }, row) => (view.status[row] === status) === wanted;
  }
  if (name === "span:kind" && value.type === "kind") {
    const kind = spanKinds.indexOf(value.value);
    return ({ view }, row) => (view.kind[row] === kind) === wanted;
  }
  return undefined;
}

const spanIds: ReadonlySet<string> = new Set(["span:id", "span:parentID", "link:spanID"]);

/** Ids are equal whether or not their zeros in front are written, and a root's parent is also "". */
function comparable(operand: FieldExpr, op: ComparisonOp, value: Value): Value {
  if (operand.kind !== "intrinsic" || !spanIds.has(operand.name)) return value;
  if (value.type !== "string" || (op !== "=" && op !== "!=")) return value;
  if (value.value === "" && operand.name !== "span:parentID") return value;
  return { type: "string", value: value.value.padStart(16, "0") };
}

/** `value op literal` for values that are no arrays. */
function literalTest(op: ComparisonOp, literal: Value): (value: RuntimeValue) => boolean {
  if (isNumber(literal)) {
    const holds = numberTest(op, literal.value);
    return (value) => value.type !== "array" && isNumber(value) && holds(value.value);
  }
  if (literal.type === "string" && (op === "=" || op === "!=")) {
    const [text, wanted] = [literal.value, op === "="];
    return (value) => value.type === "string" && (value.value === text) === wanted;
  }
  return (value) => compareRuntime(op, value, literal);
}

function numberTest(op: ComparisonOp, right: bigint | number): (left: bigint | number) => boolean {
  switch (op) {
    case "=":
      // oxlint-disable-next-line eqeqeq -- 1n == 1 is meant
      return (left) => left == right;
    case "!=":
      // oxlint-disable-next-line eqeqeq
      return (left) => left != right;
    case "<":
      return (left) => left < right;
    case "<=":
      return (left) => left <= right;
    case ">":
      return (left) => left > right;
    case ">=":
      return (left) => left >= right;
  }
}

/** `operand in (…)`: equal to any; `not in`: unequal to every one. */
export function compileMembership({ operand, values, negated }: In, value: ValueOf): Predicate {
  const op = negated ? "!=" : "=";
  const operandOf = value(operand);
  const literals = values.map((literal) => comparable(operand, op, literal.value));
  const holds = membershipTest(op, literals);
  return (run, row) => {
    const result = operandOf(run, row);
    if (result === undefined) return false;
    return result.type === "array" ? anyOrEvery(negated, result, holds) : holds(result);
  };
}

/** One look-up, however many literals there are. */
function membershipTest(
  op: "=" | "!=",
  literals: readonly Value[],
): (item: RuntimeValue) => boolean {
  if (literals.every((literal) => literal.type === "string")) {
    const texts = new Set(literals.map((literal) => literal.value));
    const wanted = op === "=";
    return (item) => item.type === "string" && texts.has(item.value) === wanted;
  }
  const members = new Set(literals.map((literal) => memberKey(literal)));
  if (op === "=") return (item) => item.type !== "array" && members.has(memberKey(item));
  const families = new Set(literals.map((literal) => familyOf(literal)));
  const [family] = families;
  // What is of another type than a literal is not unequal to it either.
  if (families.size > 1) return () => false;
  return (item) =>
    item.type !== "array" && familyOf(item) === family && !members.has(memberKey(item));
}

function familyOf(value: Value): string {
  return isNumber(value) ? "number" : value.type;
}

/** The same for values that are equal, whatever type of number they are. */
function memberKey(value: Value): string | bigint | number | boolean {
  switch (value.type) {
    case "float":
      return Number.isInteger(value.value) ? BigInt(value.value) : value.value;
    case "status":
    case "kind":
      // Texts have another letter in front.
      return `k${value.value}`;
    case "string":
      return `s${value.value}`;
    default:
      return value.value;
  }
}
