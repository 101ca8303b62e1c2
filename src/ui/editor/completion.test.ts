import assert from "node:assert/strict";
import { test } from "node:test";
import { readQuery } from "../../traceql/check.ts";
import { suggestionsAt, type Vocabulary } from "./completion.ts";
import { examples } from "./queries.ts";

const asked: string[] = [];
const vocabulary: Vocabulary = {
  scopes: async () => [
    { name: "span", tags: ["http.route", "odd key"] },
    { name: "resource", tags: ["service.name", "http.route"] },
    { name: "event", tags: ["exception.type"] },
  ],
  values: async (field, q) => {
    asked.push(`${field} of ${q}`);
    return [
      { type: "string", value: 'say "hi"' },
      { type: "int", value: "7" },
    ];
  },
};

/** The texts that may stand at the `|` in a query. */
async function at(marked: string, wasAsked = true): Promise<readonly string[] | undefined> {
  const caret = marked.indexOf("|");
  const text = marked.replace("|", "");
  const found = await suggestionsAt(text, caret, vocabulary, wasAsked);
  return found?.items.map((item) => item.text);
}

test("suggestionsAt: attributes of the scope, without it, in quotes where they need them", async () => {
  assert.deepEqual(await at("{ span.|"), ['"odd key"', "http.route"]);
  assert.deepEqual(await at("{ .ht|"), ['"odd key"', "http.route", "service.name"]);
  const first = await at("{ |");
  assert.deepEqual(first?.slice(0, 2), ["resource.http.route", "resource.service.name"]);
  assert.ok(first?.includes("status") && !first.includes("event.exception.type"));
});

test("suggestionsAt: values as literals, of the field that they are compared with", async () => {
  assert.deepEqual((await at("{ span.x = |"))?.slice(0, 2), ['`say "hi"`', "7"]);
  assert.deepEqual(await at('{ resource.service.name = "sa|'), ['`say "hi"`', "7"]);
  assert.deepEqual(asked.slice(-2), [
    "span.x of { span.x = ",
    "resource.service.name of { resource.service.name = ",
  ]);
});

test("suggestionsAt: what could follow only when asked for, or after a space", async () => {
  assert.equal(await at("{ status = error }|", false), undefined);
  assert.ok((await at("{ status = error }|"))?.includes(">>"));
  assert.ok((await at("{ status = error } |", false))?.includes(">>"));
  assert.equal(await at("{ .a = 1 } // well|"), undefined);
});

for (const [q] of examples) {
  test(`example: ${q}`, () => assert.deepEqual(readQuery(q).problems, []));
}
