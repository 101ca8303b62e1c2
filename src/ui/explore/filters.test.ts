import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "../../traceql/parse.ts";
import {
  boxQuery,
  conditionText,
  queryOf,
  rollUpFilter,
  type RollUpFilter,
  SERVICE,
  understand,
  withCondition,
  withField,
  withSorting,
} from "./filters.ts";

const texts = (q: string): readonly string[] | string => {
  const understood = understand(q);
  return understood.kind === "conditions"
    ? understood.conditions.map(({ text }) => text)
    : understood.kind;
};

for (const [q, want] of [
  ["", []],
  ["{}", []],
  ["{ true }", []],
  ["{ .a = 1 && (name = `x` || duration > 1s) }", [".a = 1", 'name = "x" || duration > 1s']],
  ["{ .a } >> { .b }", "more"],
  ["{ .a } | count() > 2", "more"],
  ["{ .a } | limit(2)", "more"],
  ["{} | rate()", "metrics"],
  ["{ .a = ", "wrong"],
] as const) {
  test(`understand: ${q}`, () => assert.deepEqual(texts(q), want));
}

test("queryOf: what chips show is the query again", () => {
  for (const q of ['{ .a = 1 && (name = "x" || duration > 1s) }', "{ !(.a = 1) }", ""]) {
    assert.equal(queryOf(texts(q) as string[]), q);
  }
});

test("withCondition: one more, once, whatever the query is", () => {
  assert.equal(withCondition("", ".a = 1"), "{ .a = 1 }");
  assert.equal(withCondition("{ .a = 1 }", ".b || .c"), "{ .a = 1 && (.b || .c) }");
  assert.equal(withCondition("{ .a = 1 }", ".a = 1"), "{ .a = 1 }");
  const piped = withCondition("{ .a } | count() > 2", ".b = 1");
  assert.equal(piped, "{ .a } | count() > 2 | { .b = 1 }");
  assert.ok(parseQuery(piped).query);
  const sorted = withCondition("{ .a } | select(.c) | sort(duration desc) | limit(3)", ".b = 1");
  assert.equal(sorted, "{ .a } | select(.c) | { .b = 1 } | sort(duration desc) | limit(3)");
});

test("withField: replaced, added, taken out; other comparisons stay", () => {
  const value = { type: "string", value: 'a"b' } as const;
  const q = '{ resource.service.name = "x" && resource.service.name != "y" }';
  assert.equal(
    withField(q, SERVICE, value),
    '{ resource.service.name != "y" && resource.service.name = `a"b` }',
  );
  assert.equal(withField(q, SERVICE, undefined), '{ resource.service.name != "y" }');
  assert.equal(withField('{ resource.service.name = "x" }', SERVICE, undefined), "");
});

const filters: [q: string, want: RollUpFilter | undefined][] = [
  ["", {}],
  ['{ resource.service.name = "a" && name = "b" }', { service: "a", name: "b" }],
  ["{ kind = server || kind = consumer }", { kinds: ["server", "consumer"] }],
  ["{ kind in (server, consumer) }", { kinds: ["server", "consumer"] }],
  ["{ kind not in (server) }", undefined],
  ["{ status = error && kind = client }", { status: "error", kinds: ["client"] }],
  ['{ name = "a" && name = "b" }', undefined],
  ['{ .service.name = "a" }', undefined],
  ["{ kind = server || status = error }", undefined],
  ["{ parent:name = `a` }", undefined],
  ['{ name != "b" }', undefined],
  ["{ name = `a` } | count() > 1", undefined],
];
for (const [q, want] of filters) {
  test(`rollUpFilter: ${q}`, () => assert.deepEqual(rollUpFilter(q), want));
}

test("boxQuery: open below, closed above, as the heatmap's rows are; of requests if it shows these", () => {
  const box = { fromSeconds: 0, toSeconds: 1, overNano: 1_500_000, upToNano: 2_000_000_000 };
  const times = "duration > 1.5ms && duration <= 2s";
  assert.equal(boxQuery("", box, true), `{ kind in (server, consumer) && ${times} }`);
  assert.equal(boxQuery("{ kind = client }", box, true), `{ kind = client && ${times} }`);
  assert.equal(boxQuery("", { ...box, overNano: 0 }, false), "{ duration <= 2s }");
});

for (const [field, op, value, want] of [
  ["span.code", ">=", "500", "span.code >= 500"],
  ["duration", ">", "1.5s", "duration > 1.5s"],
  ["status", "=", "error", "status = error"],
  ["span.user", "=", "gold", 'span.user = "gold"'],
  ["span.user", "=~", "go.*", 'span.user =~ "go.*"'],
  ["span.user", "=", 'a "b"', 'span.user = `a "b"`'],
  ["span.user", "exists", "", "span.user != nil"],
  ["span.user", "is absent", "x", "span.user = nil"],
  ["", "=", "x", undefined],
  ["no field", "=", "x", undefined],
] as const) {
  test(`conditionText: ${field} ${op} ${value}`, () => {
    assert.equal(conditionText(field, op, value), want);
  });
}

test("withSorting: over all traces, unless the query says an order or it is the newest first", () => {
  const slowest = { key: "duration", descending: true } as const;
  assert.equal(withSorting("", slowest), "{ } | sort(traceDuration desc)");
  assert.equal(
    withSorting("{ .a } | count() > 1 | limit(3)", slowest),
    "{ .a } | count() > 1 | sort(traceDuration desc) | limit(3)",
  );
  const sorted = "{ .a } | sort(duration asc)";
  assert.equal(withSorting(sorted, slowest), sorted);
  assert.equal(withSorting("{ .a", slowest), "{ .a");
  assert.equal(withSorting("", { key: "start", descending: true }), "");
  assert.equal(withSorting("", { key: "p95", descending: true }), "");
});
