import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { PairTable } from "./pair-table.ts";

test("pairs are numbered as they come, as a map by text would", () => {
  const word = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2 ** 32 - 1 }));
  const pairs = fc.array(fc.tuple(word, word), { maxLength: 2000, size: "max" });
  const table = new PairTable();
  fc.assert(
    fc.property(pairs, (list) => {
      table.clear();
      const twin = new Map<string, number>();
      for (const [first, second] of list) {
        const key = `${first} ${second}`;
        if (!twin.has(key)) twin.set(key, twin.size);
        assert.equal(table.number(first, second), twin.get(key));
      }
      assert.equal(table.size, twin.size);
      for (const [key, number] of twin) {
        assert.equal(`${table.first[number]} ${table.second[number]}`, key);
      }
    }),
    { seed: printedSeed("pairs"), numRuns: 100 },
  );
});
