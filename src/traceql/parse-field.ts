/** Parsing what stands within braces and brackets: conditions, sums and names. */
import { spanKinds, spanStatuses } from "../model/trace.ts";
import type {
  ArithmeticOp,
  Attribute,
  Comparison,
  ComparisonOp,
  Exists,
  Field,
  FieldExpr,
  In,
  Intrinsic,
  Literal,
  Logic,
  Place,
  Value,
} from "./ast.ts";
import { type Cursor, SyntaxStop } from "./cursor.ts";
import { fold } from "./fold.ts";
import { bareIntrinsic, intrinsicInfo, scopedIntrinsic } from "./intrinsics.ts";
import { parseTime } from "./time.ts";
import { keywords, operatorOf, type Token, wordOf } from "./tokens.ts";
import { typeOf } from "./types.ts";

/** How tightly operators bind; all but `^` group from the left. */
export const levels = {
  logic: 2,
  comparison: 3,
  sum: 4,
  not: 5,
  product: 6,
  power: 7,
} as const;

/** The level of a binary operator, by its text. */
export const operatorLevels: ReadonlyMap<string, number> = new Map([
  ["&&", levels.logic],
  ["||", levels.logic],
  ["=", levels.comparison],
  ["!=", levels.comparison],
  ["<", levels.comparison],
  ["<=", levels.comparison],
  [">", levels.comparison],
  [">=", levels.comparison],
  ["=~", levels.comparison],
  ["!~", levels.comparison],
  ["+", levels.sum],
  ["-", levels.sum],
  ["*", levels.product],
  ["/", levels.product],
  ["%", levels.product],
  ["^", levels.power],
]);

/** Parses an expression as far as its operators are at least as tight as `level`. */
export function parseFieldExpr(cursor: Cursor, level: number = levels.logic): FieldExpr {
  return cursor.nested(() => {
    let left = parseOperand(cursor);
    for (;;) {
      const { token } = cursor;
      if (wordOf(token) === "in" || wordOf(token) === "not") {
        if (level > levels.comparison) return left;
        left = parseIn(cursor, left);
        continue;
      }
      const own = operatorLevels.get(operatorOf(token) ?? "");
      if (own === undefined || own < level) return left;
      cursor.next();
      if (cursor.isWord("nil") && isEquality(token)) {
        const { to } = cursor.next();
        left = madeExists(cursor, left, token, { from: left.from, to });
        continue;
      }
      // Of equals the left one is tighter, but for `^`.
      const right = parseFieldExpr(cursor, own === levels.power ? own : own + 1);
      left = combine(cursor, left, token, right);
    }
  });
}

function isEquality(token: Token): boolean {
  return operatorOf(token) === "=" || operatorOf(token) === "!=";
}

function parseOperand(cursor: Cursor): FieldExpr {
  const { token } = cursor;
  if (token.kind === "operator") {
    switch (token.text) {
      case "(": {
        cursor.next();
        const inner = parseFieldExpr(cursor);
        cursor.close(")");
        return inner;
      }
      case "-": {
        cursor.next();
        const operand = parseFieldExpr(cursor, levels.sum + 1);
        const { to } = operand;
        return fold(cursor.made({ kind: "negate", operand, from: token.from, to }, [operand]));
      }
      case "!": {
        cursor.next();
        const operand = parseFieldExpr(cursor, levels.not + 1);
        const { to } = operand;
        return fold(cursor.made({ kind: "not", operand, from: token.from, to }, [operand]));
      }
      default:
        return cursor.unexpected();
    }
  }
  if (cursor.isWord("nil")) return parseNilFirst(cursor);
  const literal = parseLiteral(cursor);
  if (literal !== undefined) return literal;
  const field = tryParseField(cursor);
  if (field !== undefined) return field;
  if (token.kind === "word" && !keywords.has(token.text)) {
    throw new SyntaxStop(`unknown identifier: ${token.text}`, token);
  }
  return cursor.unexpected();
}

/** `nil = x`, `nil != nil`: nil stands beside an equality only. */
function parseNilFirst(cursor: Cursor): FieldExpr {
  const { from } = cursor.next();
  const operator = cursor.token;
  if (!isEquality(operator)) return cursor.unexpected();
  cursor.next();
  if (cursor.isWord("nil")) {
    const { to } = cursor.next();
    return { kind: "literal", value: { type: "bool", value: false }, from, to };
  }
  const operand = parseFieldExpr(cursor, levels.comparison + 1);
  return madeExists(cursor, operand, operator, { from, to: operand.to });
}

function madeExists(cursor: Cursor, operand: FieldExpr, operator: Token, place: Place): FieldExpr {
  const negated = operatorOf(operator) === "=";
  const exists: Exists = { kind: "exists", negated, operand, from: place.from, to: place.to };
  return fold(cursor.made(exists, [operand]));
}

/** The literal here, if there is one; without a sign. */
export function parseLiteral(cursor: Cursor): Literal | undefined {
  const { token } = cursor;
  const value = literalValue(token);
  if (value === undefined) return undefined;
  cursor.next();
  return { kind: "literal", value, from: token.from, to: token.to };
}

function literalValue(token: Token): Value | undefined {
  switch (token.kind) {
    case "string":
      return { type: "string", value: token.value };
    case "int":
      return { type: "int", value: token.value };
    case "float":
      return { type: "float", value: token.value };
    case "duration":
      return { type: "duration", value: token.value };
    case "word":
      return wordValue(token.text);
    default:
      return undefined;
  }
}

function wordValue(word: string): Value | undefined {
  if (word === "true" || word === "false") return { type: "bool", value: word === "true" };
  if (word === "minInt") return { type: "int", value: -(2n ** 63n) };
  if (word === "maxInt") return { type: "int", value: 2n ** 63n - 1n };
  const status = spanStatuses.find((status) => status === word);
  if (status !== undefined) return { type: "status", value: status };
  const kind = spanKinds.find((kind) => kind === word);
  return kind && { type: "kind", value: kind };
}

/** Parses an attribute or intrinsic, which has to be here. */
export function parseField(cursor: Cursor): Field {
  return tryParseField(cursor) ?? cursor.unexpected();
}

function tryParseField(cursor: Cursor): Field | undefined {
  const { token } = cursor;
  if (token.kind === "attribute") {
    cursor.next();
    const { scope, name, ofParent, from, to } = token;
    return { kind: "attribute", scope, name, ofParent, from, to } satisfies Attribute;
  }
  if (token.kind === "word") {
    const name = bareIntrinsic(token.text);
    if (name === undefined) return undefined;
    cursor.next();
    const { from, to } = token;
    return { kind: "intrinsic", name, ofParent: false, from, to } satisfies Intrinsic;
  }
  return token.kind === "colon" ? parseScopedIntrinsic(cursor) : undefined;
}

function parseScopedIntrinsic(cursor: Cursor): Intrinsic {
  const colon = cursor.next();
  const word = cursor.token;
  const scope = colon.kind === "colon" ? colon.scope : "";
  const name = word.kind === "word" ? scopedIntrinsic(scope, word.text) : undefined;
  if (name === undefined) return cursor.unexpected();
  const ofParent = scope === "parent";
  if (ofParent) cursor.noteExtension({ kind: "word", text: ":", from: colon.to - 1, to: colon.to });
  else if (intrinsicInfo(name).isExtension === true) cursor.noteExtension(word);
  cursor.next();
  return { kind: "intrinsic", name, ofParent, from: colon.from, to: word.to };
}

/** `left in (a, b)`, `left not in (a, b)`. */
function parseIn(cursor: Cursor, operand: FieldExpr): FieldExpr {
  cursor.noteExtension(cursor.token);
  const negated = cursor.isWord("not");
  if (negated) cursor.next();
  if (!cursor.isWord("in")) return cursor.unexpected("in");
  cursor.next();
  cursor.expect("(");
  const values: Literal[] = [];
  do {
    values.push(normalLiteral(operand, parseSignedLiteral(cursor)));
  } while (cursor.skip(","));
  const { to } = cursor.expect(")");
  const node: In = { kind: "in", negated, operand, values, from: operand.from, to };
  return fold(cursor.made(node, [operand]));
}

function parseSignedLiteral(cursor: Cursor): Literal {
  const { token } = cursor;
  if (!cursor.skip("-")) return parseLiteral(cursor) ?? cursor.unexpected();
  const isNumber = ["int", "float", "duration"].includes(cursor.token.kind);
  const operand = isNumber ? parseLiteral(cursor) : undefined;
  if (operand === undefined) return cursor.unexpected();
  return fold({ kind: "negate", operand, from: token.from, to: operand.to }) as Literal;
}

function combine(cursor: Cursor, left: FieldExpr, operator: Token, right: FieldExpr): FieldExpr {
  const place = { from: left.from, to: right.to };
  const op = operatorOf(operator);
  switch (op) {
    case "&&":
    case "||":
      return madeLogic(cursor, op, left, right);
    case "=~":
    case "!~":
      return cursor.made({ kind: "match", op, left, right, ...place }, [left, right]);
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return fold(cursor.made(comparison(op, left, right), [left, right]));
    default: {
      const sum = { kind: "arithmetic", op: op as ArithmeticOp, left, right, ...place } as const;
      return fold(cursor.made(sum, [left, right]));
    }
  }
}

function comparison(op: ComparisonOp, left: FieldExpr, right: FieldExpr): Comparison {
  return {
    kind: "comparison",
    op,
    left: left.kind === "literal" ? normalLiteral(right, left) : left,
    right: right.kind === "literal" ? normalLiteral(left, right) : right,
    from: left.from,
    to: right.to,
  };
}

/** A literal in the form in which it is compared with `other`: a trace id without leading zeros, a
 * time in nanoseconds. */
function normalLiteral(other: FieldExpr, literal: Literal): Literal {
  if (literal.value.type !== "string") return literal;
  const { value } = literal.value;
  if (other.kind === "intrinsic" && other.name === "trace:id") {
    return { ...literal, value: { type: "string", value: value.replace(/^0+/, "") } };
  }
  if (typeOf(other) !== "time") return literal;
  const unixNano = parseTime(value);
  return unixNano === undefined ? literal : { ...literal, value: { type: "int", value: unixNano } };
}

/** A chain with one more link. Whatever chain an operand is becomes part of it, and its list of
 * operands is used on: the operand itself is not needed any more. */
function madeLogic(cursor: Cursor, op: "&&" | "||", left: FieldExpr, right: FieldExpr): FieldExpr {
  const place = { from: left.from, to: right.to };
  const isSame = (expr: FieldExpr): expr is Logic => expr.kind === "logic" && expr.op === op;
  const tail = isSame(right) ? right.operands : [right];
  if (isSame(left)) {
    const operands = left.operands as FieldExpr[];
    for (const operand of tail) operands.push(operand);
    return cursor.extended(
      { kind: "logic", op, operands, ...place },
      left,
      right,
      isSame(right) ? 0 : 1,
    );
  }
  const node: Logic = { kind: "logic", op, operands: [left, ...tail], ...place };
  if (isSame(right)) return cursor.extended(node, right, left, 1);
  return fold(cursor.made(node, [left, right]));
}
