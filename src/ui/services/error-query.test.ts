import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { printedSeed, runs } from "../../../test/support/oracle.ts";
import { templateMessage } from "../../model/message-template.ts";
import { parseQuery } from "../../traceql/parse.ts";
import { errorQuery, templateRegExp } from "./error-query.ts";

/** As TraceQL's are matched: whole texts, and never in more than linear time. */
const matches = (template: string, message: string): boolean =>
  RE2JS.compile(templateRegExp(template)).matches(message);

test("templateRegExp: matches the messages that have the template", () => {
  const piece = fc.oneof(
    fc.nat().map(String),
    fc.uuid(),
    fc.constantFrom(" ", "'a b'", '"x"', "(a)", "[b].*", "\\", "…", "\n at", "can't", "é", "1.5"),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const message = pieces.join("");
      assert.ok(matches(templateMessage(message), message));
    }),
    { seed: printedSeed("error query"), numRuns: runs(3000) },
  );
  const quoted = `00000000-0000-1000-8000-000000000000'a b'…"x"`;
  assert.ok(matches(templateMessage(quoted), quoted));
  assert.ok(!matches("user … not found", "user x is gone"));
});

test("errorQuery: a list of conditions, whatever is in the texts", () => {
  const group = { service: 'a"b', type: "A`B", template: "can't \\ find '…' (…)" };
  const q = errorQuery(group);
  assert.ok(parseQuery(q).query?.kind === "search", q);
  assert.equal(
    errorQuery({ service: "shop", type: "", template: "" }),
    '{ resource.service.name = "shop" && status = error }',
  );
});
