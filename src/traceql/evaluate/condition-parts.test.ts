import assert from "node:assert/strict";
import { test } from "node:test";
import { goodQuery } from "../../../test/support/found-spans.ts";
import type { FieldExpr, Filter, Logic, SearchQuery } from "../ast.ts";
import { expressionText } from "../expression-text.ts";
import { countTests, partsOf, withMemberships } from "./condition-parts.ts";

function conditionOf(text: string): FieldExpr {
  return ((goodQuery(text) as SearchQuery).pipeline.stages[0] as Filter).condition;
}

const merged: [query: string, want: string, tests: number][] = [
  [`{ .a = 1 || .a = 2 || .a = "x" }`, ".a in (1, 2, `x`)", 1],
  [`{ .a != 1 && .a != 2 }`, ".a not in (1, 2)", 1],
  [`{ .a in (1, 2) || .a = 3 || .b = 1 || .a = 4 }`, ".a in (1, 2, 3); .b = 1; .a = 4", 3],
  [`{ .a = 1 || .a = 2 || .b = 1 || .b = 2 }`, ".a in (1, 2); .b in (1, 2)", 2],
  [`{ .a = 1 || span.a = 2 }`, ".a = 1; span.a = 2", 2],
  [`{ .a = 1 && .a = 2 }`, ".a = 1; .a = 2", 2],
  [`{ .a != 1 || .a != 2 }`, ".a != 1; .a != 2", 2],
  [`{ .a not in (1, 2) && .a != 3 }`, ".a not in (1, 2, 3)", 1],
  [`{ .a = .b || .a = 1 }`, ".a = .b; .a = 1", 2],
  [`{ .a + 1 = 2 || .a + 1 = 3 }`, ".a + 1 = 2; .a + 1 = 3", 2],
  [`{ !(.a = 1 || .a = 2) && (.b = 1 || .c = 1) }`, "!(.a = 1 || .a = 2); .b = 1 || .c = 1", 3],
];
for (const [query, want, tests] of merged) {
  test(`memberships: ${query}`, () => {
    const condition = conditionOf(query) as Logic;
    // Brackets around operands of sums are as Tempo writes them.
    const got = withMemberships(condition).map((operand) => expressionText(operand));
    assert.equal(
      got
        .join("; ")
        .replaceAll("(.a + 1)", ".a + 1")
        .replaceAll(/\((\.[bc] = 1)\)/g, "$1")
        .replace("!((.a = 1) || (.a = 2))", "!(.a = 1 || .a = 2)"),
      want,
    );
    assert.equal(countTests(condition), tests);
  });
}

const parts: [query: string, want: string][] = [
  [`{ .a && .b && .c }`, ".a | .b | .c"],
  [`{ event.a && .b && event.c }`, "event.a, event.c | .b"],
  [`{ event.a && link.b && event.c && link.d }`, "event.a, event.c | link.b, link.d"],
  [
    `{ event.a && link.b && .c && event.d = link.d && link.e }`,
    "event.a, link.b, event.d = link.d, link.e | .c",
  ],
  [`{ link.a && .b && event.c && event.d = link.d }`, "link.a, event.c, event.d = link.d | .b"],
  [`{ event.a = link.b && event.c = link.d }`, "event.a = link.b, event.c = link.d"],
  [`{ event.a && !(event.b) && !event.c }`, "event.a | !event.b | !event.c"],
];
for (const [query, want] of parts) {
  test(`parts: ${query}`, () => {
    const { operands } = conditionOf(query) as Logic;
    const got = partsOf(operands).map((part) => part.operands.map(expressionText).join(", "));
    assert.equal(got.join(" | "), want);
  });
}
