import assert from "node:assert/strict";
import { test } from "node:test";
import { isDue } from "./graph-job.ts";

const SLICE = 1_800_000_000;
/** The slice, and the two minutes that decide about its last edges. */
const OVER = SLICE + 300 + 120;
const HOUR = 3600;

interface Given {
  readonly around: number;
  readonly computed: number;
  /** Seconds after the slice is over. */
  readonly computedAt?: number;
  readonly now: number;
}

const cases: [name: string, given: Given, want: boolean][] = [
  ["not over yet", { around: 5, computed: 0, now: -1 }, false],
  ["over, and never computed", { around: 5, computed: 0, now: 0 }, true],
  ["all of it computed", { around: 5, computed: 5, computedAt: 0, now: HOUR }, false],
  ["a span more, soon", { around: 6, computed: 5, computedAt: 20, now: 25 }, true],
  ["a span more, just after", { around: 6, computed: 5, computedAt: 250, now: 260 }, false],
  ["a span more after a day", { around: 6, computed: 5, computedAt: 9, now: 24 * HOUR }, true],
  [
    "one more span each minute, after a day",
    { around: 6, computed: 5, computedAt: 24 * HOUR - 60, now: 24 * HOUR },
    false,
  ],
];
for (const [name, { around, computed, computedAt = 0, now }, want] of cases) {
  test(`isDue: ${name}`, () => {
    const state = {
      slice: SLICE,
      countedAround: around,
      computed,
      computedSeconds: OVER + computedAt,
    };
    assert.equal(isDue(state, OVER + now), want);
  });
}
