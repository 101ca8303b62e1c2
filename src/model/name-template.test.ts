import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { templateName } from "./name-template.ts";

const cases: [name: string, template: string][] = [
  ["GET /users/42", "GET /users/{id}"],
  ["GET /users/42/orders/7", "GET /users/{id}/orders/{id}"],
  ["GET /api/v2/users/:id", "GET /api/v2/users/:id"],
  ["GET /users/{id}", "GET /users/{id}"],
  ["GET /orders/6fa459ea-ee8a-3ca4-894e-db77e160355e/items", "GET /orders/{id}/items"],
  ["GET /blob/9f86d081884c7d65", "GET /blob/{id}"],
  ["GET /object/507f1f77bcf86cd799439011?x=1", "GET /object/{id}?x={id}"],
  ["lock 0xDEADBEEF01", "lock {id}"],
  ["GET /facade/deadbeef", "GET /facade/deadbeef"],
  ["process user42", "process user{id}"],
  ["order-1234-created", "order-{id}-created"],
  ["GET /k8s/s3/oauth2/http2", "GET /k8s/s3/oauth2/http2"],
  ["GET /2024-05-01/report", "GET /{id}/report"],
  [
    "SELECT * FROM t WHERE id = 5 AND name = 'it''s me'",
    "SELECT * FROM t WHERE id = {id} AND name = {id}",
  ],
  ["mail alice.b+x@shop.example sent", "mail {id} sent"],
  ["GET /t/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "GET /t/{id}"],
  ["GET /10.0.0.1:8080/x", "GET /{id}/x"],
  ["HandleVeryLongMethodNameWithoutDigits", "HandleVeryLongMethodNameWithoutDigits"],
  ["grüße/123 für 45", "grüße/{id} für {id}"],
  ["a'x'b@shop.example", "a{id}{id}"],
  ["42.b@shop.example", "{id}"],
  ["@home and a@b", "@home and a@b"],
  ["it's 5 o'clock", "it{id}clock"],
  ["a=12+34_x9", "a={id}_x9"],
  ["", ""],
];
for (const [name, template] of cases) {
  test(`templateName: ${name}`, () => assert.equal(templateName(name), template));
}

test("no number of two digits or more is left over", () => {
  const piece = fc.oneof(
    fc.uuid(),
    fc.nat().map(String),
    fc.constantFrom("/", "-", "_", ".", "'", '"', "{id}", "@", " ", "GET", "v1", "ab", "F00D"),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (list) => {
      assert.doesNotMatch(templateName(list.join("")), /[0-9]{2}/);
    }),
    { seed: printedSeed("templates"), numRuns: 5000 },
  );
});

test("names that differ in numbers or UUIDs alone have one template", () => {
  fc.assert(
    fc.property(fc.nat(), fc.uuid(), (number, uuid) => {
      assert.equal(templateName(`GET /u/${number}`), "GET /u/{id}");
      assert.equal(templateName(`GET /u/${uuid}/x`), "GET /u/{id}/x");
    }),
    { seed: printedSeed("ids"), numRuns: 1000 },
  );
});
