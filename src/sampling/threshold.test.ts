import assert from "node:assert/strict";
import { test } from "node:test";
import { samplingWeight } from "../model/sampling-weight.ts";
import { RANGE, randomnessOf, thresholdOf, weightOf } from "./threshold.ts";

// Source: OpenTelemetry, "TraceState: Probability Sampling".
const thresholds: [probability: number, th: string][] = [
  [1, "0"],
  [0.5, "8"],
  [0.25, "c"],
  [0.125, "e"],
  [0.1, "e6666666666668"],
];
for (const [probability, th] of thresholds) {
  test(`a share of ${probability} has the threshold ${th}`, () => {
    const threshold = thresholdOf(probability);
    // Others calculate 1 - p first, and so with three bits less.
    const off = threshold - BigInt(`0x${th.padEnd(14, "0")}`);
    assert.ok(off > -8n && off < 8n, `off by ${off}`);
    const tracestate = Buffer.from(`ot=th:${threshold.toString(16).padStart(14, "0")}`);
    assert.equal(weightOf(threshold), samplingWeight(tracestate, 0, tracestate.length));
    assert.ok(Math.abs(weightOf(threshold) * probability - 1) < 1e-12);
  });
}

test("a trace id ending in ones is always kept, one ending in zeros only at 100 %", () => {
  const ones = randomnessOf(`${"0".repeat(18)}${"f".repeat(14)}`);
  const zeros = randomnessOf(`${"f".repeat(18)}${"0".repeat(14)}`);
  assert.deepEqual([ones, zeros], [RANGE - 1n, 0n]);
  assert.ok(ones >= thresholdOf(2 ** -56));
  assert.ok(zeros < thresholdOf(1 - 2 ** -53));
  assert.ok(zeros >= thresholdOf(1));
});
