import assert from "node:assert/strict";
import { test } from "node:test";
import { everything } from "./explore/explore-route.ts";
import { readRoute, type Route } from "./route.ts";
import { readTraceQuery, traceHref, type TraceQuery } from "./trace/trace-query.ts";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const plain: TraceQuery = readTraceQuery(id, new URLSearchParams());
const cases: [href: string, want: Route][] = [
  ["/", { kind: "explore", ...everything }],
  ["/?live=off", { kind: "explore", ...everything, live: false }],
  [`/trace/${id}`, { kind: "trace", ...plain }],
  [`/trace/${id}/`, { kind: "trace", ...plain }],
  [`/trace/${id}?span=01.2&time=utc`, { kind: "trace", ...plain, span: "01.2", utc: true }],
  [`/trace/${id}?zoom=9-x&at=1e9&view=none`, { kind: "trace", ...plain }],
  ["/trace/AB", { kind: "trace", ...plain, traceId: "ab".padStart(32, "0") }],
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
  const zoom = { from: 12, to: 4_000_000 };
  const trace = { ...plain, atSeconds: 1_700_000_000, span: "00f067aa0ba902b7", utc: true, zoom };
  assert.deepEqual(back(traceHref(trace)), { kind: "trace", ...trace });
  assert.equal(traceHref({ traceId: id }), `/trace/${id}`);
});
