import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace } from "../../test/support/brief-trace.ts";
import { traceViewOf } from "../traceql/evaluate/view-of-trace.ts";
import { compileJudge, UNDECIDED } from "./judge.ts";
import { readPolicies } from "./read-policies.ts";

const judge = compileJudge(
  readPolicies(
    `
policies:
  - { name: errors, match: '{ status = error }', keep: always }
  - { name: slow, match: '{ trace:duration > 500ms }', keep: always }
  - name: payment reads
    match: '{ resource.service.name = "payment" } >> { span.db.system = "postgresql" }'
    keep: 50%
  - { name: large, match: '{ } | count() > 2', keep: never }
default: 1%
`,
    "p.yaml",
  ),
);

const MS = 1_000_000;
const cases: [name: string, spans: BriefSpan[], policy: number][] = [
  ["an error somewhere", [{ id: "a" }, { id: "b", of: "a", status: "error" }], 0],
  ["both slow and failing", [{ id: "a", status: "error", duration: 900 * MS }], 0],
  ["slow", [{ id: "a", duration: 501 * MS }], 1],
  ["not slow enough", [{ id: "a", duration: 500 * MS }], 4],
  [
    "below the payment",
    [
      { id: "a", service: "payment" },
      { id: "b", of: "a", service: "bank" },
      { id: "c", of: "b", service: "bank", attributes: { "db.system": "postgresql" } },
    ],
    2,
  ],
  ["beside the payment", [{ id: "a", service: "payment" }, { id: "b" }, { id: "c" }], 3],
  ["nothing of all that", [{ id: "a" }, { id: "b", of: "a" }], 4],
];
for (const [name, spans, policy] of cases) {
  test(`judge: ${name}`, () => assert.equal(judge(traceViewOf(briefTrace(spans))), policy));
}

test("judge: a trace for which a filter takes too long is undecided", () => {
  const spans = Array.from({ length: 20_000 }, (_, i) => ({ id: `s${i}` }));
  const slow = Array.from({ length: 6000 }, (_, i) => `{.v>${i}}`).join("||");
  const text = `policies: [{ name: a, keep: never, match: "${slow}" }]`;
  const judgeSlowly = compileJudge(readPolicies(text, "p.yaml"));
  assert.equal(judgeSlowly(traceViewOf(briefTrace(spans))), UNDECIDED);
});
