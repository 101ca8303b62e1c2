import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { safeText } from "../base/safe-text.ts";
import { cellWidth, durationText, fit, instantText } from "./text.ts";

const safe: [text: string, unicode: boolean, want: string][] = [
  ["GET /cart", true, "GET /cart"],
  ["naïve 日本 ✓", true, "naïve 日本 ✓"],
  ["naïve", false, "na\\u{ef}ve"],
  ["\u001b[2J", true, "\\u{1b}[2J"],
  ["a\nb\tc\r", true, "a\\nb\\tc\\u{d}"],
  ["\u009b31m", true, "\\u{9b}31m"],
  ["\u202egpj.exe", true, "\\u{202e}gpj.exe"],
  ["\u2028\u200b", true, "\\u{2028}\\u{200b}"],
  ["\ud800", true, "\\u{d800}"],
];
for (const [text, unicode, want] of safe) {
  test(`safeText: ${JSON.stringify(text)}`, () => assert.equal(safeText(text, unicode), want));
}

test("safeText lets no control character through", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, unicode) => {
      assert.doesNotMatch(safeText(text, unicode), /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});

const fits: [text: string, cells: number, want: string][] = [
  ["abc", 5, "abc  "],
  ["abcde", 5, "abcde"],
  ["abcdef", 5, "abcd…"],
  ["日本語", 6, "日本語"],
  ["日本語", 5, "日本…"],
  ["日本語", 4, "日… "],
  ["abc", 1, "…"],
  ["abc", 0, ""],
  ["", 2, "  "],
];
for (const [text, cells, want] of fits) {
  test(`fit: ${text} in ${cells}`, () => {
    assert.equal(fit(text, cells, true), want);
    assert.equal(cellWidth(want), cells);
  });
}

const durations: [nanos: number, want: string][] = [
  [0, "0 ns"],
  [999, "999 ns"],
  [1000, "1.00 µs"],
  [999_999, "1.00 ms"],
  [12_345_678, "12.3 ms"],
  [999_600_000, "1.00 s"],
  [59_999_000_000, "1 min 0 s"],
  [125e9, "2 min 5 s"],
  [7_260e9, "2 h 1 min"],
  [-3e6, "-3.00 ms"],
];
for (const [nanos, want] of durations) {
  test(`durationText: ${nanos}`, () => assert.equal(durationText(nanos, true), want));
}

test("instantText: UTC with milliseconds; what no calendar holds stays a number", () => {
  assert.equal(instantText("1764000000123456789"), "2025-11-24 16:00:00.123");
  assert.equal(instantText("0"), "1970-01-01 00:00:00.000");
  assert.equal(instantText("18446744073709551615"), "2554-07-21 23:34:33.709");
});
