import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed, runs } from "../../test/support/oracle.ts";
import { anyQuery, withoutPlaces } from "../../test/support/traceql.ts";
import { formatQuery } from "./format.ts";
import { parseQuery } from "./parse.ts";

test("format: what is written parses to the same tree", () => {
  const seed = printedSeed("format");
  fc.assert(
    fc.property(anyQuery, (query) => {
      const text = formatQuery(query);
      const parsed = parseQuery(text);
      assert.deepEqual(parsed.problems, [], text);
      assert.deepEqual(withoutPlaces(parsed.query), withoutPlaces(query), text);
      assert.equal(formatQuery(parsed.query!), text);
    }),
    { seed, numRuns: runs(1500) },
  );
});
