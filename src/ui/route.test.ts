import assert from "node:assert/strict";
import { test } from "node:test";
import { anyTraces, readRoute, traceHref, tracesHref, type Route } from "./route.ts";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const cases: [href: string, want: Route][] = [
  ["/", { kind: "traces", ...anyTraces }],
  [
    "/?service=a%26b&since=900&limit=200&live=off",
    { kind: "traces", service: "a&b", sinceSeconds: 900, limit: 200, live: false },
  ],
  ["/?since=x&limit=-1", { kind: "traces", ...anyTraces }],
  ["/?limit=99999", { kind: "traces", ...anyTraces, limit: 1000 }],
  [`/trace/${id}`, { kind: "trace", traceId: id, span: "", utc: false }],
  [`/trace/${id}/`, { kind: "trace", traceId: id, span: "", utc: false }],
  [`/trace/${id}?span=01.2&time=utc`, { kind: "trace", traceId: id, span: "01.2", utc: true }],
  ["/trace/AB", { kind: "trace", traceId: "ab".padStart(32, "0"), span: "", utc: false }],
  ["/elsewhere", { kind: "unknown", path: "/elsewhere" }],
];
for (const [href, want] of cases) {
  test(`readRoute: ${href}`, () => {
    assert.deepEqual(readRoute(new URL(href, "http://clew.test")), want);
  });
}

test("readRoute: a wrong trace id says why, however it is escaped", () => {
  for (const [href, typed] of [
    ["/trace/xyz", "xyz"],
    ["/trace/%E0%A4%A", "%E0%A4%A"],
  ] as const) {
    const route = readRoute(new URL(href, "http://clew.test"));
    assert.equal(route.kind, "wrongTraceId");
    assert.equal(route.kind === "wrongTraceId" && route.typed, typed);
  }
});

test("hrefs: read back as what they were made from", () => {
  const back = (href: string): Route => readRoute(new URL(href, "http://clew.test"));
  const query = { service: "é /?&", sinceSeconds: 900, limit: 100, live: false };
  assert.deepEqual(back(tracesHref(query)), { kind: "traces", ...query });
  assert.equal(tracesHref(anyTraces), "/");
  const trace = { traceId: id, span: "00f067aa0ba902b7", utc: true };
  assert.deepEqual(back(traceHref(trace)), { kind: "trace", ...trace });
  assert.equal(traceHref({ traceId: id }), `/trace/${id}`);
});
