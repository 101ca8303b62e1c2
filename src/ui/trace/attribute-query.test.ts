import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyValue } from "../../model/trace.ts";
import { readQuery } from "../../traceql/check.ts";
import { attributeField, exploreHref, valueText } from "./attribute-query.ts";

const values: [value: AnyValue, text: string | undefined][] = [
  [{ stringValue: 'say "hi"\n' }, '"say \\"hi\\"\\n"'],
  [{ intValue: "9007199254740993" }, "9007199254740993"],
  [{ doubleValue: 84.5 }, "84.5"],
  [{ doubleValue: 84 }, "84.0"],
  [{ doubleValue: "NaN" }, undefined],
  [{ boolValue: true }, "true"],
  [{ bytesValue: "AA==" }, undefined],
  [{}, undefined],
];
for (const [value, text] of values) {
  test(`valueText: ${JSON.stringify(value)}`, () => assert.equal(valueText(value), text));
}

test("attribute queries are in the language, whatever the key", () => {
  for (const key of ["http.route", "a b", 'c"d', "é", "1", "x=y"]) {
    for (const owner of ["span", "resource", "scope", "event", "link"] as const) {
      const query = `{ ${attributeField(owner, key)} = "x" }`;
      assert.deepEqual(readQuery(query).problems, [], query);
    }
  }
});

test("exploreHref: escapes the query", () => {
  assert.equal(exploreHref('{ span.a = "&" }'), "/?q=%7B+span.a+%3D+%22%26%22+%7D");
});
