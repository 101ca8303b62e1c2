import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatAgo,
  formatDuration,
  formatInstant,
  formatOffset,
  formatShare,
  formatSome,
} from "./format.ts";

const durations: [nanos: number, want: string][] = [
  [0, "0 ns"],
  [1, "1 ns"],
  [999, "999 ns"],
  [1000, "1.00 µs"],
  [4567, "4.57 µs"],
  [45_678, "45.7 µs"],
  [456_789, "457 µs"],
  [999_499, "999 µs"],
  [999_500, "1.00 ms"],
  [12_000_000, "12.0 ms"],
  [999_999_999, "1.00 s"],
  [59_940_000_000, "59.9 s"],
  [59_999_000_000, "1 min"],
  [125e9, "2 min 5 s"],
  [3599.9e9, "60 min"],
  [3600e9, "1 h"],
  [11_400e9, "3 h 10 min"],
  [86_400e9 * 104 + 7200e9, "104 d 2 h"],
  [-4567, "−4.57 µs"],
];
for (const [nanos, want] of durations) {
  test(`formatDuration: ${nanos}`, () => assert.equal(formatDuration(nanos), want));
}

test("formatInstant: nanoseconds in a zone east of Greenwich", () => {
  assert.equal(formatInstant("1795455725123456789", 0), "2026-11-23 17:42:05.123");
  assert.equal(formatInstant("1795455725123456789", 330), "2026-11-23 23:12:05.123");
});

test("formatOffset", () => {
  assert.deepEqual([0, 60, -210].map(formatOffset), ["UTC", "UTC+01:00", "UTC−03:30"]);
});

const agos: [secondsAgo: number, want: string][] = [
  [0, "now"],
  [12, "12 s ago"],
  [61, "1 min ago"],
  [7300, "2 h ago"],
  [200_000, "2 d ago"],
  [-300, "in 5 min"],
];
for (const [secondsAgo, want] of agos) {
  test(`formatAgo: ${secondsAgo} s`, () => {
    assert.equal(formatAgo(1e12 - secondsAgo * 1000, 1e12), want);
  });
}

test("formatShare and formatSome", () => {
  assert.deepEqual(
    [formatShare(1, 8), formatShare(1, 1e6), formatShare(0, 5), formatShare(5, 0)],
    ["12.5 %", "< 0.1 %", "0 %", "0 %"],
  );
  assert.deepEqual([formatSome(1, "span"), formatSome(50_000, "span")], ["1 span", "50,000 spans"]);
});
