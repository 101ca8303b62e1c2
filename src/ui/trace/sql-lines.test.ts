import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sqlLines } from "./sql-lines.ts";

const cases: [text: string, want: string][] = [
  ["SELECT 1", "SELECT 1"],
  [
    "SELECT p.id, s.amount FROM products p LEFT JOIN stock s ON s.id = p.id WHERE p.id = $1 AND s.amount > 0",
    `SELECT p.id, s.amount
FROM products p
LEFT JOIN stock s ON s.id = p.id
WHERE p.id = $1
  AND s.amount > 0`,
  ],
  [
    "UPDATE cart SET note = 'it''s FROM here AND there', n = n + 1 WHERE (id = 1 OR id = 2) RETURNING id",
    `UPDATE cart
SET note = 'it''s FROM here AND there', n = n + 1
WHERE (id = 1 OR id = 2)
RETURNING id`,
  ],
  [
    "SELECT * FROM orders WHERE created BETWEEN $1 AND $2 AND from_address = $3 ORDER BY created LIMIT 10",
    `SELECT *
FROM orders
WHERE created BETWEEN $1 AND $2
  AND from_address = $3
ORDER BY created
LIMIT 10`,
  ],
];
for (const [text, want] of cases) {
  test(`sqlLines: ${text.slice(0, 40)}`, () => assert.equal(sqlLines(text), want));
}

test("sqlLines: changes nothing but white space", () => {
  const word = fc.constantFrom(
    "SELECT",
    "a",
    "FROM",
    "'x y",
    "'",
    "(",
    ")",
    " ",
    "AND",
    "OR",
    ",",
    "--",
  );
  const property = fc.property(fc.array(word, { minLength: 20 }), (words) => {
    const text = words.join(" ");
    assert.equal(sqlLines(text).replaceAll(/\s+/g, ""), text.replaceAll(/\s+/g, ""));
  });
  fc.assert(property);
});
