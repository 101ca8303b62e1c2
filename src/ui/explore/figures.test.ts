import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPercent, formatRate, ratesOf } from "./figures.ts";

test("formatRate: in the unit in which it is not below one", () => {
  const texts = [0, 1234, 12.34, 1, 0.5, 0.01, 0.0001].map(formatRate);
  assert.deepEqual(texts, [
    "0 /s",
    "1,234 /s",
    "12.3 /s",
    "1.00 /s",
    "30.0 /min",
    "36.0 /h",
    "0.36 /h",
  ]);
});

test("formatPercent: never none where there was one, never all where there was not", () => {
  const texts = [0, 0.00001, 0.0025, 0.123, 0.9999, 1].map(formatPercent);
  assert.deepEqual(texts, ["0 %", "< 0.01 %", "0.25 %", "12.3 %", "99.9 %", "100 %"]);
});

test("ratesOf: the step that is going on counts by the time it has had", () => {
  const time = { times: [0, 60, 120], stepSeconds: 60 };
  const calls = [60, 120, 60];
  assert.deepEqual(ratesOf({ calls }, time, 1000), [1, 2, 1]);
  assert.deepEqual(ratesOf({ calls }, time, 153), [1, 2, 2]);
  assert.deepEqual(ratesOf({ calls }, time, 125), [1, 2, null]);
  assert.deepEqual(ratesOf({ calls: [5] }, { times: [0], stepSeconds: 60 }, 4), [0.5]);
});
