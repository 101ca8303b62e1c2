/** Parsing numbers for spansets: aggregates, constants, and calculations with them. */
import { calculate, negate } from "./arithmetic.ts";
import type { Aggregate, ArithmeticOp, ComparisonOp, NumberLiteral, ScalarExpr } from "./ast.ts";
import { type Cursor, SyntaxStop } from "./cursor.ts";
import { levels, operatorLevels, parseFieldExpr, parseLiteral } from "./parse-field.ts";
import type { Part } from "./parts.ts";
import { operatorOf, type Token, wordOf } from "./tokens.ts";

const aggregates = ["count", "min", "max", "avg", "sum"] as const;

/** Whether the token is the name of an aggregate. */
export function isAggregate(token: Token): boolean {
  return (aggregates as readonly (string | undefined)[]).includes(wordOf(token));
}

/** Whether the token compares numbers. */
export function isComparison(token: Token): boolean {
  const op = operatorOf(token);
  return op !== undefined && /^(?:!?=|[<>]=?)$/.test(op);
}

/** Parses `count()`, `avg(duration)`: the name has to be here. */
export function parseAggregate(cursor: Cursor): Aggregate {
  const name = cursor.next();
  const fn = wordOf(name) as Aggregate["fn"];
  cursor.expect("(");
  const argument = fn === "count" ? undefined : parseFieldExpr(cursor);
  const { to } = argument === undefined ? cursor.expect(")") : cursor.close(")");
  const place = { from: name.from, to };
  return { kind: "aggregate", fn, ...(argument === undefined ? {} : { argument }), ...place };
}

/** The constant here without calculation: a number, one in brackets, or the negative of such. */
export function parseNumber(cursor: Cursor): NumberLiteral {
  return cursor.nested(() => {
    const { token } = cursor;
    if (cursor.skip("(")) {
      const inner = parseConstant(cursor);
      cursor.close(")");
      return inner;
    }
    if (cursor.skip("-")) {
      const { value, to } = parseNumber(cursor);
      return { kind: "literal", value: negate(value), from: token.from, to };
    }
    if (!isNumberToken(token)) return cursor.unexpected();
    // `minInt` and `maxInt`: Tempo has them in conditions only.
    if (token.kind === "word") cursor.noteExtension(token);
    return parseLiteral(cursor) as NumberLiteral;
  });
}

/** Whether the token is a number of its own. */
export function isNumberToken(token: Token): boolean {
  const isBound = wordOf(token) === "minInt" || wordOf(token) === "maxInt";
  return isBound || token.kind === "int" || token.kind === "float" || token.kind === "duration";
}

/** Parses a constant: numbers and `+ - * /`. */
export function parseConstant(cursor: Cursor, level: number = levels.sum): NumberLiteral {
  return cursor.nested(() => {
    let left = parseNumber(cursor);
    for (;;) {
      const operator = cursor.token;
      const own = operatorLevels.get(operatorOf(operator) ?? "");
      if (own === undefined || own < level || !/^[-+*/]$/.test(operatorOf(operator)!)) return left;
      cursor.next();
      left = combineNumbers(left, operator, parseConstant(cursor, own + 1));
    }
  });
}

/** A constant calculated of two, at once. */
function combineNumbers(left: NumberLiteral, operator: Token, right: NumberLiteral): NumberLiteral {
  const place = { from: left.from, to: right.to };
  for (const side of [left, right]) refuseDuration(side);
  const value = calculate(operatorOf(operator) as ArithmeticOp, left.value, right.value);
  if (typeof value === "string") throw new SyntaxStop(value, place);
  if (value.type === "float" && !Number.isFinite(value.value)) {
    throw new SyntaxStop("float out of range", place);
  }
  return { kind: "literal", value, ...place };
}

/** Durations are not to be calculated with. */
export function refuseDuration({ value, from, to }: NumberLiteral): void {
  if (value.type !== "duration") return;
  throw new SyntaxStop("duration cannot be used in scalar arithmetic", { from, to });
}

type ScalarPart = Extract<Part, { is: "number" | "scalar" | "scalarPipe" }>;

/** Two numbers and what is between them; undefined if that does not go together. */
export function combineScalars(
  cursor: Cursor,
  left: ScalarPart,
  operator: Token,
  right: ScalarPart,
): Part | undefined {
  const kinds = new Set<string>([left.is, right.is]);
  const [l, r]: [ScalarExpr, ScalarExpr] = [left.expr, right.expr];
  const place = { from: l.from, to: r.to };
  const isOfPipelines = kinds.has("scalarPipe");
  if (isOfPipelines && kinds.has("scalar")) return undefined;
  if (isComparison(operator)) {
    // The number may be on the right only, if pipelines are compared; and there must be something
    // to compare it with.
    if (left.is === "number" && right.is !== "scalar") return undefined;
    const op = operatorOf(operator) as ComparisonOp;
    const filter = { kind: "scalarFilter", op, left: l, right: r, ...place } as const;
    return { is: "filter", expr: cursor.made(filter, [l, r]), isOfPipelines };
  }
  if (isOfPipelines && kinds.has("number")) return undefined;
  const op = operatorOf(operator) as ArithmeticOp;
  if (left.is === "number" && right.is === "number") {
    if (op === "%" || op === "^") return cursor.unexpected();
    return { is: "number", expr: combineNumbers(left.expr, operator, right.expr) };
  }
  for (const side of [left, right]) if (side.is === "number") refuseDuration(side.expr);
  const sum = { kind: "scalarArithmetic", op, left: l, right: r, ...place } as const;
  return { is: isOfPipelines ? "scalarPipe" : "scalar", expr: cursor.made(sum, [l, r]) };
}
