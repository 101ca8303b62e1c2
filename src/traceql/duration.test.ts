import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { formatDuration, parseDuration } from "./duration.ts";

const S = 1_000_000_000n;
const texts: [text: string, nanos: bigint | undefined][] = [
  ["0s", 0n],
  ["1w", 604_800n * S],
  ["1y", 31_536_000n * S],
  ["1d2h", 93_600n * S],
  ["1m30s", 90n * S],
  ["1s500ms", 1_500_000_000n],
  ["1.5s", 1_500_000_000n],
  [".5s", 500_000_000n],
  ["1.s", S],
  ["100us", 100_000n],
  ["100µs", 100_000n],
  ["100μs", 100_000n],
  ["1s1h1s", 3_602n * S],
  ["1.9999999999ns", 1n],
  ["9223372036854775807ns", 2n ** 63n - 1n],
  ["9223372036854775808ns", undefined],
  ["999999999999y", undefined],
  ["1.5d", undefined],
  ["1d1.5h", undefined],
  ["1h1d", undefined],
  ["1d1d", undefined],
  ["1", undefined],
  ["s", undefined],
  [".s", undefined],
  ["", undefined],
  ["1sx", undefined],
  ["1n", undefined],
];
for (const [text, nanos] of texts) {
  test(`parseDuration: ${text}`, () => assert.equal(parseDuration(text), nanos));
}

const shown: [nanos: bigint, text: string][] = [
  [0n, "0s"],
  [1n, "1ns"],
  [1_500n, "1.5µs"],
  [500_000_000n, "500ms"],
  [1_001_000_000n, "1.001s"],
  [90n * S, "1m30s"],
  [93_600n * S, "26h0m0s"],
  [-1_500_000n, "-1.5ms"],
  [2n ** 63n - 1n, "2562047h47m16.854775807s"],
];
for (const [nanos, text] of shown) {
  test(`formatDuration: ${text}`, () => assert.equal(formatDuration(nanos), text));
}

test("durations survive being written and read", () => {
  const seed = printedSeed("durations");
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.nat(63), (value, shift) => {
      const nanos = value >> BigInt(shift);
      assert.equal(parseDuration(formatDuration(nanos)), nanos);
    }),
    { seed, numRuns: 1000 },
  );
});
