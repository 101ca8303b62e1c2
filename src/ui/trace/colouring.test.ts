import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../../test/support/brief-table.ts";
import { NO_COLOUR, ownColouring, valueColouring, type Colouring } from "./colouring.ts";

const table = briefTable([
  { id: "a", service: "edge", name: "GET", kind: "server" },
  { id: "b", of: "a", service: "cart", name: "GET", status: "error" },
  { id: "c", of: "a", service: "cart", name: "add" },
]);

function legend({ legend: entries }: Colouring): string[] {
  return entries.map(({ name, spanCount, errorCount }) => `${name} ${spanCount} ${errorCount}`);
}

const cases: [by: string, want: string[]][] = [
  ["service", ["cart 2 1", "edge 1 0"]],
  ["name", ["GET 2 1", "add 1 0"]],
  ["kind", ["internal 2 1", "server 1 0"]],
  ["status", ["unset 2 0", "error 1 1"]],
];
for (const [by, want] of cases) {
  test(`ownColouring: by ${by}`, () => {
    const colouring = ownColouring(table, by);
    assert.deepEqual(legend(colouring), want);
    const rows = [0, 1, 2].map((row) => colouring.colours[colouring.numbers[row]!]!);
    assert.ok(rows.every((colour) => colour < 20));
  });
}

test("valueColouring: who has no value has no colour", () => {
  const column = { numbers: Int32Array.of(0, -1, 1), texts: ["i200", "sok"] };
  const colouring = valueColouring(table, column);
  assert.deepEqual(legend(colouring), ["(none) 1 1", "200 1 0", "ok 1 0"]);
  assert.equal(colouring.colours[colouring.numbers[1]!], NO_COLOUR);
});
