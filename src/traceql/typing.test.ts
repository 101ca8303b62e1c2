import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed, runs } from "../../test/support/oracle.ts";
import { anyQuery } from "../../test/support/traceql.ts";
import { fieldText } from "./expression-text.ts";
import { formatQuery } from "./format.ts";
import { type Typing, typingAt } from "./typing.ts";

/** What is typed in short: its kind, what it belongs to, and the prefix in brackets. */
function shown(typing: Typing): string {
  if (typing.kind === "none") return "none";
  const typed = `[${typing.prefix}]`;
  switch (typing.kind) {
    case "attribute":
      return `attribute of ${typing.ofParent ? "parent " : ""}${typing.scope} ${typed}`;
    case "intrinsic":
      return `intrinsic of ${typing.scope} ${typed}`;
    case "value":
      return `value for ${fieldText(typing.field)} ${typing.op} ${typed}`;
    case "operator":
      return `operator${typing.field ? ` after ${fieldText(typing.field)}` : ""} ${typed}`;
    default:
      return `${typing.kind} ${typed}`;
  }
}

/** `^` is the caret. */
function at(marked: string, strict = false): Typing {
  const caret = marked.indexOf("^");
  return typingAt(marked.slice(0, caret) + marked.slice(caret + 1), caret, { strict });
}

const cases: [marked: string, want: string][] = [
  ["^", "start []"],
  [" ^", "start []"],
  ["(^", "start []"],
  ["{^", "operand []"],
  ["{ ^ }", "operand []"],
  ["{ na^", "operand [na]"],
  ["{ na^me }", "operand [na]"],
  ["{ !^", "operand []"],
  ["{ (^", "operand []"],
  ["{ .a + ^", "operand []"],
  ["{ .a = 1 && ^ }", "operand []"],
  ["{ .a = 1 || st^", "operand [st]"],
  ["{ .^", "attribute of any []"],
  ["{ .fo^", "attribute of any [fo]"],
  ["{ span.^ }", "attribute of span []"],
  ["{ span.http.st^atus = 5 }", "attribute of span [http.st]"],
  ["{ resource.service.^", "attribute of resource [service.]"],
  ["{ parent.fo^", "attribute of parent any [fo]"],
  ["{ parent.resource.^", "attribute of parent resource []"],
  ['{ span."odd k^', "attribute of span [odd k]"],
  ['{ span."odd k^ey" = 1 }', "attribute of span [odd k]"],
  ['{ span."odd key"^ = 1 }', 'operator after span."odd key" []'],
  ["{ span:^", "intrinsic of span []"],
  ["{ span:sta^", "intrinsic of span [sta]"],
  ["{ trace:^ }", "intrinsic of trace []"],
  ["{ parent:^", "intrinsic of parent []"],
  ["{ .a ^", "operator after .a []"],
  ["{ duration ^ }", "operator after duration []"],
  ["{ span:status ^ }", "operator after status []"],
  ["{ .a n^", "operator after .a [n]"],
  ["{ (.a + 1) ^", "operator []"],
  ["{ .a = 1 ^", "operator []"],
  ["{ .a = ^", "value for .a = []"],
  ["{ .a =^", "value for .a = []"],
  ["{ .a = ^ && .b = 1 }", "value for .a = []"],
  ["{ status = err^", "value for status = [err]"],
  ["{ span:kind != ser^ }", "value for kind != [ser]"],
  ['{ resource.service.name = "^', "value for resource.service.name = []"],
  ['{ resource.service.name = "che^" }', "value for resource.service.name = [che]"],
  ['{ name =~ "GET^', "value for name =~ [GET]"],
  ["{ name =~ `GET^", "value for name =~ [GET]"],
  ['{ name = "GET"^', "operator []"],
  ["{ parent:name = ^", "value for parent:name = []"],
  ["{ .a > 12^", "value for .a > [12]"],
  ["{ duration > 1^0 }", "value for duration > [1]"],
  ["{ .a in (^", "value for .a in []"],
  ['{ .a in ("x", ^', "value for .a in []"],
  ['{ .a not in ("x", "y^', "value for .a not in [y]"],
  ['{ .a in ("x"^', "none"],
  ["{ 1 + 1 = ^", "operand []"],
  ["{ .a } ^", "connector []"],
  ["{ .a } un^", "connector [un]"],
  ["{ .a } && ^", "start []"],
  ["{ .a } unless ^", "start []"],
  ["({ .a }) ^", "connector []"],
  ["{ .a } | ^", "stage []"],
  ["{ .a } | cou^", "stage [cou]"],
  ["{ .a } | by(^", "operand []"],
  ["{ .a } | by(resource.^", "attribute of resource []"],
  ["{ .a } | by((^", "operand []"],
  ["{ .a } | by(.a ^", "operator after .a []"],
  ["{ .a } | by(.a) ^", "connector []"],
  ["{ .a } | avg(^) > 5", "operand []"],
  ["{ .a } | avg(duration) ^", "connector []"],
  ["{ .a } | count(^", "none"],
  ["{ .a } | count() > ^", "none"],
  ["{ .a } | count() > 5 ^", "connector []"],
  ["{ .a } | select(^", "operand []"],
  ["{ .a } | select(name, ^", "operand []"],
  ["{ .a } | select(name ^", "none"],
  ["{ .a } | sort(^", "operand []"],
  ["{ .a } | limit(^", "none"],
  ["{ .a } | rate() ^", "connector []"],
  ["{ .a } | rate() by (^", "operand []"],
  ["{ .a } | rate() by (name, .^", "attribute of any []"],
  ["{ .a } | rate() by (name ^", "none"],
  ["{ .a } | rate() | ^", "stage []"],
  ["{ .a } | max_over_time(^", "operand []"],
  ["{ .a } | quantile_over_time(duration, ^", "none"],
  ["{ .a } | compare(^", "start []"],
  ["{ .a } | compare({ ^", "operand []"],
  ["{ .a } with (^", "hint []"],
  ["{ .a } with (mo^", "hint [mo]"],
  ["{ .a } with (a = 1, ^", "hint []"],
  ["{ .a } with (a = ^", "none"],
  ["{ .a /* ^ */ = 1 }", "none"],
  ["{ .a = 1 } // ^", "none"],
  ["{ .a = 1 } // ^\n", "none"],
  ["{ .a = 1 } /* */^", "connector []"],
  ["{ .a /* ^", "none"],
  ["{ 'x^'", "none"],
  ['"x^"', "none"],
  ["1 + 1^", "none"],
];
for (const [marked, want] of cases) {
  test(`typing: ${marked}`, () => assert.equal(shown(at(marked)), want));
}

test("typing: the place is what a suggestion would replace", () => {
  const placed = (marked: string): string => {
    const typing = at(marked);
    const text = marked.replace("^", "");
    return typing.kind === "none" ? "" : text.slice(typing.from, typing.to);
  };
  assert.equal(placed("{ span.http.st^atus = 5 }"), "http.status");
  assert.equal(placed('{ span."odd k^ey" = 5 }'), '"odd key"');
  assert.equal(placed('{ name = "GE^T" }'), '"GET"');
  assert.equal(placed('{ name = "GE^ }'), '"GE');
  assert.equal(placed('{ span."odd k^ = 5 }'), '"odd k');
  assert.equal(placed("{ status = er^r }"), "err");
  assert.equal(placed("{ na^me }"), "name");
  assert.equal(placed("{ name = ^ }"), "");
});

const suggestions: [marked: string, words: string[], strict?: boolean][] = [
  ["{ status = ^", ["error", "ok", "unset"]],
  ["{ status = e^", ["error"]],
  ["{ kind = c^", ["client", "consumer"]],
  ["{ .a = ^", ["true", "false", "nil"]],
  ["{ .a > ^", ["true", "false"]],
  ["{ name = ^", []],
  ["{ parent:name = ^", ["nil"]],
  [
    "{ trace:^",
    ["id", "duration", "rootName", "rootService", "start", "end", "spanCount", "errorCount"],
  ],
  ["{ trace:^", ["id", "duration", "rootName", "rootService"], true],
  ["{ trace:root^", ["rootName", "rootService"]],
  ["{ status ^", ["=", "!=", "in (", "not in (", "&&", "||"]],
  ["{ status ^", ["=", "!=", "&&", "||"], true],
  ["{ .a = 1 ^", ["&&", "||", "+", "-", "*", "/", "%", "^"]],
  ["{ pa^", ["parent.", "parent:"]],
  ["{ pa^", [], true],
  ["{ } | rate() | ^", ["topk(", "bottomk("]],
  ["({ } | rate()) | ^", ["topk(", "bottomk("]],
  ["({ } | rate()) / ({ } | ra^", ["rate()"]],
  ["{ } | limit(3) | ^", ["limit(", "select("]],
  ["{ } | s^", ["select(", "sum(", "sort(", "sum_over_time("]],
  ["{ } | s^", ["select(", "sum(", "sum_over_time("], true],
  ["{ } u^", ["unless"]],
  ["{ } u^", [], true],
  ["{ } | avg(duration) ^", [">", ">=", "=", "!=", "<", "<="]],
];
for (const [marked, words, strict] of suggestions) {
  test(`typing: words for ${marked}${strict === true ? " strictly" : ""}`, () => {
    const typing = at(marked, strict);
    assert.deepEqual(typing.kind === "none" ? undefined : typing.words, words);
  });
}

test("typing: hostile text", () => {
  const units = [
    "(",
    "{",
    "{.a=",
    "by(",
    "x by(",
    "{.a in (",
    "span.",
    "span:",
    '"',
    "}",
    "|",
    "/*",
  ];
  for (const unit of units) {
    const text = unit.repeat(100_000 / unit.length);
    const typing = typingAt(text, text.length);
    assert.ok(typing.kind === "none" || typing.to === text.length, unit);
  }
});

test("typing: at any place of any query, and after any beginning", () => {
  const seed = printedSeed("typing");
  fc.assert(
    fc.property(anyQuery, fc.nat(), (query, number) => {
      const text = formatQuery(query);
      const caret = number % (text.length + 1);
      for (const typing of [typingAt(text, caret), typingAt(text.slice(0, caret), caret)]) {
        if (typing.kind === "none") continue;
        assert.ok(typing.from <= caret && caret <= typing.to, JSON.stringify(typing.kind));
      }
    }),
    { seed, numRuns: runs(1000) },
  );
});
