import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed, runs } from "../../test/support/oracle.ts";
import { withoutPlaces } from "../../test/support/traceql.ts";
import type { FieldExpr, Query, SpansetExpr } from "./ast.ts";
import { checkQuery } from "./check.ts";
import { expressionText, filterText } from "./expression-text.ts";
import { formatQuery } from "./format.ts";
import { parseQuery } from "./parse.ts";
import { tempoErrorText } from "./problem.ts";

function parsed(text: string): Query {
  const { query, problems } = parseQuery(text);
  assert.deepEqual(problems, [], text);
  return query!;
}

function spanset(text: string): SpansetExpr {
  const query = parsed(text);
  assert.equal(query.kind, "search");
  return (query as Query & { kind: "search" }).pipeline.stages[0] as SpansetExpr;
}

function condition(text: string): FieldExpr {
  const filter = spanset(`{ ${text} }`);
  assert.equal(filter.kind, "filter");
  return (filter as SpansetExpr & { kind: "filter" }).condition;
}

/** How an expression is grouped: everything that is no name or literal is in brackets. */
const groupings: [text: string, want: string][] = [
  [".a || .b && .c", "(.a || .b) && .c"],
  [".a && .b || .c && .d", "((.a && .b) || .c) && .d"],
  [".a = .b = .c", "(.a = .b) = .c"],
  [".a && .b = .c", ".a && (.b = .c)"],
  ["-.a * .b", "-(.a * .b)"],
  ["-.a + .b", "(-.a) + .b"],
  ["-.a = .b", "(-.a) = .b"],
  ["-.a ^ .b", "-(.a ^ .b)"],
  ["!.a = .b", "(!.a) = .b"],
  ["!.a + .b", "(!.a) + .b"],
  ["!.a * .b", "!(.a * .b)"],
  [".a * -.b + .c", "(.a * (-.b)) + .c"],
  [".a * -.b * .c", ".a * (-(.b * .c))"],
  [".a - .b - .c", "(.a - .b) - .c"],
  [".a ^ .b ^ .c", ".a ^ (.b ^ .c)"],
  [".a + .b * .c ^ .d", ".a + (.b * (.c ^ .d))"],
  [".a % .b / .c", "(.a % .b) / .c"],
  [".c - -.a + .b", "(.c - (-.a)) + .b"],
  [".a = !(.b && .c)", ".a = (!(.b && .c))"],
  ['.a =~ "x" = true', "(.a =~ `x`) = true"],
  [".a = nil = .b", "(.a = nil) = .b"],
  ["nil = .a + .b", "(.a + .b) = nil"],
  ["nil != .a && .b", "(.a != nil) && .b"],
  ["!nil = .a", "!(.a = nil)"],
  [".a + .b != nil", "(.a + .b) != nil"],
  [".a in (1, -2, 5s) && .b", "(.a in (1, -2, 5s)) && .b"],
  [".a + .b not in (1)", "(.a + .b) not in (1)"],
  [".a = .b in (true)", "(.a = .b) in (true)"],
  // Sums of literals are done at once, but only where two of them meet.
  ["1 + 2 * 3 = .a", "7 = .a"],
  [".a + 1 + 2 = 3", "((.a + 1) + 2) = 3"],
  ["-5 + .a", "-5 + .a"],
  ["2 ^ 3 = .a", "8 = .a"],
  ["7 / 2 = .a", "3 = .a"],
  ["7 / 2.0 = .a", "3.5 = .a"],
  ["1 / 0 = .a", "(1 / 0) = .a"],
  ["1 % 0 = .a", "(1 % 0) = .a"],
  ["1.0 / 0 = .a", "(1 / 0) = .a"],
  ["1ms = 1000us", "true"],
  ["1s + 1s = 2s", "true"],
  ['"abc" =~ "a.*" && !false', "(`abc` =~ `a.*`) && true"],
  ["1 in (1, 2)", "true"],
  ["1 not in (1, 2)", "false"],
  ["nil = nil", "false"],
  ["nil != nil", "false"],
  ["5 = nil", "false"],
  ["5 != nil", "true"],
  ["minInt = .a", "-9223372036854775808 = .a"],
  ["maxInt = .a", "9223372036854775807 = .a"],
  // What has wrong types is for the checker to find.
  ["true > false", "true > false"],
  ['1 = "a"', "1 = `a`"],
  // Forms of literals.
  ['trace:id = "00af31"', "trace:id = `af31`"],
  ['"00af31" != trace:id', "`af31` != trace:id"],
  ['trace:id in ("0a", "b")', "trace:id in (`a`, `b`)"],
  ['link:traceID = "00af31"', "link:traceID = `00af31`"],
  ['span:start > "2023-11-14T22:13:20Z"', "span:start > 1700000000000000000"],
  ['"2023-11-14T22:13:20Z" <= parent:end', "1700000000000000000 <= parent:end"],
  ['span:start > "yesterday"', "span:start > `yesterday`"],
  ['"tab\\t\\x41\\102\\u00e9\\U0001F600\\xe2\\x82\\xac" = .a', "`tab\tABé😀€` = .a"],
  ["`raw \\d\nline` = .a", "`raw \\d\nline` = .a"],
  ["1d2h = .a", "26h0m0s = .a"],
  [".5 = 1.", "false"],
  ["1e3 = 1000", "true"],
  // Names.
  ["span:duration > traceDuration", "duration > traceDuration"],
  ["trace:rootService = rootServiceName", "rootServiceName = rootServiceName"],
  ["span: /* here */ name = .name", "name = .name"],
  [".a-b/c+d = 1", ".a-b/c+d = 1"],
  ['span.foo."bar baz".x', 'span."foo.bar baz.x"'],
  ['span."say \\"hi\\" \\\\"', 'span."say \\"hi\\" \\\\"'],
  ['span.""', 'span.""'],
  ['."3rd"', '."3rd"'],
  ["span.3rd", "span.3rd"],
  ["span.resource.x", "span.resource.x"],
  ["parent.span.x = parent.resource.x", "parent.span.x = parent.resource.x"],
  ["parent.event.x", "parent.event.x"],
  ['parent."span.x"', 'parent."span.x"'],
  ["span.a.b.", "span.a.b."],
  ["span.😀", "span.😀"],
  ["parent:duration > parent", "parent:duration > parent"],
  [".duration != .in", ".duration != .in"],
];
for (const [text, want] of groupings) {
  test(`parse: { ${text} }`, () => assert.equal(expressionText(condition(text)), want));
}

test("parse: chains are flat", () => {
  const flat = condition("(.a || .b) || (.c || .d || (.e))");
  assert.equal(flat.kind === "logic" && flat.operands.length, 5);
  const spans = spanset("({ .a } && { .b }) && ({ .c } && { .d })");
  assert.equal(spans.kind === "spansetLogic" && spans.operands.length, 4);
});

const relationSigns = { child: ">", descendant: ">>", parent: "<", ancestor: "<<", sibling: "~" };
const formSigns = { plain: "", negated: "!", union: "&" };

function grouped(expr: SpansetExpr): string {
  switch (expr.kind) {
    case "filter":
      return filterText(expr).replaceAll(" ", "");
    case "pipeline":
      return `pipeline of ${expr.stages.length}`;
    case "spansetLogic":
      return `(${expr.operands.map(grouped).join(` ${expr.op} `)})`;
    case "unless":
      return `(${grouped(expr.left)} unless ${grouped(expr.right)})`;
    case "structural": {
      const sign = formSigns[expr.form] + relationSigns[expr.relation];
      return `(${grouped(expr.left)} ${sign} ${grouped(expr.right)})`;
    }
  }
}

const spansetGroupings: [text: string, want: string][] = [
  ["{.a} && {.b} >> {.c}", "({.a} && ({.b} >> {.c}))"],
  ["{.a} >> {.b} ~ {.c}", "(({.a} >> {.b}) ~ {.c})"],
  ["{.a} >> {.b} && {.c}", "(({.a} >> {.b}) && {.c})"],
  ["{.a} || {.b} && {.c}", "(({.a} || {.b}) && {.c})"],
  ["{.a} !>> {.b} &< {.c} !~ {.d}", "((({.a} !>> {.b}) &< {.c}) !~ {.d})"],
  ["({.a} > {.b}) &<< ({.c} !<< {.d})", "(({.a} > {.b}) &<< ({.c} !<< {.d}))"],
  ["{.a} && {.b} unless {.c} >> {.d}", "(({.a} && {.b}) unless ({.c} >> {.d}))"],
  ["{.a} unless {.b} unless {.c}", "(({.a} unless {.b}) unless {.c})"],
  ["({.a} | count() > 2) && ({.b})", "(pipeline of 2 && {.b})"],
  ["({.a}) && ({.b} | count() > 2)", "({.a} && pipeline of 2)"],
  ["(({.a} | by(name)) && ({.b})) >> ({.c})", "((pipeline of 2 && {.b}) >> {.c})"],
  ["(count() > 1) || (by(name))", "(pipeline of 1 || pipeline of 1)"],
  ["((({.a})))", "{.a}"],
];
for (const [text, want] of spansetGroupings) {
  test(`parse: ${text}`, () => assert.equal(grouped(spanset(text)), want));
}

/** Two spellings of one query. */
const same: [text: string, other: string][] = [
  ["{}", "{ true }"],
  ["{ /* all */ } // of them", "{}"],
  ["({ .a } | count() > 1) | select(name)", "{ .a } | count() > 1 | select(name)"],
  ["{ } | limit(3) | select(name)", "{ } | select(name) | limit(3)"],
  ["{ } | sort(duration asc)", "{ } | sort(span:duration)"],
  ["({ } | rate() > 2) > 1", "{ } | rate() > 2 > 1"],
  ["({ } | rate()) | topk(2)", "{ } | rate() | topk(2)"],
  ["{ } | count() >= -(2 + 3)", "{ } | count() >= -5"],
  ["{ } | sum(span.bytes) > 10 * 1024", "{ } | sum(span.bytes) > 10240"],
  ["{ } | compare({ }, 10)", "{ } | compare({ })"],
  ["{ } with (a = 1) with (b = 2)", "{ } with (b = 2)"],
  ["1 - 2 - ({ } | rate()) * 2", "-1 - (({ } | rate()) * 2)"],
];
for (const [text, other] of same) {
  test(`parse: ${text} is ${other}`, () => {
    assert.deepEqual(withoutPlaces(parsed(text)), withoutPlaces(parsed(other)));
  });
}

/** Problems, at line:column. */
const refused: [text: string, place: string, message: string][] = [
  ["", "", "syntax error: unexpected $end"],
  [" ", "1:2", "syntax error: unexpected $end"],
  ["{", "1:2", "syntax error: unexpected $end"],
  ["{\n", "2:1", "syntax error: unexpected $end"],
  ["{ .a } | { .b", "1:14", "syntax error: unexpected $end"],
  ["{ .a | .b }", "1:6", "syntax error: unexpected |"],
  ["({ .a } | { .b }", "1:17", "syntax error: unexpected $end, expecting ) or |"],
  ["{ true } &&", "1:12", "syntax error: unexpected $end, expecting { or ("],
  ["count(", "1:7", "syntax error: unexpected $end, expecting )"],
  ["count(avg)", "1:7", "syntax error: unexpected avg, expecting )"],
  ["count(.thing)", "1:7", "syntax error: unexpected ., expecting )"],
  ["by(.a) && { .b }", "1:8", "syntax error: unexpected &&"],
  ["by()", "1:4", "syntax error: unexpected )"],
  ["coalesce()", "1:1", "syntax error: unexpected coalesce"],
  ["wharblgarbl", "1:1", "syntax error: unexpected IDENTIFIER"],
  ["{ 2 <> 3}", "1:6", "syntax error: unexpected >"],
  ["{ 2 = .b ", "1:10", "syntax error: unexpected $end"],
  ["{ + }", "1:3", "syntax error: unexpected +"],
  ["{ 'x' = .a }", "1:3", "unknown identifier: 'x'"],
  ["{ foo = 1 }", "1:3", "unknown identifier: foo"],
  ["{ childCount = 1 }", "1:3", "unknown identifier: childCount"],
  ['{ "😀" = 😀 }', "1:9", 'syntax error: unexpected "😀"'],
  ['{ span."bad \\n escape" = 1 }', "1:3", "invalid escape sequence"],
  ['{ span."open = 1 }', "1:3", 'unexpected EOF, expecting "'],
  ['{ .a = "open }', "1:8", "literal not terminated"],
  ['{ .a = "open\n" }', "1:8", "literal not terminated"],
  ["{ .a = `open }", "1:8", "literal not terminated"],
  ['{ .a = "\\q" }', "1:8", "invalid char escape"],
  ['{ .a = "\\ud800" }', "1:8", "invalid char escape"],
  ['{ .a = "\\777" }', "1:8", "invalid char escape"],
  ["{ .a /* open }", "1:6", "comment not terminated"],
  ["{ duration > 1.5d }", "1:14", "invalid number or duration: 1.5d"],
  ["{ .a = 1e999 }", "1:8", "float out of range: 1e999"],
  ["{ .a = 9223372036854775808 }", "1:8", "int out of range: 9223372036854775808"],
  ["{ } | sum(.b) > 1s + 1", "1:17", "duration cannot be used in scalar arithmetic"],
  ["({ } | rate()) + 5s", "1:18", "duration cannot be used in scalar arithmetic"],
  ["{ } | count() > 1 / 0", "1:17", "division by zero"],
  ["{ .a } && ({ .b } | count() > 1)", "1:1", "syntax error: unexpected {, expecting ("],
  ["1 > 2", "1:6", "syntax error: unexpected $end"],
  ["count() > 1 > 2", "1:13", "syntax error: unexpected >"],
  ["count() > 5 % 3", "1:16", "syntax error: unexpected $end"],
  ["(({ .a } | count()) > 3)", "1:24", "syntax error: unexpected )"],
  ["((({ } | rate()) / ({ } | rate())) > 1) * 2", "1:36", "syntax error: unexpected >"],
  ["{ } | ({ .a } | count() > 1)", "1:7", "syntax error: unexpected ("],
  ["{ } with (name = 1)", "1:11", "syntax error: unexpected name, expecting IDENTIFIER"],
  ["{ } with (a = -1)", "1:15", "syntax error: unexpected -"],
  ["{ .a in () }", "1:10", "syntax error: unexpected )"],
  ["{ .a in (.b) }", "1:10", "syntax error: unexpected ."],
  ["{ .a not 5 }", "1:10", "syntax error: unexpected INTEGER, expecting in"],
  ["{ parent:id2 = 1 }", "1:10", "syntax error: unexpected IDENTIFIER"],
  ["{ } | limit(3) | count() > 1", "1:18", "after sort() and limit() there can be select() only"],
  ["{ } | limit(3) | sort(name)", "1:18", "there can be one sort(), before limit()"],
  ["{ } | limit(-3)", "1:13", "syntax error: unexpected -, expecting INTEGER"],
  [
    "({ } | limit(3)) && ({ })",
    "1:8",
    "limit() is about all traces found, so it cannot be within brackets",
  ],
  ["{ } | sort(name) | rate()", "1:20", "after sort() and limit() there can be select() only"],
];
for (const [text, place, message] of refused) {
  test(`parse refuses: ${text}`, () => {
    const { problems } = parseQuery(text);
    assert.equal(problems.length, 1, "accepted");
    const [line, column] = place.split(":");
    const where = place === "" ? " " : ` at line ${line}, col ${column}`;
    assert.equal(tempoErrorText(text, problems[0]), `parse error${where}: ${message}`);
  });
}

test("parse: a problem has a place", () => {
  assert.deepEqual(parseQuery("{ .a = 'abc' }").problems, [
    { kind: "syntax", message: "unknown identifier: 'abc'", from: 7, to: 12 },
  ]);
});

test("parse: nodes have places", () => {
  const text = '{ span."odd key" = 1 && .b } | avg(duration) > 2s | limit(3)';
  const at = (node: { from: number; to: number }): string => text.slice(node.from, node.to);
  const query = parsed(text) as Query & { kind: "search" };
  const [filter, scalar] = query.pipeline.stages;
  assert.ok(filter?.kind === "filter" && filter.condition.kind === "logic");
  assert.ok(scalar?.kind === "scalarFilter" && scalar.left.kind === "aggregate");
  assert.equal(at(filter), '{ span."odd key" = 1 && .b }');
  assert.equal(at(filter.condition), 'span."odd key" = 1 && .b');
  assert.deepEqual(filter.condition.operands.map(at), ['span."odd key" = 1', ".b"]);
  assert.equal(at(scalar), "avg(duration) > 2s");
  assert.equal(at(scalar.left.argument!), "duration");
  assert.equal(at(query.limit!), "limit(3)");
  assert.equal(at(query), text);
});

/** Each is answered, in some way or other, without a crash; sizes are what a request may have. */
const hostile: [name: string, text: string, isAccepted: boolean][] = [
  ["brackets without end", "(".repeat(100_000), false],
  ["nested brackets", `{ ${"(".repeat(60_000)}.a${")".repeat(60_000)} }`, false],
  ["brackets as deep as can be", `{ ${"(".repeat(250)}.a${")".repeat(250)} }`, true],
  ["signs", `{ ${"-".repeat(100_000)}.a }`, false],
  ["negations", `{ ${"!".repeat(100_000)}.a }`, false],
  ["constants", `count() > ${"(".repeat(60_000)}`, false],
  ["signs of constants", `count() > ${"-".repeat(100_000)}1`, false],
  ["powers", `{ ${".a ^ ".repeat(20_000)}.a }`, false],
  ["sums", `{ ${".a + ".repeat(20_000)}.a }`, false],
  ["a long sum of literals", `{ ${"1 + ".repeat(30_000)}1 = .a }`, true],
  ["comparisons", `{ ${".a = ".repeat(20_000)}.a }`, false],
  ["alternation of && and ||", `{ ${".a&&.a||".repeat(14_000)}.a }`, false],
  ["structure", `${"{}>>".repeat(30_000)}{}`, false],
  ["pipelines in pipelines", `${"(".repeat(30_000)}{}${"|by(.a))".repeat(10_000)}`, false],
  ["maths", `${"({}|rate())+".repeat(10_000)}1`, false],
  ["10,000 alternatives", `{ ${alternatives((i) => `.a="v${i}"`).join("||")} }`, true],
  ["10,000 spansets", alternatives((i) => `{.a=${i}}`).join("||"), true],
  ["10,000 stages", alternatives(() => `{.a}`).join("|"), true],
  ["10,000 values", `{ .a in (${alternatives((i) => `"v${i}"`).join(",")}) }`, true],
  ["10,000 hints", `{} with (${alternatives((i) => `h${i}=1`).join(",")})`, true],
  ["a long text", `{ .a = "${"x".repeat(131_000)}" }`, true],
  ["a long escaped text", `{ .a = "${"\\x41".repeat(32_000)}" }`, true],
  ["a long name", `{ .${"x".repeat(131_000)} }`, true],
  ["a long quoted name", `{ ."${'\\"'.repeat(65_000)}" }`, true],
  ["a long number", `{ .a = ${"9".repeat(131_000)} }`, false],
  ["a long duration", `{ .a = ${"1s".repeat(60_000)} }`, true],
  ["a long comment", `{} //${"/".repeat(131_000)}`, true],
  ["comments without end", "/*".repeat(65_000), false],
  ["a megabyte", `{ .a = "${"x".repeat(1_000_000)}" }`, false],
  ["a megabyte of brackets", "{".repeat(1_000_000), false],
  ["just too many bytes", `{ .a = "${"é".repeat(65_600)}" }`, false],
];

function alternatives(of: (i: number) => string): string[] {
  return Array.from({ length: 10_000 }, (_, i) => of(i));
}

for (const [name, text, isAccepted] of hostile) {
  test(`parse: ${name}`, () => {
    const { query, problems } = parseQuery(text);
    assert.equal(query !== undefined, isAccepted, problems[0]?.message);
    if (query === undefined) return;
    checkQuery(query);
    // With its spaces, the canonical text may be too long.
    const canonical = formatQuery(query);
    if (canonical.length < 130_000) assert.deepEqual(parseQuery(canonical).problems, []);
  });
}

const shreds = (
  "{ } ( ) | || && > >> !~ = != =~ - ! , ^ .a span.b parent.c span: parent: name duration nil " +
  'true ok 1 1.5 1s "x" `y` " ` \' /* // \\ é \ud83d \0 count() avg( by( select( rate() topk(1) ' +
  "with( in( not unless sort( limit(1) compare( quantile_over_time(duration, desc"
).split(" ");

test("parse: any text is a query or has a problem within the text", () => {
  const seed = printedSeed("parse is total");
  const shredded = fc
    .array(fc.constantFrom(" ", "\n", ...shreds), { maxLength: 20 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(shredded, fc.string({ unit: "binary" })), (text) => {
      const { query, problems } = parseQuery(text);
      assert.equal(query === undefined, problems.length === 1);
      if (query !== undefined) checkQuery(query);
      for (const { message, from, to } of problems) {
        assert.notEqual(message, "");
        assert.ok(0 <= from && from <= to && to <= text.length, `${from} to ${to}`);
      }
    }),
    { seed, numRuns: runs(5000) },
  );
});
