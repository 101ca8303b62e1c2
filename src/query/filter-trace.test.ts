import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { treeRows } from "../model/trace-tree.ts";
import { readQuery } from "../traceql/check.ts";
import type { SearchQuery } from "../traceql/ast.ts";
import { type BriefSpan, briefTrace } from "../../test/support/brief-trace.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { filterTrace } from "./filter-trace.ts";

function filter(text: string): SearchQuery {
  const { query } = readQuery(text);
  assert.ok(query?.kind === "search");
  return query;
}

/*
 *     a
 *     ├ b
 *     │ └ c
 *     │   ├ d
 *     │   └ e
 *     └ f
 */
const family: readonly BriefSpan[] = [
  { id: "a" },
  { id: "b", of: "a" },
  { id: "c", of: "b" },
  { id: "d", of: "c" },
  { id: "e", of: "c" },
  { id: "f", of: "a" },
];
const cases: [below: number, above: number, want: string][] = [
  [0, 0, "c"],
  [1, 0, "cde"],
  [Infinity, 0, "cde"],
  [0, 1, "bc"],
  [0, Infinity, "abc"],
  [1, 1, "bcde"],
];
for (const [levelsBelow, levelsAbove, want] of cases) {
  test(`filterTrace: ${levelsBelow} levels below, ${levelsAbove} above`, () => {
    const query = filter(`{ name = "c" }`);
    const kept = filterTrace(briefTrace(family), { query, levelsBelow, levelsAbove });
    assert.equal(Array.from(kept, ({ name }) => name).join(""), want);
  });
}

test("filterTrace: nothing found is nothing kept", () => {
  const options = { levelsBelow: Infinity, levelsAbove: Infinity };
  const kept = filterTrace(briefTrace(family), { query: filter(`{ name = "z" }`), ...options });
  assert.equal(kept.size, 0);
});

const seed = Number(process.env["CLEW_SEED"] ?? Date.now() % 2 ** 31);
test(`filterTrace keeps who is near enough, as a walk from every span says (seed ${seed})`, () => {
  const levels = fc.constantFrom(0, 1, 2, Infinity);
  fc.assert(
    fc.property(anySpans(12), levels, levels, (spans, levelsBelow, levelsAbove) => {
      const trace = briefTrace(spans);
      const rows = treeRows(trace.spans);
      const found = rows.filter(({ span }) => span.kind === "server");
      const want = new Set(found.map(({ span }) => span));
      for (const row of rows) {
        let [above, distance] = [row, 0];
        while (above.parent >= 0) {
          [above, distance] = [rows[above.parent]!, distance + 1];
          if (found.includes(above) && distance <= levelsBelow) want.add(row.span);
          if (found.includes(row) && distance <= levelsAbove) want.add(above.span);
        }
      }
      const query = filter("{ kind = server }");
      assert.deepEqual(filterTrace(trace, { query, levelsBelow, levelsAbove }), want);
    }),
    { seed },
  );
});
