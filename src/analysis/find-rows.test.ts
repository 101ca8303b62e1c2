import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable, namesOf } from "../../test/support/brief-table.ts";
import { findRows } from "./find-rows.ts";

const table = briefTable([
  { id: "0123456789abcdef", name: "GET /cart", service: "edge" },
  { id: "b", name: "SELECT", service: "Cart-store" },
  { id: "c", name: "retry", service: "edge", events: [{ name: "cart is empty" }] },
  { id: "d", name: "render", service: "edge" },
]);

const cases: [text: string, names: string[]][] = [
  ["", []],
  ["CART", ["GET /cart", "SELECT", "retry"]],
  [" select ", ["SELECT"]],
  ["01234", ["GET /cart"]],
  ["0123456789abcdef", ["GET /cart"]],
  ["123456789abcdef", []],
  ["nothing", []],
];
for (const [text, names] of cases) {
  test(`findRows: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(namesOf(table, findRows(table, text)), names);
  });
}
