import assert from "node:assert/strict";
import { test } from "node:test";
import { attributeTypes } from "../model/attribute-columns.ts";
import { type AttributeShape, promotedByTraffic } from "./promoted.ts";
import { builtInTable, spansTable } from "./schema.ts";

const { string, int, double, bool, encoded } = attributeTypes;
const shape: AttributeShape = { scope: "span", key: "app.id", type: string, fewValues: false };

const types: [name: string, shape: Partial<AttributeShape>, columnType: string | undefined][] = [
  ["text of few values", { fewValues: true }, "LowCardinality(Nullable(String))"],
  ["text of many values", {}, "Nullable(String)"],
  ["int", { type: int }, "Nullable(Int64)"],
  ["double", { type: double }, "Nullable(Float64)"],
  ["bool", { type: bool }, "Nullable(Bool)"],
  ["encoded", { type: encoded }, undefined],
  ["no key", { key: "" }, undefined],
  ["control character", { key: "a\nb" }, undefined],
  ["long key", { key: "k".repeat(201) }, undefined],
  ["longest key", { key: "k".repeat(200) }, "Nullable(String)"],
];
for (const [name, change, columnType] of types) {
  test(`column of an attribute: ${name}`, () => {
    assert.equal(promotedByTraffic({ ...shape, ...change })?.columnType, columnType);
  });
}

test("column names are plain, say what they are for, and differ when attributes do", () => {
  const keys = ["app.id", "App.Id", "app_id", "app.id`", "\u{1f980}", "é", "k".repeat(199)];
  const shapes = keys.flatMap((key) =>
    (["span", "resource"] as const).flatMap((scope) =>
      [string, int].map((type) => ({ ...shape, scope, key, type })),
    ),
  );
  const columns = shapes.map((each) => promotedByTraffic(each)!.column);
  for (const column of columns) assert.match(column, /^(span|resource)_[a-z0-9_]{1,80}$/);
  assert.equal(new Set(columns).size, shapes.length);
  assert.match(columns[0]!, /^span_app_id_[0-9a-f]{12}$/);
});

test("a table with further columns has them behind those built in, scope by scope", () => {
  const added = [
    promotedByTraffic({ ...shape, scope: "resource" })!,
    promotedByTraffic({ ...shape, scope: "span" })!,
  ];
  const { columns, promoted } = spansTable(added);
  assert.equal(columns.length, builtInTable.columns.length + 2);
  assert.equal(promoted.at(-1), added[0]);
  const lastSpan = promoted.findLastIndex(({ scope }) => scope === "span");
  assert.equal(promoted[lastSpan], added[1]);
  const first = columns.findIndex(([name]) => name === promoted[0]!.column);
  promoted.forEach((attribute, i) => assert.equal(columns[first + i]![0], attribute.column));
});
