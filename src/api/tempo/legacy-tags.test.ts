import assert from "node:assert/strict";
import { test } from "node:test";
import { readQuery } from "../../traceql/check.ts";
import { formatQuery } from "../../traceql/format.ts";
import { parseTags, tagsQuery } from "./legacy-tags.ts";

const queries: [tags: string, query: string][] = [
  ["", "{ true }"],
  ["a=b", "{ .a = `b` }"],
  ['a="b c" d', "{ .a = `b c` } && { .d = `` }"],
  ["status=500", "{ .status = `500` || .status = 500 }"],
  ["a=-7 b=1.5", "{ .a = `-7` || .a = -7 } && { .b = `1.5` || .b = 1.5 }"],
  ["a=true", "{ .a = `true` || .a = true }"],
  [
    "name=x root.name=y root.service.name=z",
    "{ name = `x` } && { rootName = `y` } && { rootServiceName = `z` }",
  ],
  ["error=true", "{ status = error }"],
  ["error=false", "{ status != error }"],
  ["status.code=2", "{ status = error }"],
  ["status.code=what", "{ false }"],
  ['http.url="\\"quoted\\""', '{ .http.url = `"quoted"` }'],
];
for (const [tags, query] of queries) {
  test(`tags: ${tags}`, () => {
    const want = readQuery(query).query!;
    assert.equal(formatQuery(tagsQuery({ tags: parseTags(tags) })), formatQuery(want));
  });
}

test("limits of the trace's duration", () => {
  const search = { tags: new Map(), minDurationNano: 1_500_000_000n, maxDurationNano: 0n };
  assert.equal(formatQuery(tagsQuery(search)), "{ traceDuration >= 1.5s }");
});

test("so many tags and no more", () => {
  const many = Array.from({ length: 101 }, (_, i) => `k${i}=v`).join(" ");
  assert.throws(() => parseTags(many), { code: "invalid", message: "invalid tags: more than 100" });
});
