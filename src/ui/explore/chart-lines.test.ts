import assert from "node:assert/strict";
import { test } from "node:test";
import { areaPath, linearScale, linePath, logScale, niceTop } from "./chart-lines.ts";

test("niceTop: the next round number", () => {
  const tops = [0, 0.013, 1, 1.01, 7.3, 99, 101].map(niceTop);
  assert.deepEqual(tops, [1, 0.015, 1, 1.5, 8, 100, 150]);
});

//  100 ┤  ╭─╮
//      │ ╭╯ ╰  ·     a gap, and a value alone
//    0 ┼─┴─┴─┴─┴─┴
test("linePath: ends at gaps, and a value alone is a dot", () => {
  const path = linePath([0, 5, 10, null, 5, null], linearScale(10));
  assert.equal(path, "M0.5 100L1.5 50L2.5 0M4.5 50h0");
});

test("areaPath: a bar for each step that has something", () => {
  assert.equal(areaPath([0, 5, null, 10], linearScale(10)), "M1 100V50H2V100M3 100V0H4V100");
});

test("logScale: from a power of ten to a round number, the same for each factor", () => {
  const { top, part } = logScale(20, 1000);
  assert.equal(top, 1000);
  assert.deepEqual(
    [1, 10, 100, 1000].map((value) => Math.round(part(value) * 100)),
    [0, 0, 50, 100],
  );
});
