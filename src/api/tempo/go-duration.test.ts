import assert from "node:assert/strict";
import { test } from "node:test";
import { goDuration } from "./go-duration.ts";

const durations: [text: string, want: bigint | string][] = [
  ["0", 0n],
  ["1s", 1_000_000_000n],
  ["1.5h", 5_400_000_000_000n],
  ["-1m30s", -90_000_000_000n],
  ["+.5ms", 500_000n],
  ["1us1µs", 2_000n],
  ["", 'time: invalid duration ""'],
  ["-", 'time: invalid duration "-"'],
  ["s", 'time: invalid duration "s"'],
  [".s", 'time: invalid duration ".s"'],
  ["3", 'time: missing unit in duration "3"'],
  ["1s2", 'time: missing unit in duration "1s2"'],
  ["1d", 'time: unknown unit "d" in duration "1d"'],
  ["9999999h", 'time: invalid duration "9999999h"'],
  ["9".repeat(101), `time: invalid duration "${"9".repeat(101)}"`],
];
for (const [text, want] of durations) {
  test(`goDuration: ${text.slice(0, 20)}`, () => assert.equal(goDuration(text), want));
}
