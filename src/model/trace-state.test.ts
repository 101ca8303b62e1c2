import assert from "node:assert/strict";
import { test } from "node:test";
import { samplingWeight } from "./sampling-weight.ts";
import { readSamplingNote, withThreshold } from "./trace-state.ts";

const HALF = 2n ** 55n;
const cases: [before: string, after: string][] = [
  ["", "ot=th:8"],
  ["ot=th:4", "ot=th:8"],
  ["a=b,ot=rv:0123456789abcd;th:4 , c=d", "ot=th:8;rv:0123456789abcd,a=b,c=d"],
  ["not=th:4", "ot=th:8,not=th:4"],
];
for (const [before, after] of cases) {
  test(`withThreshold: ${JSON.stringify(before)}`, () => {
    assert.equal(withThreshold(before, HALF), after);
    assert.equal(readSamplingNote(after).threshold, HALF);
    assert.equal(readSamplingNote(after).randomness, readSamplingNote(before).randomness);
    const bytes = Buffer.from(after);
    assert.equal(samplingWeight(bytes, 0, bytes.length), 2);
  });
}

const notes: [traceState: string, th: bigint | undefined, rv: bigint | undefined][] = [
  ["ot=th:0", 0n, undefined],
  ["ot=th:c;rv:00000000000001", 3n * 2n ** 54n, 1n],
  ["ot=th:g;rv:1", undefined, undefined],
  ["x=ot", undefined, undefined],
];
for (const [traceState, threshold, randomness] of notes) {
  test(`readSamplingNote: ${traceState}`, () => {
    assert.deepEqual(readSamplingNote(traceState), { threshold, randomness });
  });
}
