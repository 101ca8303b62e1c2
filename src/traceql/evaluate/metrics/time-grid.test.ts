import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../../../test/support/oracle.ts";
import {
  defaultStepNano,
  instantGrid,
  rangeGrid,
  sampleIndex,
  sampleTimesMs,
  type TimeGrid,
} from "./time-grid.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

const steps: [range: bigint, step: bigint][] = [
  [HOUR, 15n * SECOND],
  [3n * HOUR, 45n * SECOND],
  [6n * HOUR, MINUTE],
  [DAY, 5n * MINUTE],
  [7n * DAY, 40n * MINUTE],
  [30n * DAY, 3n * HOUR],
  [MINUTE, SECOND],
  [5n * MINUTE, SECOND],
  [10n * MINUTE, 2n * SECOND],
  [20n * MINUTE, 5n * SECOND],
  [40n * MINUTE, 10n * SECOND],
  // Less than a minute: multiples of 50 ms.
  [59n * SECOND, 200_000_000n],
  [30n * SECOND, 100_000_000n],
  [SECOND, 50_000_000n],
  [1n, 50_000_000n],
];
for (const [range, step] of steps) {
  test(`default step of ${range / SECOND} s`, () => assert.equal(defaultStepNano(range), step));
}

/** A grid by seconds: its first sample, its last, how many. */
function shape({ firstNano, stepNano, count }: TimeGrid): [number, number, number] {
  const last = firstNano + BigInt(count - 1) * stepNano;
  return [Number(firstNano / SECOND), Number(last / SECOND), count];
}

const ranges: [
  start: number,
  end: number,
  cutoff: number | undefined,
  want: [number, number, number],
][] = [
  // Start down, end up; the first sample covers what is before it.
  [7, 38, undefined, [0, 45, 4]],
  [0, 30, undefined, [0, 30, 3]],
  [15, 30, undefined, [15, 30, 2]],
  [16, 17, undefined, [15, 30, 2]],
  // The cutoff's end is rounded down.
  [7, 100, 50, [0, 45, 4]],
  [7, 38, 50, [0, 45, 4]],
  [7, 38, 38, [0, 45, 4]],
  [7, 38, 8, [0, 0, 1]],
];
for (const [start, end, cutoff, want] of ranges) {
  test(`range ${start} to ${end}, cut off at ${cutoff}`, () => {
    const grid = rangeGrid({
      startNano: BigInt(start) * SECOND,
      endNano: BigInt(end) * SECOND,
      stepNano: 15n * SECOND,
      ...(cutoff !== undefined && { cutoffNano: BigInt(cutoff) * SECOND }),
    });
    assert.deepEqual(shape(grid), want);
  });
}

test("ranges that are none", () => {
  const ask = (startNano: bigint, endNano: bigint, stepNano: bigint, cutoffNano?: bigint) => () =>
    rangeGrid({ startNano, endNano, stepNano, ...(cutoffNano !== undefined && { cutoffNano }) });
  assert.throws(ask(5n, 5n, 1n), { code: "invalid", message: "end must be greater than start" });
  assert.throws(ask(5n, 9n, 0n), { code: "invalid", message: "step must be positive" });
  assert.throws(ask(5n, 9n, 1n, 5n), {
    code: "invalid",
    message: "query window falls entirely within query_end_cutoff",
  });
  assert.throws(() => instantGrid(5n, 5n), { code: "invalid" });
});

/*
 *   (-15 ── 0]   (0 ── 15]   (15 ── 30]
 *    sample 0     sample 1    sample 2
 */
test("samples: open on the left, closed on the right", () => {
  const grid = rangeGrid({ startNano: 7n * SECOND, endNano: 30n * SECOND, stepNano: 15n * SECOND });
  const index = sampleIndex(grid);
  const want: [bigint, number][] = [
    [-15n * SECOND, -1],
    [-15n * SECOND + 1n, 0],
    [0n, 0],
    [1n, 1],
    [15n * SECOND, 1],
    [15n * SECOND + 1n, 2],
    [30n * SECOND, 2],
    [30n * SECOND + 1n, -1],
    [2n ** 64n - 1n, -1],
  ];
  for (const [at, sample] of want) assert.equal(index(at), sample, String(at));
  assert.deepEqual(sampleTimesMs(grid), [0, 15_000, 30_000]);
});

test("samples: an instant query has one, both ends included", () => {
  const grid = instantGrid(100n, 200n);
  const index = sampleIndex(grid);
  const at = [99n, 100n, 150n, 200n, 201n].map((time) => index(time));
  assert.deepEqual(at, [-1, 0, 0, 0, -1]);
  assert.deepEqual(
    [grid.stepNano, grid.count, sampleTimesMs(instantGrid(0n, 5_000_000n))[0]],
    [100n, 1, 5],
  );
});

test("samples: numbers do as well as big integers", () => {
  const property = fc.property(
    fc.record({
      first: fc.bigInt(0n, 2n ** 61n),
      step: fc.oneof(
        fc.bigInt(1n, 100n),
        fc.bigInt(1n, 2n ** 50n),
        fc.bigInt(2n ** 52n, 2n ** 55n),
      ),
      count: fc.integer({ min: 1, max: 10_000 }),
      at: fc.integer({ min: -2, max: 10_002 }),
      off: fc.constantFrom(-1n, 0n, 1n),
    }),
    ({ first, step, count, at, off }) => {
      const time = first + BigInt(at) * step + off;
      const grid = { isInstant: false, firstNano: first, stepNano: step, count };
      // The first edge that is not before the time.
      let want = -1;
      for (let i = Math.max(0, at - 2); want === -1 && i < Math.min(count, at + 3); i++) {
        const edge = first + BigInt(i) * step;
        if (time <= edge && time > edge - step) want = i;
      }
      assert.equal(sampleIndex(grid)(time), want);
    },
  );
  fc.assert(property, { seed: printedSeed("samples"), numRuns: 2000 });
});
