import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../../test/support/oracle.ts";
import { anyValue } from "../../../test/support/traceql.ts";
import { compareValues } from "../arithmetic.ts";
import type { ComparisonOp, Field, FieldExpr, Literal, Value } from "../ast.ts";
import { compileComparison, compileMembership } from "./comparisons.ts";
import { Columns, Run } from "./run.ts";

const place = { from: 0, to: 0 };
const field: Field = { kind: "attribute", scope: "span", name: "v", ofParent: false, ...place };
const literal = (value: Value): Literal => ({ kind: "literal", value, ...place });
const run = new Run(new Columns());

/** Values that are often equal, or of equal text, or nearly equal. */
const value = fc.oneof(
  anyValue,
  fc.constantFrom<Value>(
    { type: "int", value: 0n },
    { type: "int", value: 2n ** 53n },
    { type: "int", value: 2n ** 53n + 1n },
    { type: "float", value: -0 },
    { type: "float", value: 2 ** 53 },
    { type: "float", value: 0.5 },
    { type: "float", value: Number.NaN },
    { type: "float", value: Infinity },
    { type: "duration", value: 0n },
    { type: "string", value: "error" },
    { type: "status", value: "error" },
    { type: "string", value: "server" },
    { type: "kind", value: "server" },
    { type: "string", value: "true" },
    { type: "bool", value: true },
  ),
);

test("comparisons with literals are what comparing values gives, from either side", () => {
  const op = fc.constantFrom<ComparisonOp>("=", "!=", "<", "<=", ">", ">=");
  const property = fc.property(op, value, value, (op, a, b) => {
    const valueOf = (expr: FieldExpr) => () => (expr === field ? a : b);
    const rightLiteral = {
      kind: "comparison",
      op,
      left: field,
      right: literal(b),
      ...place,
    } as const;
    assert.equal(compileComparison(rightLiteral, valueOf)(run, 0), compareValues(op, a, b));
    const leftLiteral = {
      kind: "comparison",
      op,
      left: literal(b),
      right: field,
      ...place,
    } as const;
    assert.equal(compileComparison(leftLiteral, valueOf)(run, 0), compareValues(op, b, a));
  });
  fc.assert(property, { seed: printedSeed("comparisons"), numRuns: 2000 });
});

test("memberships are what comparing with each value gives", () => {
  // Literals are finite.
  const finite = value.filter((one) => one.type !== "float" || Number.isFinite(one.value));
  const values = fc.array(finite, { minLength: 1, maxLength: 4 });
  const property = fc.property(value, values, fc.boolean(), (a, literals, negated) => {
    const expr = {
      kind: "in",
      negated,
      operand: field,
      values: literals.map(literal),
      ...place,
    } as const;
    const want = negated
      ? literals.every((b) => compareValues("!=", a, b))
      : literals.some((b) => compareValues("=", a, b));
    assert.equal(compileMembership(expr, () => () => a)(run, 0), want);
  });
  fc.assert(property, { seed: printedSeed("memberships"), numRuns: 2000 });
});
