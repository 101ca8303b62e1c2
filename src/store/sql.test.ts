import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identifier, joinSql, programText, render, sql, type Param, type Sql } from "./sql.ts";

const text = (value: string): Param => ({ type: "String", value });

describe("render", () => {
  const cases: [name: string, statement: Sql, want: ReturnType<typeof render>][] = [
    ["no holes", sql`SELECT 1`, { text: "SELECT 1", params: {} }],
    [
      "parameters are numbered in the order of the text",
      sql`a = ${text("x")} AND b > ${{ type: "UInt64", value: 2n ** 63n }}`,
      { text: "a = {p0:String} AND b > {p1:UInt64}", params: { p0: "x", p1: 2n ** 63n } },
    ],
    [
      "nested statements share the numbers",
      sql`(${sql`a = ${text("x")}`} OR ${sql`b = ${text("y")}`}) AND c = ${text("z")}`,
      {
        text: "(a = {p0:String} OR b = {p1:String}) AND c = {p2:String}",
        params: { p0: "x", p1: "y", p2: "z" },
      },
    ],
    [
      "a value that looks like SQL stays a value",
      sql`name = ${text("x'; DROP TABLE spans --")}`,
      { text: "name = {p0:String}", params: { p0: "x'; DROP TABLE spans --" } },
    ],
    [
      "a list is one parameter",
      sql`id IN ${{ type: "Array(String)", value: ["a", "b"] }}`,
      { text: "id IN {p0:Array(String)}", params: { p0: ["a", "b"] } },
    ],
    [
      "the same piece twice is two parameters",
      joinSql([sql`x = ${text("v")}`, sql`x = ${text("v")}`], sql` OR `),
      { text: "x = {p0:String} OR x = {p1:String}", params: { p0: "v", p1: "v" } },
    ],
    ["nothing joined is nothing", joinSql([], sql` AND `), { text: "", params: {} }],
    ["one joined is itself", joinSql([sql`a`], sql` AND `), { text: "a", params: {} }],
    ["program text", programText("SELECT 1"), { text: "SELECT 1", params: {} }],
  ];
  for (const [name, statement, want] of cases) {
    test(name, () => assert.deepEqual(render(statement), want));
  }
});

describe("identifier", () => {
  const cases: [name: string, want: string][] = [
    ["spans", "`spans`"],
    ["http.route", "`http.route`"],
    ["a`b", "`a\\`b`"],
    ["a\\", "`a\\\\`"],
    ["a\\`; DROP", "`a\\\\\\`; DROP`"],
  ];
  for (const [name, want] of cases) {
    test(name, () => assert.equal(render(identifier(name)).text, want));
  }
  for (const name of ["", "a\0b"]) {
    test(`refuses ${JSON.stringify(name)}`, () => {
      assert.throws(() => identifier(name), /not an identifier/);
    });
  }
});

describe("sql refuses", () => {
  // What could come from JSON or an unchecked cast.
  const holes: [name: string, hole: unknown][] = [
    ["a string", "x"],
    ["a number", 1],
    ["null", null],
    ["an imitation of SQL", { text: ["DROP TABLE spans"], holes: [] }],
    ["a type that is more than a type", { type: "String} OR 1=1 --", value: "" }],
    ["a parameter without a value", { type: "String" }],
  ];
  for (const [name, hole] of holes) {
    test(name, () => {
      assert.throws(() => sql`SELECT ${hole as Param}`, /neither SQL nor a parameter/);
    });
  }
});
