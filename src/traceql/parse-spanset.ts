/** Parsing spansets: filters, and what operators make of them. */
import type { Filter, SpansetExpr, SpansetLogic, Structural } from "./ast.ts";
import { type Cursor, SyntaxStop } from "./cursor.ts";
import { parseFieldExpr } from "./parse-field.ts";
import type { SpansetPart } from "./parts.ts";
import { operatorOf, type Token, wordOf } from "./tokens.ts";

type Kinship = Pick<Structural, "relation" | "form">;

/** What the structural operators mean. */
export const structuralOperators: ReadonlyMap<string, Kinship> = new Map(
  (
    [
      [">", "child"],
      [">>", "descendant"],
      ["<", "parent"],
      ["<<", "ancestor"],
      ["~", "sibling"],
    ] as const
  ).flatMap(([op, relation]): [string, Kinship][] => [
    [op, { relation, form: "plain" }],
    [`!${op}`, { relation, form: "negated" }],
    [`&${op}`, { relation, form: "union" }],
  ]),
);

/** Parses `{ … }`, which has to be here. */
export function parseFilter(cursor: Cursor): Filter {
  const { from, to: inside } = cursor.expect("{");
  if (cursor.isOperator("}")) {
    const { from: end, to } = cursor.next();
    const place = { from: inside, to: end };
    const condition = { kind: "literal", value: { type: "bool", value: true }, ...place } as const;
    return { kind: "filter", condition, from, to };
  }
  const condition = parseFieldExpr(cursor);
  const { to } = cursor.close("}");
  return { kind: "filter", condition, from, to };
}

/** Two spansets and what is between them: a structural operator, `&&`, `||` or `unless`. */
export function combineSpansets(
  cursor: Cursor,
  left: SpansetPart,
  operator: Token,
  right: SpansetPart,
): SpansetPart {
  const hasPipeline = left.hasPipeline || right.hasPipeline;
  if (hasPipeline) for (const side of [left, right]) requireBrackets(side);
  return {
    is: "spanset",
    expr: spansetOf(cursor, left.expr, operator, right.expr),
    isWrapped: left.isWrapped && right.isWrapped,
    hasPipeline,
  };
}

function requireBrackets(side: SpansetPart): void {
  if (side.isWrapped) return;
  const { from } = side.expr;
  throw new SyntaxStop("syntax error: unexpected {, expecting (", { from, to: from + 1 });
}

function spansetOf(
  cursor: Cursor,
  left: SpansetExpr,
  operator: Token,
  right: SpansetExpr,
): SpansetExpr {
  const place = { from: left.from, to: right.to };
  if (wordOf(operator) === "unless") {
    cursor.noteExtension(operator);
    return cursor.made({ kind: "unless", left, right, ...place }, [left, right]);
  }
  const op = operatorOf(operator);
  if (op === "&&" || op === "||") return madeLogic(cursor, op, left, right);
  const kinship = structuralOperators.get(op ?? "")!;
  return cursor.made({ kind: "structural", ...kinship, left, right, ...place }, [left, right]);
}

/** As for conditions: a chain grows in place, and swallows chains of the same operator. */
function madeLogic(
  cursor: Cursor,
  op: "&&" | "||",
  left: SpansetExpr,
  right: SpansetExpr,
): SpansetLogic {
  const place = { from: left.from, to: right.to };
  const isSame = (expr: SpansetExpr): expr is SpansetLogic =>
    expr.kind === "spansetLogic" && expr.op === op;
  const tail = isSame(right) ? right.operands : [right];
  if (!isSame(left)) {
    const node: SpansetLogic = { kind: "spansetLogic", op, operands: [left, ...tail], ...place };
    return isSame(right) ? cursor.extended(node, right, left, 1) : cursor.made(node, [left, right]);
  }
  const operands = left.operands as SpansetExpr[];
  for (const operand of tail) operands.push(operand);
  const node: SpansetLogic = { kind: "spansetLogic", op, operands, ...place };
  return cursor.extended(node, left, right, isSame(right) ? 0 : 1);
}
