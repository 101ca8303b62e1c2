import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTable } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { groupFrom, LEAST_SIBLINGS, siblingGroups } from "./sibling-groups.ts";

/** Children of one root, a letter each; capitals failed; a digit before it is a child of the last one. */
function family(letters: string): BriefSpan[] {
  const spans: BriefSpan[] = [{ id: "root", start: 0, duration: 1000 }];
  Array.from(letters).forEach((letter, i) => {
    const isChild = letter === "'";
    spans.push({
      id: `s${i}`,
      of: isChild ? `s${i - 1}` : "root",
      name: letter.toLowerCase(),
      start: 10 * i + 1,
      duration: i + 1,
      status: letter !== letter.toLowerCase() ? "error" : "unset",
    });
  });
  return spans;
}

const cases: [letters: string, groups: string[]][] = [
  ["aaaa", []],
  ["aaaaa", ["1-6 ×5 total 15 most 5"]],
  ["aaaabaaaa", []],
  ["baaaaaab", ["2-8 ×6 total 27 most 7"]],
  ["aaaaabbbbb", ["1-6 ×5 total 15 most 5", "6-11 ×5 total 40 most 10"]],
  ["aaaaAaaaa", []],
  ["a'a'a'a'a'", ["1-11 ×5 total 25 most 9"]],
];
for (const [letters, want] of cases) {
  test(`siblingGroups: ${letters}`, () => {
    const groups = siblingGroups(briefTable(family(letters)));
    const drawn = Array.from({ length: groups.count }, (_, g) => {
      const sums = `total ${groups.totalNano[g]} most ${groups.mostNano[g]}`;
      return `${groups.first[g]}-${groups.end[g]} ×${groups.size[g]} ${sums}`;
    });
    assert.deepEqual(drawn, want);
    assert.deepEqual(
      Array.from(groups.first, (row) => groupFrom(groups, row)),
      Array.from(groups.first.keys()),
    );
  });
}

test("siblingGroups: the runs that a regular expression finds", () => {
  const property = fc.property(fc.array(fc.constantFrom("a", "b", "A")), (letters) => {
    const text = letters.join("");
    const groups = siblingGroups(briefTable(family(text)));
    const runs = [...text.matchAll(/(.)\1*/g)].filter(([run]) => run.length >= LEAST_SIBLINGS);
    assert.deepEqual(
      Array.from(groups.first, (first, g) => [first - 1, groups.size[g]]),
      runs.map(({ index, 0: run }) => [index, run.length]),
    );
  });
  fc.assert(property);
});
