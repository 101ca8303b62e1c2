import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../../../test/support/oracle.ts";
import { bucketExponent, type PowerBucket, quantileOfBuckets } from "./power-buckets.ts";

const exponents: [value: bigint, want: number][] = [
  [-5n, -1],
  [0n, -1],
  [1n, -1],
  [2n, 1],
  [3n, 2],
  [4n, 2],
  [5n, 3],
  [1_000_000_000n, 30],
  [2n ** 53n, 53],
  [2n ** 53n + 1n, 54],
  [2n ** 62n, 62],
  [2n ** 62n + 1n, 63],
];
for (const [value, want] of exponents) {
  test(`bucket of ${value}`, () => assert.equal(bucketExponent(value), want));
}

test("buckets: the smallest power of two that is not less", () => {
  const value = fc.oneof(
    fc.bigInt(2n, 2n ** 63n),
    fc.tuple(fc.bigInt(1n, 62n), fc.bigInt(-2n, 2n)).map(([e, off]) => 2n ** e + off),
  );
  const property = fc.property(value, (v) => {
    const exponent = bucketExponent(v);
    if (v < 2n) return assert.equal(exponent, -1);
    assert.ok(2n ** BigInt(exponent) >= v && 2n ** BigInt(exponent - 1) < v);
  });
  fc.assert(property, { seed: printedSeed("buckets"), numRuns: 2000 });
});

const bucket = (exponent: number, count: number): PowerBucket => ({ exponent, count });

const quantiles: [name: string, q: number, buckets: PowerBucket[], want: number][] = [
  ["nothing", 0.5, [], 0],
  ["all of one bucket", 1, [bucket(4, 10)], 16],
  // Within the first bucket: from half of its bound on.
  ["half of one bucket", 0.5, [bucket(4, 10)], 2 ** 3.5],
  ["at least one value", 0, [bucket(4, 10)], 2 ** 3.1],
  ["the end of a bucket", 0.5, [bucket(4, 5), bucket(6, 5)], 16],
  // Within another: from the bucket before, however far away.
  ["within the second", 0.75, [bucket(4, 4), bucket(8, 4)], 2 ** 6],
  ["rounded up", 0.51, [bucket(1, 1), bucket(2, 1), bucket(3, 1), bucket(4, 1)], 8],
  ["p99 of few", 0.99, [bucket(10, 9), bucket(20, 1)], 2 ** 20],
  ["weights below one", 1, [bucket(3, 0.25)], 8],
];
for (const [name, q, buckets, want] of quantiles) {
  test(`quantile: ${name}`, () => {
    const got = quantileOfBuckets(q, buckets);
    assert.ok(Math.abs(got - want) <= want * 1e-12, `${got} is not ${want}`);
  });
}

test("quantiles stay within the buckets of the true value, and rise with q", () => {
  const property = fc.property(
    fc.array(fc.bigInt(2n, 2n ** 40n), { minLength: 1, maxLength: 60 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (values, q, r) => {
      const counts = new Map<number, number>();
      for (const value of values) {
        const exponent = bucketExponent(value);
        counts.set(exponent, (counts.get(exponent) ?? 0) + 1);
      }
      const buckets = [...counts]
        .map(([exponent, count]) => bucket(exponent, count))
        .sort((a, b) => a.exponent - b.exponent);
      const got = quantileOfBuckets(q, buckets);
      const sorted = values.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
      const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1]!;
      const at = buckets.findIndex(({ exponent }) => exponent === bucketExponent(exact));
      const low = at === 0 ? buckets[0]!.exponent - 1 : buckets[at - 1]!.exponent;
      assert.ok(got > 2 ** low && got <= 2 ** buckets[at]!.exponent, `${got} for ${exact}`);
      const [less, more] = [Math.min(q, r), Math.max(q, r)];
      assert.ok(quantileOfBuckets(less, buckets) <= quantileOfBuckets(more, buckets));
    },
  );
  fc.assert(property, { seed: printedSeed("quantiles"), numRuns: 1000 });
});
