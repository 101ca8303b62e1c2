import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed, runs } from "../../test/support/oracle.ts";
import { anyQuery } from "../../test/support/traceql.ts";
import { formatExpression, formatQuery } from "./format.ts";
import { type LenientFilter, lenientFilter } from "./lenient.ts";

/** `a & b | c` for two alternatives, "all", or the message. */
function shown(filter: LenientFilter): string {
  if (filter.kind === "all") return "all";
  if (filter.kind === "refused") return filter.message;
  return filter.alternatives
    .map((conditions) => conditions.map((condition) => formatExpression(condition)).join(" & "))
    .join(" | ");
}

const cases: [text: string, want: string][] = [
  ["", "all"],
  ["  ", "all"],
  ["{", "all"],
  ["{}", "all"],
  ["{ }", "all"],
  ["nonsense", "all"],
  ["{ name = 5 }", "all"],
  ["{ false }", ""],
  ["{ .a = 1 }", ".a = 1"],
  // Conditions without a value.
  ["{ .a = 1 && name = }", ".a = 1"],
  ["{ .a = 1 && name =", ".a = 1"],
  ["{ .a = 1 && name", ".a = 1"],
  ["{ (span.a + duration) > 5 && name = }", "span.a + duration > 5"],
  ["{ name =~ } ", "all"],
  ["{ name = && .a = 1 }", ".a = 1"],
  ["{ (name = ) && .a = 1 }", ".a = 1"],
  ["{ name = || .a = 1 }", "all"],
  ['{ .a = 1 && name = "ab', ".a = 1"],
  ['{ .a = 1 && name = "ab }', ".a = 1"],
  ["{ status = err && .a = 1 }", ".a = 1"],
  ["{ .a = 1 && status = err", ".a = 1"],
  ["{ .a = 1 && span.", ".a = 1"],
  ["{ span. && .a = 1 }", ".a = 1"],
  ["{ span. = 5 && .a = 1 }", ".a = 1"],
  ['{ .a = 1 && span."odd k', ".a = 1"],
  ["{ .a = 1 && span: }", ".a = 1"],
  ["{ .a = 1 && span:sta", ".a = 1"],
  ["{ .a = 1 && na", ".a = 1"],
  ["{ na && .a = 1", ".a = 1"],
  ["{ .a = 1 && }", ".a = 1"],
  ["{ .a = 1 &&", ".a = 1"],
  ["{ && .a = 1 }", ".a = 1"],
  ["{ .a = 1 || }", "all"],
  ["{ .a = 1 && !", "all"],
  ["{ .a in (1, 2) && .b in (3 }", ".a in (1, 2)"],
  ["{ .b in ( && .a = 1 }", ".a = 1"],
  ["{ .b not && .a = 1 }", ".a = 1"],
  ["{ .b not in && .a = 1 }", ".a = 1"],
  ["{ .b in (1, && .a = 1 }", ".a = 1"],
  ["{ .b in (-1, 2s) && .a = }", ".b in (-1, 2s)"],
  // Brackets.
  ["{ .a = 1", ".a = 1"],
  ["{ (.a = 1 && (.b = 2", ".a = 1 & .b = 2"],
  ["{ (.a = 1 }", ".a = 1"],
  ["{ .a = 1 }}", ".a = 1"],
  ["{ .a = 1) }", ".a = 1"],
  ["({ .a = 1 && .b = }", ".a = 1"],
  // Alternatives.
  ["{ .a = 1 || .b = 2 }", ".a = 1 | .b = 2"],
  ["{ (.a = 1 || .b = 2) && .c = 3 }", ".a = 1 & .c = 3 | .b = 2 & .c = 3"],
  ["{ (.a || .b) && (.c || .d) }", ".a & .c | .a & .d | .b & .c | .b & .d"],
  ["{ (.a = 1 || true) && .c = 3 }", ".c = 3"],
  ["{ .a = 1 || false }", ".a = 1"],
  ["{ !(.a = 1 || .b = 2) }", "!(.a = 1 || .b = 2)"],
  // More than one spanset: the spans that come out.
  ["{ .a } | { .b }", ".a & .b"],
  ["{ .a } && { .b }", ".a | .b"],
  ["{ .a } && { }", "all"],
  ["{ .a } >> { .b && .c = }", ".b"],
  ["{ .a } !> { .b }", ".b"],
  ["{ .a } &> { .b }", ".a | .b"],
  ["{ .a } unless { .b }", ".a"],
  ["{ .a } && ", ".a"],
  ["({ .a } | count() > 2) && ({ .b })", ".a | .b"],
  // What comes after a pipe counts as far as it is whole.
  ["{ .a && .b = } | by(name) | count() > 1", ".a"],
  ["{ .a } | cou", ".a"],
  ["{ .a } | rate() by (", ".a"],
  ["{ .a && .b = | rate()", ".a"],
  ["{ .a } | rate()", ".a"],
  ["({ .a } | rate()) / ({ .b } | rate())", ".a | .b"],
];
for (const [text, want] of cases) {
  test(`lenient: ${text}`, () => assert.equal(shown(lenientFilter(text)), want));
}

const refusal =
  "maximum condition groups reached (limit: 100). Reduce the number of OR conditions in the query";
const some = (count: number): string =>
  `(${Array.from({ length: count }, (_, i) => `.a = ${i}`).join(" || ")})`;

test("lenient: a hundred alternatives and no more", () => {
  const count = (text: string): number => {
    const filter = lenientFilter(text);
    assert.equal(filter.kind, "filter");
    return filter.kind === "filter" ? filter.alternatives.length : 0;
  };
  assert.equal(count(`{ ${some(100)} }`), 100);
  assert.equal(shown(lenientFilter(`{ ${some(101)} }`)), refusal);
  assert.equal(count(`{ ${some(10)} && ${some(10)} }`), 100);
  assert.equal(shown(lenientFilter(`{ ${some(10)} && ${some(11)} }`)), refusal);
  const many = Array.from({ length: 2000 }, () => some(2)).join(" && ");
  assert.equal(shown(lenientFilter(`{ ${many} }`)), refusal);
  assert.equal(shown(lenientFilter(`{ ${some(101)} || true }`)), "all");
});

test("lenient: hostile text", () => {
  const units = [
    "(",
    "{",
    ")",
    "}",
    "{.a=",
    ".a=",
    "{.a in (",
    "{span.",
    "{(",
    "&&",
    "{.a||",
    "|{",
  ];
  for (const unit of units) {
    const { kind } = lenientFilter(unit.repeat(100_000 / unit.length));
    assert.ok(["all", "filter", "refused"].includes(kind), unit);
  }
});

test("lenient: any beginning of any query is answered", () => {
  const seed = printedSeed("lenient");
  fc.assert(
    fc.property(anyQuery, fc.nat(), (query, cut) => {
      const text = formatQuery(query);
      const { kind } = lenientFilter(text.slice(0, cut % (text.length + 1)));
      assert.ok(["all", "filter", "refused"].includes(kind));
    }),
    { seed, numRuns: runs(1000) },
  );
});
