/** The answers in docs/traceql.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { docsExamples } from "../../../test/support/docs-examples.ts";
import { exampleAnswer } from "../../../test/support/example-answers.ts";
import { goodQuery } from "../../../test/support/found-spans.ts";

for (const { section, query, answer } of docsExamples) {
  test(`answer: ${section}: ${query}`, () => assert.equal(exampleAnswer(goodQuery(query)), answer));
}

test("answers: there is something to see", () => {
  const found = docsExamples.filter(({ answer }) => answer !== "none");
  assert.ok(docsExamples.length > 100 && found.length > 0.9 * docsExamples.length);
});
