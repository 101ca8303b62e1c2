import assert from "node:assert/strict";
import { test } from "node:test";
import type { SearchQuery } from "../traceql/ast.ts";
import { readQuery } from "../traceql/check.ts";
import { type CandidatePlan, candidatePlan, type Others } from "./candidate-plan.ts";
import { builtInTable } from "./schema.ts";
import { render, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql } from "./truth-sql.ts";

function planOf(text: string): CandidatePlan {
  const { query } = readQuery(text);
  return candidatePlan((query as SearchQuery).pipeline, builtInTable);
}

/** The condition as text, with values in place of parameters. */
function textOf(condition: Condition): string {
  const { text, params } = render(conditionSql(condition));
  const filled = text.replaceAll(/\{(p\d+):[^}]*\}/g, (_, name: string) => String(params[name]));
  return filled.replaceAll(/\s+/g, " ");
}

const named: Others = {
  trace: (row, together = sql`1`) => sql`trace(${conditionSql(row)}, ${together})`,
  linked: (row, { own, their }) => sql`linked(${own} = ${their}, ${conditionSql(row)})`,
};

const NAME = { a: "name = a", b: "name = b" };
const cases: [query: string, row: string, narrowed: string][] = [
  ["{ }", "1", "1"],
  ['{ name = "a" }', NAME.a, NAME.a],
  ['{ name = "a" } || { name = "b" }', "(name = a OR name = b)", "(name = a OR name = b)"],
  [
    '{ name = "a" } && { name = "b" }',
    "(name = a OR name = b)",
    "((name = a OR name = b) AND trace(name = a, 1) AND trace(name = b, 1))",
  ],
  ['{ name = "a" } >> { name = "b" }', NAME.b, "(name = b AND trace(name = a, 1))"],
  [
    '{ name = "a" } > { name = "b" }',
    NAME.b,
    "(name = b AND linked(parent_span_id = span_id, name = a))",
  ],
  [
    '{ name = "a" } < { name = "b" }',
    NAME.b,
    "(name = b AND linked(span_id = parent_span_id, name = a))",
  ],
  [
    '{ name = "a" } &~ { name = "b" }',
    "(name = a OR name = b)",
    "((name = b AND linked(parent_span_id = parent_span_id, name = a)) OR " +
      "(name = a AND linked(parent_span_id = parent_span_id, name = b)))",
  ],
  ['{ name = "a" } !>> { name = "b" }', NAME.b, NAME.b],
  ['{ name = "a" } unless { name = "b" }', NAME.a, NAME.a],
  ['{ name = "a" } | { name = "b" }', "(name = a AND name = b)", "(name = a AND name = b)"],
  ['{ name = "a" } | count() > 2', NAME.a, "(name = a AND trace(name = a, count() >= 3))"],
  ['{ name = "a" } | count() >= 1', NAME.a, NAME.a],
  ['{ name = "a" } | count() < 9', NAME.a, NAME.a],
  [
    '{ name = "a" } | max(duration) > 5ns',
    NAME.a,
    "(name = a AND trace((name = a AND duration_nano > 5), 1))",
  ],
  ["{ trace:spanCount > 3 }", "1", "trace(1, count() > 3)"],
  ["{ trace:errorCount = 3 }", "1", "trace(status_code = 2, count() >= 3)"],
  ["{ trace:duration < 3s }", "1", "1"],
  ['{ rootName = "a" }', "1", "trace((parent_span_id = toFixedString('', 8) AND name = a), 1)"],
  ['{ rootName != "a" }', "1", "1"],
  ["{ false } >> { }", "0", "0"],
  ["by(span.x)", "1", "1"],
];
for (const [query, row, narrowed] of cases) {
  test(`candidatePlan: ${query}`, () => {
    const plan = planOf(query);
    assert.equal(textOf(plan.row), row);
    if (row !== "0") assert.equal(textOf(plan.narrowed(named)), narrowed);
    assert.ok(plan.isNarrower || row === narrowed);
  });
}

test("candidatePlan: conditions on other rows stay as long as the query", () => {
  const chain = (count: number): string =>
    Array.from({ length: count }, (_, i) => `({ name = "${i}" })`).reduce(
      (left, right) => `(${left} > ${right})`,
    );
  const lengthOf = (count: number): number => textOf(planOf(chain(count)).narrowed(named)).length;
  assert.ok(lengthOf(30) < 20_000);
  assert.ok(lengthOf(100) < 20);
});

test("candidatePlan: values are parameters", () => {
  const { text }: { text: string } = render(planOf('{ name = "x\'; DROP" }').row as Sql);
  assert.ok(!text.includes("DROP"));
});
