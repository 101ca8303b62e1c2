import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../test/support/brief-table.ts";
import { overviewOf } from "./overview.ts";

// a ──────────
// b   ────
// c        ──  failed
const table = briefTable([
  { id: "a", start: 0, duration: 100, service: "s" },
  { id: "b", of: "a", start: 20, duration: 39, service: "t" },
  { id: "c", of: "a", start: 80, duration: 15, service: "s", status: "error" },
]);

/** A letter for the service in each cell, in capitals where a span failed. */
function draw(columns: number, lines: number): string[] {
  const { service, failed } = overviewOf(table, columns, lines);
  const letter = (at: number): string => {
    const name = service[at] === 0 ? "." : table.texts[service[at]! - 1]!;
    return failed[at] === 1 ? name.toUpperCase() : name;
  };
  return Array.from({ length: lines }, (_, line) =>
    Array.from({ length: columns }, (_cell, x) => letter(line * columns + x)).join(""),
  );
}

test("overviewOf: a line for each row", () => {
  assert.deepEqual(draw(10, 3), ["ssssssssss", "..tttt....", "........SS"]);
});

test("overviewOf: rows share lines, the lowest is on top", () => {
  assert.deepEqual(draw(10, 1), ["ssttttssSS"]);
});

test("overviewOf: more lines than rows", () => {
  assert.deepEqual(draw(5, 4), ["sssss", ".tt..", "....S", "....."]);
});
