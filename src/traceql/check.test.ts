/** Queries that Tempo accepts, and such that its parser or its validator refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutPlaces } from "../../test/support/traceql.ts";
import { type LanguageOptions, readQuery } from "./check.ts";
import { formatQuery } from "./format.ts";
import { parseQuery } from "./parse.ts";
import { tempoErrorText } from "./problem.ts";

const accepted = [
  "{}",
  "{ } // comment",
  "{ .cache.hit }",
  "{ /* c */ true }",
  '{ resource.service.name = "checkout" && span.http.response.status_code >= 500 }',
  "{ .queue-name/partition+key = 7 }",
  '{ span."weird key, (really)" = "x" }',
  '{ span.foo."bar baz".qux != nil }',
  '{ span."say \\"hi\\" \\\\ bye" = 1 }',
  "{ nil = span.missing }",
  "{ nil = nil }",
  "{ trace:duration > 1.5s || traceDuration > 90s }",
  "{ duration >= 1m30s && duration < 1d2h }",
  "{ name =~ `GET /items/\\d+` }",
  '{ statusMessage !~ "(?i)timeout.*" }',
  '{ trace:id = "00af31" }',
  '{ span:parentID = "00000000000000a1" }',
  "{ span:childCount > 10 }",
  "{ nestedSetParent < 0 }",
  '{ event:name = "exception" && event.exception.type =~ ".*Timeout" }',
  "{ event:timeSinceStart > 250ms }",
  '{ link:traceID != "" && link.reason = "retry" }',
  '{ instrumentation:name = "otelhttp" && instrumentation.flavor = "x" }',
  "{ (span.bytes.in + span.bytes.out) / 1024 > 64.5 }",
  "{ -span.delta < -5 }",
  "{ !(status = ok) }",
  "{ span.seq = maxInt }",
  '{ span.3rd = "party" }',
  '{ ."3rd" = "party" }',
  '{ span.resource.name = "a span attribute" }',
  "{ span.payload.size > duration }",
  "{ 1ms = 1000us }",
  '{ .a =~ "x" = true }',
  "{ duration > 100 }",
  "{ .a = status }",
  "{ span.a.b. = 1 }",
  "{ event:name != nil }",
  '{ status = error } >> { span.db.system = "postgresql" }',
  "{ kind = client } > { kind = server }",
  "{ status = error } << { nestedSetParent < 0 }",
  '{ .step = "a" } ~ { .step = "b" }',
  "{ .retry } !>> { .final }",
  "{ .a } &> { .b } &~ { .c }",
  "({ .a } && { .b }) || { .c }",
  "{.a} && {.b} >> {.c}",
  "({ .a } | count() > 2) && ({ .b } | avg(duration) > 1s)",
  "({ .a } | by(name)) && ({ .b })",
  "{ status = error } | by(resource.service.name) | count() > 1 | coalesce()",
  "by(span.tenant)",
  "count() > 20",
  "{ } | by(duration > 1s)",
  "{ } | sum(span.bytes) > 10 * 1024",
  "{ } | count() >= -(2 + 3)",
  "{ } | count() > 3 | count() < 10",
  "{ } | avg(.a + .b) > 1",
  "{ } | count() > 1s",
  `({ .a && true } &>> { .b }) || ({ .a && true })
    | select(status, nestedSetLeft, nestedSetRight, nestedSetParent)`,
  "{ } with (most_recent = true)",
  '{ } with (never_heard_of_it = "x")',
  '{ status = error } | rate() by (resource.service.name, span."odd key")',
  "{ } | count_over_time() by (name) with (exemplars = 5)",
  "{ } | quantile_over_time(duration, .5, 0.9, 1) by (name)",
  "{ } | avg_over_time(duration) by (name) > 250ms | topk(3)",
  "{ } | rate() by (name) | topk(10) | bottomk(2)",
  "{ kind = server } | compare({ status = error })",
  "{ } | rate() = 1 != 2",
  "{ } | compare({ duration > 1s }, 20, 1700000000000000000, 1700003600000000000)",
  "({ status = error } | rate()) / ({ } | rate()) * 100",
  "1 - ({ .a } | rate()) / ({ } | rate())",
  "({ .a } | rate() > 2) / ({ } | rate()) > 0.5",
  "({ } | rate()) with (sample = true)",
  "{ .a } | by(name) | rate()",
  "{ } | min_over_time(name)",
];
for (const text of accepted) {
  test(`accepted: ${text}`, () => {
    const { query, problems } = readQuery(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(readQuery(text, { strict: true }).problems, []);
    assert.deepEqual(withoutPlaces(readQuery(formatQuery(query!)).query), withoutPlaces(query));
  });
}

const refusedByParser = [
  "",
  "{",
  "{ span. }",
  "{ . a = 1 }",
  "{ foo = 1 }",
  "{ 'x' = .a }",
  "{ span.a == 1 }",
  "{ span.a <> 1 }",
  "{ span.a & span.b }",
  '{ span.a in ["x"] }',
  '{ "unterminated = .a }',
  '{ span."bad \\n escape" = 1 }',
  "{ duration > 1.5d }",
  "{ duration > 5 ms }",
  "{ 0x1F = .a }",
  "{ 1_000 = .a }",
  "{ 99999999999999999999 = .a }",
  '{ trace:name = "x" }',
  '{ span:rootName = "x" }',
  '{ id = "x" }',
  "{ .1abc = 1 }",
  "{ nil }",
  "{ .a > nil }",
  "{ .a } + { .b }",
  "{ .a } !& { .b }",
  "{ .a } | count()",
  "{ .a } | count(duration) > 1",
  "coalesce() | { .a }",
  "{ .a } | by(name, kind)",
  "{ .a } | select(name + 1)",
  "{ .a } | by()",
  "({ .a } | count() = 0) && { .b }",
  '{ } | count() > "x"',
  "{ } | sum(.b) > 1s + 1",
  "{ .a } | rate(duration)",
  "{ .a } | rate() by (duration > 1s)",
  "{ .a } | rate() | { .b }",
  "{ .a } | topk(5)",
  "{ .a } | rate() | topk(-1)",
  "{ .a } | quantile_over_time(duration, -0.1)",
  "{ .a } | sum_over_time(duration * 2)",
  "{ .a } | compare(status = error)",
  "{ } | rate() * 2",
  "({ } | rate()) % ({ } | rate())",
  "({ } | rate()) + 5s",
  "({ } | rate() with (sample = true))",
  "{ } with (sample)",
  "with (sample = true) { }",
  "{ count() > 1 }",
  "{ .a = 1 | .b = 2 }",
  "{ .a , .b }",
  'span:name = "x"',
];
for (const text of refusedByParser) {
  test(`refused by the parser: ${text}`, () => {
    assert.equal(parseQuery(text).query, undefined);
  });
}

/** Parsed, and refused by the checker: the message. */
const refusedByChecker: [text: string, message: string][] = [
  ['{ "x" }', "span filter field expressions must resolve to a boolean: { `x` }"],
  ["{ 3 }", "span filter field expressions must resolve to a boolean: { 3 }"],
  ["{ duration }", "span filter field expressions must resolve to a boolean: { duration }"],
  ["{ 1 + 1 }", "span filter field expressions must resolve to a boolean: { 2 }"],
  ["{ name = 5 }", "binary operations must operate on the same type: name = 5"],
  ['{ duration = "1s" }', "binary operations must operate on the same type: duration = `1s`"],
  ['{ status = "error" }', "binary operations must operate on the same type: status = `error`"],
  ["{ status = 2 }", "binary operations must operate on the same type: status = 2"],
  ["{ status > ok }", "illegal operation for the given types: status > ok"],
  ['{ kind =~ "server" }', "binary operations must operate on the same type: kind =~ `server`"],
  ["{ true > false }", "illegal operation for the given types: true > false"],
  ['{ name + "x" = "y" }', "illegal operation for the given types: name + `x`"],
  ["{ !duration }", "illegal operation for the given type: !duration"],
  ["{ -name = 3 }", "illegal operation for the given type: -name"],
  ["{ .a =~ .b }", "invalid type for =~ or !~: .b"],
  ["{ .a =~ 5 }", "illegal operation for the given types: .a =~ 5"],
  ['{ name =~ "(" }', "invalid regex: `(`"],
  ["{ name = nil }", "name=nil is not valid because intrinsics cannot be nil"],
  [
    "{ resource.service.name = nil }",
    "resource.service.name=nil is not valid because resource.service.name cannot be nil",
  ],
  ["{ parent = nil }", "intrinsic (parent) not yet supported"],
  ["{ } | by(1)", "grouping field expressions must reference the span: by(1)"],
  ["{ } | by(3 > 2)", "grouping field expressions must reference the span: by(true)"],
  ["{ } | sum(name) > 1", "aggregate field expressions must resolve to a number type: sum(name)"],
  ["{ } | max(1) > 0", "aggregate field expressions must reference the span: max(1)"],
  ["2 < count()", "scalar filter lhs of type (%v) not yet supported"],
  ["count() > count()", "scalar filter rhs of type (%v) not yet supported"],
  ["{ } | max(duration) - min(duration) > 1s", "scalar filter lhs of type (%v) not yet supported"],
  ["({ .a } | count()) > ({ .b } | count())", "scalar filter lhs of type (%v) not yet supported"],
  [
    "{ } | rate() by (name, kind, status, duration, statusMessage, rootName)",
    "metrics group by 6 values not yet supported",
  ],
  ["{ } | quantile_over_time(duration, 1.5)", "quantile must be between 0 and 1: 1.5"],
  ["{ } | rate() | topk(0)", "limit must be greater than 0"],
  [
    "{ } | compare({ status = error }, 1001)",
    "compare() top number of values must be an integer between 1 and 1000",
  ],
  [
    "({ } | compare({ status = error })) + 1",
    "`compare()` cannot be used with second stage functions",
  ],
  ["{ .a && 5 }", "illegal operation for the given types: .a && 5"],
  ["{ name && .a }", "illegal operation for the given types: name && .a"],
  ["{ .a || .b && name = 5 }", "binary operations must operate on the same type: name = 5"],
  ["{ .a && .b && 1 }", "binary operations must operate on the same type: (.a && .b) && 1"],
  ["{ duration && .a }", "illegal operation for the given types: duration && .a"],
  ["{ 1 + true = 2 }", "binary operations must operate on the same type: 1 + true"],
  ['{ .a = 1 && "x" || .b }', "binary operations must operate on the same type: (.a = 1) && `x`"],
  ["{ -true }", "illegal operation for the given type: -true"],
  ["{ !5 }", "illegal operation for the given type: !5"],
  ["{ (.a + 1) }", "span filter field expressions must resolve to a boolean: { .a + 1 }"],
  ["{ name in (1) }", "binary operations must operate on the same type: name in (1)"],
  ["{ status in (ok, 5) }", "binary operations must operate on the same type: status in (ok, 5)"],
  [
    '{ span:start > "yesterday" }',
    'not a time, such as "2026-01-31T12:00:00Z" or unix nanoseconds: "yesterday"',
  ],
  [
    '{ span:start in ("2023-01-01") }',
    'not a time, such as "2026-01-31T12:00:00Z" or unix nanoseconds: "2023-01-01"',
  ],
  ["{ parent:name = 5 }", "binary operations must operate on the same type: parent:name = 5"],
  ["{ event:name = nil }", "event:name=nil is not valid because intrinsics cannot be nil"],
  ["{ } | select(parent)", "intrinsic (parent) not yet supported"],
  ["{ } | by(name + 1)", "binary operations must operate on the same type: name + 1"],
  ["{ } | sort(1)", "sort field expressions must reference the span: sort(1)"],
  ["{ } | sort(name + 1)", "binary operations must operate on the same type: name + 1"],
  ["{ } | limit(0)", "limit must be greater than 0"],
  ["{ } | rate() | bottomk(0)", "limit must be greater than 0"],
  [
    "{ } | histogram_over_time(duration) by (.a, .b, .c, .d, .e)",
    "metrics group by 5 values not yet supported",
  ],
  [
    "{ } | avg_over_time(duration) by (.a, .b, .c, .d, .e)",
    "metrics group by 5 values not yet supported",
  ],
  [
    "{ } | quantile_over_time(duration, 0.5) by (.a, .b, .c, .d, .e)",
    "metrics group by 5 values not yet supported",
  ],
  ["{ } | compare({ name })", "span filter field expressions must resolve to a boolean: { name }"],
  ["{ } | compare({ }, 0)", "compare() top number of values must be an integer between 1 and 1000"],
  [
    "{ } | compare({ }, 10, 0, 5)",
    "compare() timestamps must be positive integer unix nanoseconds",
  ],
  ["{ } | compare({ }, 10, 5, 5)", "compare() end timestamp must be greater than start timestamp"],
  ["{ } | compare({ }) | topk(5)", "`compare()` cannot be used with second stage functions"],
  ["{ } | compare({ }) > 5", "`compare()` cannot be used with second stage functions"],
  ["1 / ({ } | compare({ }))", "`compare()` cannot be used with second stage functions"],
  ['{ } | avg(name =~ "(") > 1', "invalid regex: `(`"],
  ['{ .a =~ "a{1001}" }', "invalid regex: `a{1001}`"],
  ['{ "a" =~ "(" }', "invalid regex: `(`"],
  ["{ } | rate() by (parent)", "intrinsic (parent) not yet supported"],
];
for (const [text, message] of refusedByChecker) {
  test(`refused by the checker: ${text}`, () => {
    assert.deepEqual(parseQuery(text).problems, []);
    const { problems } = readQuery(text);
    assert.equal(problems.map((problem) => problem.message).join(" | "), message);
  });
}

test("check: all parts are looked at", () => {
  const message = "span filter field expressions must resolve to a boolean:";
  for (const text of ["{ name } >> { 5 }", "({ name } | count() > 1) unless ({ 5 })"]) {
    assert.deepEqual(
      readQuery(text).problems.map((problem) => problem.message),
      [`${message} { name }`, `${message} { 5 }`],
    );
  }
});

test("check: the regular expressions of a query may be so large together", () => {
  const query = (count: number): string => {
    const tests = Array.from({ length: count }, (_, i) => `.a =~ "${i}\\\\pL{1000}"`);
    return `{ ${tests.join(" || ")} }`;
  };
  assert.deepEqual(readQuery(query(90)).problems, []);
  const message = "the regular expressions of the query are too large together";
  assert.equal(readQuery(query(4000)).problems[0]?.message, message);
});

test("check: places are those of the parts", () => {
  const text = "{ .a = 1 && name = 5 } | rate() by (.a, .b, .c, .d, .e, .f, .g)";
  const { problems } = readQuery(text);
  assert.deepEqual(
    problems.map(({ from, to }) => text.slice(from, to)),
    ["name = 5", ".f, .g"],
  );
});

test("check: of many problems the first are told, and not at endless length", () => {
  const text = `{ ${Array.from({ length: 5000 }, () => "name = 5").join(" && ")} }`;
  assert.equal(readQuery(text).problems.length, 20);
  const long = `{ name =~ ${"`(".padEnd(100_000, "x")}\` }`;
  assert.ok(readQuery(long).problems[0]!.message.length < 2100);
});

/** What Clew adds, and what Tempo says to it. */
const extensions: [text: string, column: number, message: string][] = [
  ["{ } | sort(duration desc)", 7, "syntax error: unexpected IDENTIFIER"],
  ["{ } | sort(trace:duration)", 7, "syntax error: unexpected IDENTIFIER"],
  ["{ } | sort(.a + 1 asc) | limit(3) | select(name)", 7, "syntax error: unexpected IDENTIFIER"],
  ["{ } | limit(10)", 7, "syntax error: unexpected IDENTIFIER"],
  ["{ .a } unless { .b }", 8, "syntax error: unexpected IDENTIFIER"],
  ["({ .a } | count() > 1) unless ({ .b })", 24, "syntax error: unexpected IDENTIFIER"],
  ['{ .a in ("x", "y") }', 6, "syntax error: unexpected IDENTIFIER"],
  ["{ .a not in (1, 2.5, 3s) }", 6, "syntax error: unexpected IDENTIFIER"],
  ["{ status in (ok, error) && kind in (server) }", 10, "syntax error: unexpected IDENTIFIER"],
  ['{ span:start > "2026-01-31T12:00:00Z" }', 8, "syntax error: unexpected IDENTIFIER"],
  ['{ span:start + 1s > "2026-01-31T12:00:00Z" }', 8, "syntax error: unexpected IDENTIFIER"],
  ["{ span:end - span:start > 5s }", 8, "syntax error: unexpected IDENTIFIER"],
  ["{ trace:spanCount > 100 || trace:errorCount > 0 }", 9, "syntax error: unexpected IDENTIFIER"],
  ["{ trace:start < trace:end }", 9, "syntax error: unexpected IDENTIFIER"],
  ["{ parent:duration < duration }", 9, "syntax error: unexpected IDENTIFIER"],
  ["{ parent:name = nil }", 9, "syntax error: unexpected IDENTIFIER"],
  ["{ } | by(parent:name) | select(parent:kind)", 16, "syntax error: unexpected IDENTIFIER"],
  ["({ .a } | by(name)) && ({ .b }) | rate()", 33, "syntax error: unexpected |"],
  ["{ parent.a = 1 }", 0, "parent not yet supported"],
  ["{ parent.span.a = parent.resource.b }", 0, "parent not yet supported"],
  ["{ parent.resource.service.name = nil }", 0, "parent not yet supported"],
  ["{ } | select(parent.a)", 0, "parent not yet supported"],
  ["{ } | avg_over_time(parent.a)", 0, "parent not yet supported"],
];
for (const [text, column, message] of extensions) {
  test(`extension: ${text}`, () => {
    const { query, problems } = readQuery(text);
    assert.deepEqual(problems, []);
    const strict: LanguageOptions = { strict: true };
    const first = readQuery(text, strict).problems[0]!;
    const place = column === 0 ? "" : `parse error at line 1, col ${column}: `;
    assert.equal(tempoErrorText(text, first), place + message);
    assert.deepEqual(withoutPlaces(readQuery(formatQuery(query!)).query), withoutPlaces(query));
  });
}

test("check: as in Tempo, metrics may be grouped by the parent's fields", () => {
  assert.deepEqual(readQuery("{ } | rate() by (parent.a)", { strict: true }).problems, []);
});
