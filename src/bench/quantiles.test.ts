import assert from "node:assert/strict";
import { test } from "node:test";
import { quantilesOf } from "./quantiles.ts";

const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
const cases: [name: string, values: number[], want: [number, number, number, number]][] = [
  ["of 1 to 100", hundred, [50, 95, 99, 100]],
  ["of one", [7], [7, 7, 7, 7]],
  ["of two", [9, 1], [1, 9, 9, 9]],
  ["sorted as numbers", [10, 9, 100, 1], [9, 100, 100, 100]],
  ["of none", [], [Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
];
for (const [name, values, [p50, p95, p99, max]] of cases) {
  test(`quantilesOf: ${name}`, () => {
    assert.deepEqual(quantilesOf([...values]), { count: values.length, p50, p95, p99, max });
  });
}
