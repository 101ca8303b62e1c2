import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { calculate, compareText, compareValues, negate } from "./arithmetic.ts";
import type { ArithmeticOp, ComparisonOp, NumberValue, Value } from "./ast.ts";

const int = (value: bigint): NumberValue => ({ type: "int", value });
const float = (value: number): NumberValue => ({ type: "float", value });
const duration = (value: bigint): NumberValue => ({ type: "duration", value });
const MAX = 2n ** 63n - 1n;

type Sum = [a: NumberValue, op: ArithmeticOp, b: NumberValue, want: NumberValue | string];
const sums: Sum[] = [
  [int(7n), "/", int(-2n), int(-3n)],
  [int(-7n), "%", int(2n), int(-1n)],
  [int(1n), "/", int(0n), "division by zero"],
  [int(1n), "%", int(0n), "modulo by zero"],
  [int(1n), "/", float(0), float(Infinity)],
  [int(MAX), "+", int(1n), int(-(2n ** 63n))],
  [int(-(2n ** 63n)), "/", int(-1n), int(-(2n ** 63n))],
  [int(2n), "^", int(3n), int(8n)],
  [int(3n), "^", int(0n), int(1n)],
  [int(0n), "^", int(0n), int(1n)],
  [int(2n), "^", int(62n), int(2n ** 62n)],
  [int(2n), "^", int(63n), float(2 ** 63)],
  [int(-2n), "^", int(63n), int(-(2n ** 63n))],
  [int(2n), "^", int(-1n), float(0.5)],
  [int(2n), "^", int(MAX), float(Infinity)],
  [int(-1n), "^", int(MAX), int(-1n)],
  [int(0n), "^", int(MAX), int(0n)],
  [float(2), "^", int(3n), float(8)],
  [duration(1500n), "+", int(1n), float(1501)],
  [duration(3n), "/", duration(2n), float(1.5)],
];
for (const [a, op, b, want] of sums) {
  test(`calculate: ${a.type} ${a.value} ${op} ${b.type} ${b.value}`, () => {
    assert.deepEqual(calculate(op, a, b), want);
  });
}

test("negate keeps the type", () => {
  assert.deepEqual(negate(int(-(2n ** 63n))), int(-(2n ** 63n)));
  assert.deepEqual(negate(duration(5n)), duration(-5n));
  assert.deepEqual(negate(float(0)), float(-0));
});

const text = (value: string): Value => ({ type: "string", value });
const comparisons: [a: Value, op: ComparisonOp, b: Value, want: boolean][] = [
  [duration(1n), "=", int(1n), true],
  [int(2n ** 53n + 1n), "=", float(2 ** 53), false],
  [int(2n ** 53n + 1n), ">", float(2 ** 53), true],
  [float(NaN), "=", float(NaN), false],
  [float(NaN), "!=", float(NaN), true],
  [int(1n), "=", text("1"), false],
  [int(1n), "!=", text("1"), false],
  [text("a"), "<", text("b"), true],
  [text("\uffee"), "<", text("\u{10000}"), true],
  [{ type: "bool", value: true }, "!=", { type: "bool", value: false }, true],
  [{ type: "bool", value: true }, ">", { type: "bool", value: false }, false],
  [{ type: "status", value: "ok" }, "=", { type: "status", value: "ok" }, true],
];
for (const [a, op, b, want] of comparisons) {
  test(`compareValues: ${a.type} ${a.value} ${op} ${b.type} ${b.value}`, () => {
    assert.equal(compareValues(op, a, b), want);
  });
}

test("compareText orders as UTF-8 bytes do", () => {
  const seed = printedSeed("compareText");
  const anyText = fc.string({ unit: "binary", maxLength: 4 });
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      const want = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareText(a, b)), want);
    }),
    { seed, numRuns: 1000 },
  );
});
