/** What conditions are made of, as far as it decides how they are tried. */
import type { FieldExpr, In, Literal, Logic } from "../ast.ts";
import { fieldText } from "../expression-text.ts";
import { ownerOf } from "./fields.ts";

/** What a condition reads of what a span has many of, outside of what has a quantifier of its own. */
export interface Variables {
  readonly event: boolean;
  readonly link: boolean;
}

/** What a condition reads of events and links. */
export function variablesOf(expr: FieldExpr): Variables {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic": {
      const owner = ownerOf(expr);
      return { event: owner === "event", link: owner === "link" };
    }
    case "literal":
    case "not":
      return { event: false, link: false };
    case "logic":
      return unionOf(expr.operands.map(variablesOf));
    case "comparison":
    case "match":
    case "arithmetic":
      return unionOf([variablesOf(expr.left), variablesOf(expr.right)]);
    case "exists":
    case "in":
    case "negate":
      return variablesOf(expr.operand);
  }
}

function unionOf(all: readonly Variables[]): Variables {
  return { event: all.some(({ event }) => event), link: all.some(({ link }) => link) };
}

/** The operands, `a = 1 || a = 2` and `a != 1 && a != 2` side by side taken together as memberships:
 * thousands of alternatives cost as much as one. */
export function withMemberships({ op, operands }: Logic): readonly FieldExpr[] {
  const merged: FieldExpr[] = [];
  let last: In | undefined;
  let values: Literal[] = [];
  for (const operand of operands) {
    const one = membershipOf(operand, op === "||" ? "=" : "!=");
    if (one !== undefined && last !== undefined && isSameField(one.operand, last.operand)) {
      if (values.length === last.values.length) merged[merged.length - 1] = { ...last, values };
      values.push(...one.values);
    } else {
      merged.push(operand);
      last = one;
      values = [...(one?.values ?? [])];
    }
  }
  return merged;
}

/** `field = literal` as `field in (literal)`. */
function membershipOf(expr: FieldExpr, op: "=" | "!="): In | undefined {
  const negated = op === "!=";
  if (expr.kind === "in") return expr.negated === negated ? expr : undefined;
  if (expr.kind !== "comparison" || expr.op !== op || expr.right.kind !== "literal")
    return undefined;
  const { left, right, from, to } = expr;
  const isField = left.kind === "attribute" || left.kind === "intrinsic";
  return isField ? { kind: "in", negated, operand: left, values: [right], from, to } : undefined;
}

function isSameField(a: FieldExpr, b: FieldExpr): boolean {
  if (a.kind !== "attribute" && a.kind !== "intrinsic") return false;
  if (b.kind !== "attribute" && b.kind !== "intrinsic") return false;
  return fieldText(a) === fieldText(b);
}

/** How many tests a condition has: what a span costs. */
export function countTests(expr: FieldExpr): number {
  switch (expr.kind) {
    case "logic":
      return withMemberships(expr).reduce((sum, operand) => sum + countTests(operand), 0);
    case "not":
      return countTests(expr.operand);
    default:
      return 1;
  }
}

/** Whether a condition has an answer for every span: calculations, a field by itself and expressions
 * that are matched may be impossible. */
export function neverFails(expr: FieldExpr): boolean {
  switch (expr.kind) {
    case "literal":
      return true;
    case "logic":
      return expr.operands.every(neverFails);
    case "not":
      return neverFails(expr.operand);
    case "comparison":
      return isFieldOrLiteral(expr.left) && isFieldOrLiteral(expr.right);
    case "match":
      return isFieldOrLiteral(expr.left) && expr.right.kind === "literal";
    case "in":
    case "exists":
      return isFieldOrLiteral(expr.operand);
    default:
      return false;
  }
}

function isFieldOrLiteral({ kind }: FieldExpr): boolean {
  return kind === "attribute" || kind === "intrinsic" || kind === "literal";
}

interface Part {
  readonly operands: FieldExpr[];
  variables: Variables;
}

/** Operands of a conjunction that must hold for the same event or link, and those that read none one
 * by one; each where its first operand stood. */
export function partsOf(operands: readonly FieldExpr[]): readonly Part[] {
  const parts: Part[] = [];
  // At most one part is about events, and at most one about links; it may be the same one.
  let [ofEvents, ofLinks]: (Part | undefined)[] = [];
  for (const operand of operands) {
    const variables = variablesOf(operand);
    const known: readonly Part[] = [
      variables.event ? ofEvents : undefined,
      variables.link ? ofLinks : undefined,
    ]
      .filter((candidate) => candidate !== undefined)
      .sort((a, b) => parts.indexOf(a) - parts.indexOf(b));
    const part: Part = known[0] ?? { operands: [], variables };
    if (known.length === 0) parts.push(part);
    const other = known[1];
    if (other !== undefined && other !== part) {
      part.operands.push(...other.operands);
      part.variables = unionOf([part.variables, other.variables]);
      parts.splice(parts.indexOf(other), 1);
    }
    part.operands.push(operand);
    part.variables = unionOf([part.variables, variables]);
    if (part.variables.event) ofEvents = part;
    if (part.variables.link) ofLinks = part;
  }
  return parts;
}
