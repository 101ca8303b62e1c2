import assert from "node:assert/strict";
import { test } from "node:test";
import { goodQuery } from "../../../test/support/found-spans.ts";
import { exemplarLimit, type Hints, readHints } from "./hints.ts";

const cases: [hints: string, want: Hints][] = [
  ["", {}],
  ["with (most_recent = true)", { mostRecent: true }],
  ["with (most_recent = 1, never_heard_of = true)", {}],
  ["with (exemplars = 5)", { exemplars: 5 }],
  ["with (exemplars = false)", { exemplars: false }],
  [`with (exemplars = "many")`, {}],
  [
    "with (sample = true, span_sample = 0.5, trace_sample = 1)",
    { sample: true, spanSample: 0.5, traceSample: 1 },
  ],
  ["with (sample = 1.5)", {}],
  ["with (extrapolate = true)", { extrapolate: true }],
  // The last one counts.
  ["with (exemplars = 5) with (extrapolate = false)", { extrapolate: false }],
];
for (const [hints, want] of cases) {
  test(`hints: ${hints}`, () => assert.deepEqual(readHints(goodQuery(`{ } ${hints}`).hints), want));
}

const limits: [hints: Hints, requested: number, want: number][] = [
  [{}, 0, 100],
  [{}, 7, 7],
  [{}, 700, 100],
  [{ exemplars: true }, 7, 7],
  [{ exemplars: false }, 7, 0],
  [{ exemplars: 0 }, 7, 0],
  [{ exemplars: 5 }, 7, 5],
  [{ exemplars: 500 }, 7, 100],
];
for (const [hints, requested, want] of limits) {
  test(`exemplars: ${JSON.stringify(hints)}, ${requested} requested`, () => {
    assert.equal(exemplarLimit(hints, requested, 100), want);
  });
}
