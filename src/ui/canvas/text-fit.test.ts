import assert from "node:assert/strict";
import { test } from "node:test";
import { fitText, remembering } from "./text-fit.ts";

const measure = (text: string): number => text.length * 10;
const cases: [text: string, widthPx: number, want: string][] = [
  ["checkout", 80, "checkout"],
  ["checkout", 79, "checko…"],
  ["checkout", 20, "c…"],
  ["checkout", 19, ""],
  ["", 0, ""],
];
for (const [text, widthPx, want] of cases) {
  test(`fitText: ${text} in ${widthPx}`, () => {
    assert.equal(fitText(text, widthPx, measure), want);
  });
}

test("remembering: asks once for each text", () => {
  const asked: string[] = [];
  const remembered = remembering((text) => {
    asked.push(text);
    return text.length;
  });
  assert.deepEqual(["a", "bb", "a"].map(remembered), [1, 2, 1]);
  assert.deepEqual(asked, ["a", "bb"]);
});
