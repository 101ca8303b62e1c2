import assert from "node:assert/strict";
import { test } from "node:test";
import { everything, type ExploreQuery, exploreHref, readExploreQuery } from "./explore-route.ts";

const read = (href: string): ExploreQuery =>
  readExploreQuery(new URL(href, "http://clew.test").searchParams);

const cases: [href: string, want: Partial<ExploreQuery>][] = [
  ["/", {}],
  ["/?service=a%22b", { q: '{ resource.service.name = `a"b` }' }],
  ["/?service=a&q=%7B%7D", { q: "{}" }],
  ["/?since=900&limit=99999", { time: { kind: "since", seconds: 900 }, limit: 1000 }],
  ["/?from=10&to=20", { time: { kind: "between", fromSeconds: 10, toSeconds: 20 } }],
  ["/?from=20&to=10&since=60", { time: { kind: "since", seconds: 60 } }],
  ["/?since=x&limit=-1&sort=x&box=1.2.3", {}],
  ["/?by=span.http.route", { by: "span.http.route" }],
  [`/?by=${"x".repeat(300)}`, {}],
  ["/?box=2.1.3.4", {}],
  ["/?box=1.2.4.3", {}],
  ["/?sort=-duration&live=off", { sorting: { key: "duration", descending: true }, live: false }],
];
for (const [href, want] of cases) {
  test(`readExploreQuery: ${href}`, () => {
    assert.deepEqual(read(href), { ...everything, ...want });
  });
}

test("exploreHref: reads back as what it was made from", () => {
  const query: ExploreQuery = {
    q: '{ name = "é /?&" }',
    time: { kind: "between", fromSeconds: 1_795_000_000, toSeconds: 1_795_003_600 },
    utc: true,
    allSpans: true,
    by: "operation",
    box: { fromSeconds: 1_795_000_060, toSeconds: 1_795_000_120, overNano: 0, upToNano: 2e9 },
    compare: true,
    sorting: { key: "p95", descending: false },
    limit: 200,
    live: false,
  };
  assert.deepEqual(read(exploreHref(query)), query);
  assert.equal(exploreHref(everything), "/");
});
