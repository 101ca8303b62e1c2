import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { formatTime, parseTime } from "./time.ts";

const texts: [text: string, nanos: bigint | undefined][] = [
  ["1970-01-01T00:00:00Z", 0n],
  ["1969-12-31T23:59:59.999999999Z", -1n],
  ["2023-11-14T22:13:20Z", 1_700_000_000_000_000_000n],
  ["2023-11-14T22:13:20.000000001Z", 1_700_000_000_000_000_001n],
  ["2023-11-14T23:13:20.5+01:00", 1_700_000_000_500_000_000n],
  ["2023-11-14t20:43:20-01:30", 1_700_000_000_000_000_000n],
  ["2024-02-29T00:00:00Z", 1_709_164_800_000_000_000n],
  ["2023-02-29T00:00:00Z", undefined],
  ["2023-13-01T00:00:00Z", undefined],
  ["2023-01-00T00:00:00Z", undefined],
  ["2023-01-01T24:00:00Z", undefined],
  ["2016-12-31T23:59:60Z", undefined],
  ["2023-01-01T00:00:00", undefined],
  ["2023-01-01T00:00:00+1:00", undefined],
  ["2023-01-01T00:00:00+24:00", undefined],
  ["2023-01-01T00:00:00.1234567890Z", undefined],
  ["2023-01-01", undefined],
  ["2262-04-11T23:47:16.854775807Z", 2n ** 63n - 1n],
  ["2262-04-11T23:47:16.854775808Z", undefined],
  ["yesterday", undefined],
];
for (const [text, nanos] of texts) {
  test(`parseTime: ${text}`, () => assert.equal(parseTime(text), nanos));
}

test("times survive being written and read", () => {
  const seed = printedSeed("times");
  const anyTime = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(anyTime, (nanos) => {
      assert.equal(parseTime(formatTime(nanos)!), nanos);
    }),
    { seed, numRuns: 1000 },
  );
  assert.equal(formatTime(10n ** 21n), undefined);
});
