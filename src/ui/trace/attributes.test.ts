import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyValue, KeyValue } from "../../model/trace.ts";
import { filterAttributes, showValue } from "./attributes.ts";

const long = "x".repeat(40);
const cases: [name: string, value: AnyValue, type: string, text: string][] = [
  ["string", { stringValue: 'say "hi"' }, "string", 'say "hi"'],
  ["empty string", { stringValue: "" }, "string", ""],
  ["int beyond 2^53", { intValue: "-9223372036854775808" }, "int", "-9223372036854775808"],
  ["double", { doubleValue: 0.25 }, "double", "0.25"],
  ["NaN", { doubleValue: "NaN" }, "double", "NaN"],
  ["bool", { boolValue: false }, "bool", "false"],
  ["bytes", { bytesValue: "AAH/" }, "bytes", "3 B: 00 01 ff"],
  ["no value", {}, "empty", "(empty)"],
  ["JSON in a string", { stringValue: '{"a":[1]}' }, "string", '{\n  "a": [\n    1\n  ]\n}'],
  ["nearly JSON in a string", { stringValue: "{a}" }, "string", "{a}"],
  [
    "short list",
    { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }, {}] } },
    "array",
    '["a", 1, (empty)]',
  ],
  [
    "map in a map",
    {
      kvlistValue: {
        values: [
          {
            key: "a",
            value: { kvlistValue: { values: [{ key: "b", value: { boolValue: true } }] } },
          },
        ],
      },
    },
    "map",
    "{a: {b: true}}",
  ],
  [
    "long list",
    { arrayValue: { values: [{ stringValue: long }, { stringValue: long }] } },
    "array",
    `[\n  "${long}",\n  "${long}"\n]`,
  ],
];
for (const [name, value, type, text] of cases) {
  test(`showValue: ${name}`, () => {
    assert.deepEqual(showValue(value), { type, text, block: text.includes("\n") });
  });
}

test("filterAttributes: by key or value, in any case", () => {
  const attributes: KeyValue[] = [
    { key: "http.route", value: { stringValue: "/Cart" } },
    { key: "cart.size", value: { intValue: "3" } },
    { key: "db.system", value: { stringValue: "redis" } },
  ];
  const keys = (filter: string): string[] =>
    filterAttributes(attributes, filter).map(({ key }) => key);
  assert.deepEqual(keys("cart "), ["http.route", "cart.size"]);
  assert.deepEqual(keys(""), ["http.route", "cart.size", "db.system"]);
  assert.deepEqual(keys("absent"), []);
});
