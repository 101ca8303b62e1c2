import assert from "node:assert/strict";
import { test } from "node:test";
import { caretLines, placeInMessage } from "./caret.ts";

const cases: [text: string, from: number, to: number, want: string][] = [
  ["{ a = 1 }", 2, 3, "  { a = 1 }\n    ^"],
  ["{ foo }", 2, 5, "  { foo }\n    ^^^"],
  ["{", 1, 1, "  {\n   ^"],
  ["{ true }\n| by(x\n)", 11, 13, "  | by(x\n    ^^"],
  ["{ .a = `漢字` && b }", 15, 16, "  { .a = `漢字` && b }\n                   ^"],
  ["{ .a = `\u001b[0m` && }", 2, 4, "  { .a = `\\u{1b}[0m` && }\n    ^^"],
];
for (const [text, from, to, want] of cases) {
  test(`caretLines: ${JSON.stringify(text)}`, () => {
    assert.equal(caretLines(text, { from, to }, true), want);
  });
}

test("caretLines shows a part of a long line", () => {
  const text = `{ .a = "${"x".repeat(5000)}" && ! }`;
  const [shown, marks] = caretLines(text, { from: 5015, to: 5016 }, true).split("\n");
  assert.ok(shown!.length <= 102);
  assert.equal(shown![marks!.indexOf("^")], "}");
});

test("placeInMessage", () => {
  const text = "{ true }\n| foo";
  assert.deepEqual(placeInMessage(text, "parse error at line 2, col 3: syntax"), {
    from: 11,
    to: 12,
  });
  assert.equal(placeInMessage(text, "no place"), undefined);
  assert.deepEqual(placeInMessage("{", "line 9, col 9"), { from: 1, to: 2 });
});
