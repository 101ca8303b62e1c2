import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "./random.ts";
import { learnFacts, traceqlHelp, traceqlKinds } from "./traceql-queries.ts";

const TRACE_ID = "00f067aa0ba902b7".padStart(32, "0");
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const root = {
  startTimeUnixNano: "1700000000000000000",
  attributes: [text("user.id", "u-1"), text("db.collection.name", "orders")],
  status: { code: "STATUS_CODE_ERROR" },
};
const child = {
  parentSpanId: "x",
  startTimeUnixNano: "1700000001000000000",
  attributes: [text("messaging.message.id", "m-1"), text("app.cart.kind", "kind-3")],
};
const scopeSpans = [{ spans: [root, child] }];
const resource = { attributes: [text("service.name", "cart")] };
const body = Buffer.from(JSON.stringify({ trace: { resourceSpans: [{ resource, scopeSpans }] } }));

const known = [{ traceId: TRACE_ID, spans: 2 }];

test("questions are about what is in the traces, and know a wrong answer", async () => {
  const random = new Random(1);
  const facts = await learnFacts({ read: () => Promise.resolve(body) }, known, random);
  const asked = Object.entries(traceqlKinds).map(([kind, { question }]) => {
    const { path, problem } = question(random, facts);
    assert.match(path, /start=1699[0-9]{6}&end=1700000601|start=1699997001/);
    assert.notEqual(problem(Buffer.from("{}")), undefined, kind);
    return [kind, new URL(path, "http://x").searchParams.get("q")];
  });
  assert.deepEqual(Object.fromEntries(asked), {
    "search rare, promoted": '{ span.user.id = "u-1" }',
    "search rare, unpromoted": '{ span.messaging.message.id = "m-1" }',
    "search errors": '{ resource.service.name = "cart" && status = error }',
    "search regex": '{ span.db.query.text =~ ".*orders.*" }',
    "search structure": '{ resource.service.name = "cart" } >> { span.app.cart.kind = "kind-3" }',
    rate: "{} | rate() by (resource.service.name)",
    quantiles: "{} | quantile_over_time(duration, .5, .95, .99) by (resource.service.name)",
    compare: "{} | compare({ status = error })",
    "tag names": null,
    "tag values": null,
  });
  const { problem } = traceqlKinds["search rare, promoted"]!.question(random, facts);
  const answer = (traceID: string) => Buffer.from(JSON.stringify({ traces: [{ traceID }] }));
  assert.equal(problem(answer("f067aa0ba902b7")), undefined);
  assert.match(problem(answer("abc"))!, /did not find trace f067aa0ba902b7$/);
});

test("who has nothing to ask for says so", async () => {
  const asking = learnFacts({ read: () => Promise.resolve(undefined) }, known, new Random(1));
  await assert.rejects(asking, { code: "unavailable", message: /have no users$/ });
});

test("help names every kind", () => {
  for (const kind of Object.keys(traceqlKinds)) assert.ok(traceqlHelp().includes(`  ${kind} `));
});
