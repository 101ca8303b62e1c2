import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { templateLimits, templateMessage } from "./message-template.ts";

const cases: [message: string, template: string][] = [
  ["", ""],
  ["card declined by issuer", "card declined by issuer"],
  ["user 42 not found", "user … not found"],
  ["timeout after 5000ms", "timeout after …ms"],
  ["connect ECONNREFUSED 10.0.0.1:5432", "connect ECONNREFUSED …"],
  ["can't find user 'bob'", "can't find user '…'"],
  ["it's 'a' and 'b', isn't it", "it's '…' and '…', isn't it"],
  ['Unexpected token "<" in {"a":"b"}', "Unexpected token '…' in {'…':'…'}"],
  ["column `price` of “shop” is unknown", "column '…' of '…' is unknown"],
  ["mail to alice.b+x@shop.example bounced", "mail to … bounced"],
  ["no order 6fa459ea-ee8a-3ca4-894e-db77e160355e", "no order …"],
  ["since 2026-11-28T23:45:00.125Z, retry", "since …, retry"],
  ["at 0xDEADBEEF in 9f86d081884c7d65", "at … in …"],
  ["bad token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "bad token …"],
  ["HTTP/2 stream 17 of http2 on k8s", "HTTP/… stream … of http2 on k8s"],
  ["E11000 duplicate key", "E… duplicate key"],
  ["  failed\n    at run (/app/a.js:1:2)", "failed"],
  ["a\t b  c", "a b c"],
  ["größe 12 für …", "größe … für …"],
  ["x".repeat(300), "x".repeat(templateLimits.template)],
  ["😀".repeat(300), "😀".repeat(templateLimits.template)],
];
for (const [message, template] of cases) {
  test(`templateMessage: ${message.slice(0, 60)}`, () => {
    assert.equal(templateMessage(message), template);
  });
}

test("messages that differ in numbers, UUIDs or quoted texts alone have one template", () => {
  const quoted = fc.string({ maxLength: 30 }).filter((text) => !/["\r\n]/.test(text));
  fc.assert(
    fc.property(fc.nat(), fc.uuid(), quoted, (number, uuid, text) => {
      const message = `item ${number} of ${uuid} is "${text}"`;
      assert.equal(templateMessage(message), "item … of … is '…'");
    }),
    { seed: printedSeed("messages"), numRuns: 2000 },
  );
});
