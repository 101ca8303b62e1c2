import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "../../traceql/parse.ts";
import {
  queryOf,
  rollUpFilter,
  type RollUpFilter,
  SERVICE,
  understand,
  withCondition,
  withField,
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
