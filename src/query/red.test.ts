import assert from "node:assert/strict";
import { test } from "node:test";
import { oneStep, planSteps, type TimeRange } from "./red.ts";

const NOW = 1_800_000_030; // half a minute into one
const DAY = 86_400;
const since = (seconds: number): TimeRange => ({ kind: "since", seconds });
const between = (fromSeconds: number, toSeconds: number): TimeRange => ({
  kind: "between",
  fromSeconds,
  toSeconds,
});

type Want = [from: number, step: number, count: number];
const cases: [name: string, range: TimeRange, step: number | undefined, want: Want][] = [
  ["an hour", since(3600), undefined, [1_799_996_400, 60, 61]],
  ["a minute", since(60), undefined, [1_799_999_940, 60, 2]],
  ["a day", since(DAY), undefined, [1_799_913_600, 900, 97]],
  ["two weeks", since(14 * DAY), undefined, [1_798_783_200, 10_800, 113]],
  ["two hours, long ago", between(5 * 3600 + 7, 7 * 3600), undefined, [18_000, 3600, 2]],
  ["whole steps", between(6000, 12_000), 600, [6000, 600, 10]],
  ["parts of steps at both ends", between(6001, 12_001), 600, [6000, 600, 11]],
  ["a thousand days", since(1000 * DAY), undefined, [1_713_052_800, 9 * DAY, 112]],
];
for (const [name, range, stepSeconds, [fromSeconds, step, count]] of cases) {
  test(`planSteps: ${name}`, () => {
    const plan = planSteps(range, { stepSeconds, minuteDays: 30, nowSeconds: NOW });
    assert.deepEqual(plan, { fromSeconds, stepSeconds: step, count });
  });
}

const wholes: [name: string, range: TimeRange, from: number, step: number][] = [
  ["an hour", since(3600), 1_799_996_400, 3660],
  ["a day", since(DAY), 1_799_913_600, 90_000],
  ["an hour long ago", between(3601, 7201), 3600, 7200],
];
for (const [name, range, fromSeconds, stepSeconds] of wholes) {
  test(`oneStep: ${name}`, () => {
    const step = oneStep(range, { minuteDays: 30, nowSeconds: NOW });
    assert.deepEqual(step, { fromSeconds, stepSeconds, count: 1 });
  });
}
