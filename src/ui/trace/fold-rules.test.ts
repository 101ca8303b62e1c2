import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable, namesOf } from "../../../test/support/brief-table.ts";
import { foldRulesText, foldsOf, readFoldRules, type FoldRule } from "./fold-rules.ts";

const table = briefTable([
  { id: "a", service: "edge", duration: 100 },
  { id: "b", of: "a", service: "cart", duration: 50 },
  { id: "c", of: "b", service: "cart", duration: 40 },
  { id: "d", of: "c", service: "db;100%", duration: 20 },
  { id: "e", of: "d", service: "db;100%", duration: 10 },
]);

const cases: [text: string, rules: FoldRule[], folded: string[]][] = [
  ["", [], []],
  ["service:cart", [{ kind: "service", name: "cart" }], ["b", "c"]],
  ["service:db%3B100%25", [{ kind: "service", name: "db;100%" }], ["d"]],
  ["depth:2", [{ kind: "depth", levels: 2 }], ["b", "c", "d"]],
  ["below:50", [{ kind: "below", nano: 50 }], ["c", "d"]],
  [
    "depth:3;service:edge",
    [
      { kind: "depth", levels: 3 },
      { kind: "service", name: "edge" },
    ],
    ["a", "c", "d"],
  ],
];
for (const [text, rules, folded] of cases) {
  test(`fold rules: ${text}`, () => {
    assert.deepEqual(readFoldRules(text), rules);
    assert.equal(foldRulesText(rules), text);
    const folds = foldsOf(table, rules);
    const rows = Array.from(folds.keys()).filter((row) => folds[row] === 1);
    assert.deepEqual(namesOf(table, rows), folded);
  });
}

test("fold rules: what is none is left out", () => {
  assert.deepEqual(readFoldRules("depth:x;nothing;below:;depth:4"), [{ kind: "depth", levels: 4 }]);
});
