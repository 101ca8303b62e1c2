/** Static types of conditions and sums. */
import type { Exists, Field, FieldExpr, In, Logic, Place } from "./ast.ts";
import { expressionText, fieldText } from "./expression-text.ts";
import type { Problem } from "./problem.ts";
import { compileRegex } from "./regex.ts";
import { isNumeric, takesType, type Type, typeOf, typesMatch } from "./types.ts";

/** What a check knows and has found. */
export interface CheckContext {
  readonly problems: Problem[];
  /** Fields of a span's parent are refused. */
  readonly strict: boolean;
  /** How large the regular expressions met so far are together. */
  regexSize: number;
}

/** About a second of compiling. */
const MAX_REGEX_SIZE = 100_000;

/** Problems after these are not told; each may quote much of the query. */
const MAX_PROBLEMS = 20;
const MAX_MESSAGE_CHARS = 2000;

/** Adds a problem. */
export function report({ problems }: CheckContext, message: string, { from, to }: Place): void {
  if (problems.length >= MAX_PROBLEMS) return;
  const isLong = message.length > MAX_MESSAGE_CHARS;
  const shown = isLong ? `${message.slice(0, MAX_MESSAGE_CHARS)}…` : message;
  problems.push({ kind: "check", message: shown, from, to });
}

/** Whether there is a name of something of the span in it. */
export function hasField(expr: FieldExpr): boolean {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      return true;
    case "literal":
      return false;
    case "logic":
      return expr.operands.some((operand) => hasField(operand));
    case "not":
    case "negate":
    case "exists":
    case "in":
      return hasField(expr.operand);
    case "comparison":
    case "match":
    case "arithmetic":
      return hasField(expr.left) || hasField(expr.right);
  }
}

/** Checks an expression from the inside out and gives its type; "attribute" where there is a problem,
 * so that it causes no others. */
export function checkExpression(context: CheckContext, expr: FieldExpr): Type {
  const before = context.problems.length;
  checkOperands(context, expr);
  if (context.problems.length > before) return "attribute";
  const problem =
    problemOf(expr) ?? (expr.kind === "match" ? regexProblem(context, expr.right) : undefined);
  if (problem === undefined) return typeOf(expr);
  report(context, problem.message, problem.at);
  return "attribute";
}

function checkOperands(context: CheckContext, expr: FieldExpr): void {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      checkField(context, expr);
      return;
    case "literal":
      return;
    case "logic":
      for (const operand of expr.operands) checkExpression(context, operand);
      return;
    case "not":
    case "negate":
    case "exists":
    case "in":
      checkExpression(context, expr.operand);
      return;
    case "comparison":
    case "match":
    case "arithmetic":
      checkExpression(context, expr.left);
      checkExpression(context, expr.right);
  }
}

/** Checks a field by itself. */
export function checkField(context: CheckContext, field: Field): void {
  if (context.strict && field.ofParent) report(context, "parent not yet supported", field);
  checkUnsupportedParent(context, field);
}

/** Refuses the bare word `parent`, which means nothing. */
export function checkUnsupportedParent(context: CheckContext, field: Field): void {
  if (field.kind === "intrinsic" && field.name === "parent") {
    report(context, "intrinsic (parent) not yet supported", field);
  }
}

interface Finding {
  readonly message: string;
  readonly at: Place;
}

/** What is wrong with an expression whose operands are right. */
function problemOf(expr: FieldExpr): Finding | undefined {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
    case "literal":
      return undefined;
    case "logic":
      return logicProblem(expr);
    case "not":
    case "negate": {
      const type = typeOf(expr.operand);
      const fits = expr.kind === "not" ? type === "bool" : isNumeric(type);
      if (fits || type === "attribute") return undefined;
      const message = `illegal operation for the given type: ${expressionText(expr)}`;
      return { message, at: expr };
    }
    case "exists":
      return existsProblem(expr);
    case "in":
      return inProblem(expr);
    case "comparison":
      return timeProblem(expr.left, expr.right) ?? binaryProblem(expr);
    case "arithmetic":
    case "match":
      return binaryProblem(expr);
  }
}

function binaryProblem(
  expr: Extract<FieldExpr, { kind: "comparison" | "match" | "arithmetic" }>,
): Finding | undefined {
  const [left, right] = [typeOf(expr.left), typeOf(expr.right)];
  if (!typesMatch(left, right)) return mismatch(expr);
  const fits = takesType(expr.op, left) && takesType(expr.op, right);
  return fits ? undefined : illegal(expr);
}

function mismatch(expr: FieldExpr, at: Place = expr): Finding {
  const text = expressionText(expr);
  return { message: `binary operations must operate on the same type: ${text}`, at };
}

function illegal(expr: FieldExpr): Finding {
  const message = `illegal operation for the given types: ${expressionText(expr)}`;
  return { message, at: expr };
}

/** A chain is a tree of pairs, grouped from the left. */
function logicProblem(expr: Logic): Finding | undefined {
  let before = typeOf(expr.operands[0]!);
  for (let i = 1; i < expr.operands.length; i++) {
    const type = typeOf(expr.operands[i]!);
    const matches = typesMatch(before, type);
    if (!matches || !takesType(expr.op, before) || !takesType(expr.op, type)) {
      const operands = expr.operands.slice(0, i + 1);
      const pair: Logic = { ...expr, operands, to: operands[i]!.to };
      return matches ? illegal(pair) : mismatch(pair);
    }
    before = "bool";
  }
  return undefined;
}

function existsProblem({ negated, operand }: Exists): Finding | undefined {
  if (!negated || operand.kind === "literal") return undefined;
  // A span without a parent has nothing of it.
  if (operand.kind === "intrinsic" && !operand.ofParent) {
    const text = `${fieldText(operand)}=nil`;
    return { message: `${text} is not valid because intrinsics cannot be nil`, at: operand };
  }
  if (operand.kind !== "attribute" || operand.ofParent) return undefined;
  const text = fieldText(operand);
  if (text !== "resource.service.name") return undefined;
  return { message: `${text}=nil is not valid because ${text} cannot be nil`, at: operand };
}

function inProblem(expr: In): Finding | undefined {
  const type = typeOf(expr.operand);
  for (const value of expr.values) {
    const problem = timeProblem(expr.operand, value);
    if (problem !== undefined) return problem;
    if (!typesMatch(type, typeOf(value))) return mismatch(expr, value);
  }
  return undefined;
}

/** A time is compared with a string: had it been RFC 3339, the parser had made a number of it. */
function timeProblem(left: FieldExpr, right: FieldExpr): Finding | undefined {
  const [time, text] = typeOf(left) === "time" ? [left, right] : [right, left];
  if (typeOf(time) !== "time" || text.kind !== "literal") return undefined;
  if (text.value.type !== "string") return undefined;
  const shown = JSON.stringify(text.value.value);
  const message = `not a time, such as "2026-01-31T12:00:00Z" or unix nanoseconds: ${shown}`;
  return { message, at: text };
}

function regexProblem(context: CheckContext, pattern: FieldExpr): Finding | undefined {
  const text = expressionText(pattern);
  if (pattern.kind !== "literal" || pattern.value.type !== "string") {
    return { message: `invalid type for =~ or !~: ${text}`, at: pattern };
  }
  const tooLarge = "the regular expressions of the query are too large together";
  if (context.regexSize > MAX_REGEX_SIZE) return { message: tooLarge, at: pattern };
  const regex = compileRegex(pattern.value.value);
  if (regex === undefined) return { message: `invalid regex: ${text}`, at: pattern };
  context.regexSize += regex.size;
  return undefined;
}
