import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { RE2JS } from "re2js";
import { globsOf } from "./globs.ts";
import { regexSize } from "./regex-size.ts";
import { compileEngine, compileRegex } from "./regex.ts";

const cases: [pattern: string, text: string, want: boolean | undefined][] = [
  ["SEL", "SELECT", false],
  ["SEL.*", "SELECT", true],
  ["^SELECT$", "SELECT", true],
  ["^(a|b)$", "b", true],
  ["(?:a|b)", "a", true],
  ["a|b", "ab", false],
  ["a|", "", true],
  ["", "", true],
  ["", "a", false],
  [".*", "a\nb", true],
  ["a.b", "a\nb", true],
  [".+", "", false],
  [".+.+", "😀", false],
  [".*.+", "😀", true],
  ["a.+a", "aa", false],
  ["a.*a", "a", false],
  [".*b.*b.*", "abcb", true],
  [".*b.*b.*", "abc", false],
  ["a\\.b", "a.b", true],
  ["a\\.b", "axb", false],
  ["a\\|b", "a|b", true],
  ["(?i)get", "GET", true],
  ["GET /items/\\d+", "GET /items/42", true],
  ["(a+)+b", "a".repeat(50_000), false],
  ["[[:alpha:]]+", "abc", true],
  ["(", "x", undefined],
  ["a**", "x", undefined],
  ["(?=a)", "x", undefined],
  ["(a)\\1", "x", undefined],
  ["a{1001}", "x", undefined],
  ["((a{1000}){1000}){1000}", "x", undefined],
  ["a{1000}".repeat(1000), "x", undefined],
  [`(${"a".repeat(1000)}){1000}`, "x", undefined],
  ["\\pL{1000}", "é".repeat(1000), true],
  ["(".repeat(5000) + ")".repeat(5000), "x", undefined],
  ["(a\\)", "x", undefined],
  ["\\", "x", undefined],
];
for (const [pattern, text, want] of cases) {
  test(`regex: ${pattern.slice(0, 30)} on ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.equal(compileRegex(pattern)?.matches(text), want);
    assert.equal(compileRegex(pattern)?.matches(text), want, "from the cache");
  });
}

test("regex: what is known of alternatives", () => {
  assert.deepEqual(compileRegex("a|b|a")?.literals, ["a", "b"]);
  assert.deepEqual(compileRegex("a\\.b")?.literals, ["a.b"]);
  assert.equal(compileRegex("a.*")?.literals, undefined);
  assert.equal(compileRegex("a+")?.literals, undefined);
});

test("regex: sizes are those of the engine, more or less", () => {
  const patterns = [
    "a+b",
    "(ab){20}",
    "[a-z]{10,20}",
    "a{3,}",
    "(a|b|c){7}x",
    "\\pL{50}[^\\]a]{5}",
    "[]a{9}]{3}",
    "[[:alpha:]]{8}",
    "\\Q(a{9}\\E{2}",
    "(?i)(?:a(b{3}){4}){5}",
    "\\{5\\}b",
    "a{x}",
  ];
  for (const pattern of patterns) {
    const [size, real] = [regexSize(pattern), RE2JS.compile(pattern).programSize()];
    assert.ok(size <= real * 3 && size >= real / 3 - 5, `${pattern}: ${size}, not ${real}`);
  }
});

test("regex: 10,000 alternatives", () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `service-${i}`);
  const regex = compileRegex(names.join("|"));
  assert.deepEqual(
    names.map((name) => regex?.matches(name)),
    names.map(() => true),
  );
  assert.equal(regex?.matches("service-10000"), false);
});

test("regex: what does without the engine does what the engine does", () => {
  const seed = printedSeed("globs");
  const simple = ["a", "b", "ab", "😀", "é", "-", "/", "\\.", "\\|", "\\^", ".*", ".+", "|"];
  const rest = [
    "^",
    "$",
    "\n",
    "(",
    ")",
    "(?:",
    ".",
    "+",
    "?",
    "{",
    "}",
    "]",
    "\\d",
    "\\",
    "\ud83d",
  ];
  const piece = fc.constantFrom(...simple, ...rest);
  const pattern = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(""));
  const text = fc
    .array(
      fc.constantFrom("a", "b", "😀", "é", ".", "|", "^", "-", "/", "\n", "\ud83d", "\ude00"),
      {
        maxLength: 6,
      },
    )
    .map((chars) => chars.join(""));
  let globs = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (pattern, texts) => {
      if (globsOf(pattern) !== undefined) globs++;
      const [quick, slow] = [compileRegex(pattern), compileEngine(pattern)];
      assert.equal(quick === undefined, slow === undefined);
      for (const text of texts) assert.equal(quick?.matches(text), slow?.matches(text), text);
    }),
    { seed, numRuns: 3000 },
  );
  assert.ok(globs > 300, `only ${globs} of the patterns were globs`);
});
