import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import {
  BUCKETS_PER_DOUBLING,
  bucketMiddleNano,
  bucketOf,
  buckets,
  bucketUpperNano,
  type LatencyHistogram,
  mergeHistograms,
  quantilesNano,
} from "./latency-buckets.ts";

const MOST_OFF = 0.02;

/** As likely short as long. */
const nanos = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 62 }))
  .map(([share, doublings]) => Math.floor(2 ** (doublings + share)));
const durations = fc.array(fc.oneof({ weight: 9, arbitrary: nanos }, fc.constant(0)));

function histogramOf(all: readonly number[]): LatencyHistogram {
  return mergeHistograms(all.map((nano) => ({ buckets: [bucketOf(nano)], counts: [1] })));
}

/** The nearest rank, counted out. */
function exactQuantile(all: readonly number[], share: number): number {
  const sorted = all.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
}

const cases: [nano: number, bucket: number][] = [
  [0, buckets.lowest],
  [-5, buckets.lowest],
  [1, buckets.lowest + 1],
  [2_000_000, 0],
  [2_000_001, 1],
  [1_999_999, 0],
  [4_000_000, BUCKETS_PER_DOUBLING],
  [4_000_001, BUCKETS_PER_DOUBLING + 1],
  [16_384_000_000, 13 * BUCKETS_PER_DOUBLING],
  [16_384_000_001, 13 * BUCKETS_PER_DOUBLING + 1],
  [2 ** 64, buckets.lowest + buckets.count - 1],
];
for (const [nano, bucket] of cases) {
  test(`bucketOf(${nano})`, () => assert.equal(bucketOf(nano), bucket));
}

test("a duration is in the bucket whose bounds are around it, and its middle is within 2 %", () => {
  fc.assert(
    fc.property(nanos, (nano) => {
      const bucket = bucketOf(nano);
      assert.ok(nano <= bucketUpperNano(bucket), `${nano} is beyond bucket ${bucket}`);
      assert.ok(nano > bucketUpperNano(bucket - 1), `${nano} is before bucket ${bucket}`);
      const off = Math.abs(bucketMiddleNano(bucket) - nano) / nano;
      assert.ok(off <= MOST_OFF, `${nano} in ${bucket} is off by ${off}`);
    }),
    { seed: printedSeed("buckets"), numRuns: 20_000 },
  );
});

test("every bound, and one nanosecond more, is where it belongs", () => {
  for (let bucket = buckets.lowest + 1; bucketUpperNano(bucket) < 2 ** 53; bucket++) {
    const upper = bucketUpperNano(bucket);
    if (upper === bucketUpperNano(bucket - 1)) continue; // empty: there is no such nanosecond
    assert.equal(bucketOf(upper), bucket);
    const next = bucketOf(upper + 1);
    assert.ok(next > bucket && bucketUpperNano(next - 1) === upper, `after ${upper}`);
  }
});

test("quantiles are within 2 % of those counted out", () => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const [estimate] = quantilesNano(histogramOf(all), [share]) ?? [];
      if (all.length === 0) return assert.equal(estimate, undefined);
      const exact = exactQuantile(all, share);
      const off = Math.abs(estimate! - exact);
      return assert.ok(off <= MOST_OFF * exact, `${share} of ${all.length}: ${estimate}, ${exact}`);
    }),
    { seed: printedSeed("quantiles"), numRuns: 2000 },
  );
});

test("merging is adding: any grouping and any order gives the histogram of all", () => {
  fc.assert(
    fc.property(fc.array(durations, { maxLength: 5 }), (parts) => {
      const whole = histogramOf(parts.flat());
      const each = parts.map(histogramOf);
      assert.deepEqual(mergeHistograms(each), whole);
      assert.deepEqual(mergeHistograms(each.toReversed()), whole);
      const [first = histogramOf([]), ...rest] = each;
      assert.deepEqual(mergeHistograms([first, mergeHistograms(rest)]), whole);
      assert.deepEqual(mergeHistograms([whole]), whole);
    }),
    { seed: printedSeed("merge"), numRuns: 300 },
  );
});

test("quantiles of weighted counts", () => {
  // Sampled to a quarter below, kept above: 8 fast ones stand for 2 slow ones.
  const weighted = { buckets: [0, 180], counts: [8, 2] };
  const [p50, p80, p81] = quantilesNano(weighted, [0.5, 0.8, 0.81])!;
  assert.equal(p50, bucketMiddleNano(0));
  assert.equal(p80, bucketMiddleNano(0));
  assert.equal(p81, bucketMiddleNano(180));
});
