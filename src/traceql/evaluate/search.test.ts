/** What answers of a search show, and in which order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace, idOf } from "../../../test/support/brief-trace.ts";
import { foundNames, goodQuery, matchesOf } from "../../../test/support/found-spans.ts";
import type { SearchQuery } from "../ast.ts";
import { compileSearch, type ShownSpan } from "./search.ts";
import { compareTraces, type RankedTrace } from "./sort.ts";
import { valueText } from "./values.ts";
import { traceViewOf } from "./view-of-trace.ts";

const spans: readonly BriefSpan[] = [
  {
    id: "root",
    name: "GET /",
    service: "web",
    kind: "server",
    duration: 5_000_000,
    attributes: { a: 1n, list: ["x", "y"], flag: true },
    resource: { a: "r", zone: "z" },
  },
  { id: "b", of: "root", service: "web", status: "error", attributes: { a: 2.5 }, duration: 1_500 },
  { id: "c", of: "b", service: "db", attributes: { zone: "z" } },
];

function show(query: string, limit = 3): ShownSpan[] {
  const search = compileSearch(goodQuery(query));
  const view = traceViewOf(briefTrace(spans));
  const [match] = search.evaluate(view);
  return search.show(view, match!, limit);
}

/** The attributes shown of every span, as "key=value key=value". */
function shownTexts(query: string): string[] {
  return show(query).map(({ attributes }) =>
    attributes
      .map(({ key, value }) => `${key}=${JSON.stringify(Object.values(value)[0])}`)
      .join(" "),
  );
}

const cases: [query: string, want: string[]][] = [
  // What is mentioned, without its scope; what a span lacks is left out.
  [`{ span.a != nil }`, [`a="1"`, `a=2.5`]],
  [`{ .a != nil }`, [`a="1"`, `a=2.5`]],
  [`{ resource.service.name = "web" }`, [`service.name="web"`, `service.name="web"`]],
  [
    `{ } | select(span.flag, span.list)`,
    [`flag=true list={"values":[{"stringValue":"x"},{"stringValue":"y"}]}`, "", ""],
  ],
  [`{ status = error && kind != client }`, [`status="error" kind="internal"`]],
  [
    `{ name = "b" } | select(status, nestedSetLeft, nestedSetRight, nestedSetParent)`,
    [`status="error" nestedSetLeft="2" nestedSetRight="5" nestedSetParent="1"`],
  ],
  // What answers have anyway.
  [
    `{ name = "b" && duration > 1us && traceDuration > 1ns && rootName != "" } | ` +
      `{ rootServiceName != "" && trace:id != "" && span:id != "" }`,
    [""],
  ],
  [
    `{ name = "b" } | select(span:parentID, span:childCount)`,
    [`span:parentID="${idOf("root")}" span:childCount="1"`],
  ],
  [`{ name = "GET /" } | select(span:parentID)`, [`span:parentID="0000000000000000"`]],
  [`{ name = "b" } | by(resource.service.name) | avg(span.a) > 1`, [`service.name="web" a=2.5`]],
  [
    `{ name = "c" } | select(parent.a, parent.span.zone, parent:duration, parent:name)`,
    [`parent.a=2.5 parent:duration="1.5µs" parent:name="b"`],
  ],
  // Two values under one key, or one value under it twice.
  [`{ name = "GET /" } | select(span.a, resource.a)`, [`a="1" a="r"`]],
  [`{ name = "c" } | select(span.zone, .zone)`, [`zone="z"`]],
  [
    `{ name = "c" } | select(span:start, trace:spanCount, trace:errorCount)`,
    [`span:start="1700000000000000002" trace:spanCount="3" trace:errorCount="1"`],
  ],
];
for (const [query, want] of cases) {
  test(`shown: ${query}`, () => assert.deepEqual(shownTexts(query), want));
}

test("shown: a span's own data; its name only if the query asks", () => {
  const base = 1_700_000_000_000_000_000n;
  assert.deepEqual(show(`{ status = error }`), [
    {
      spanId: idOf("b"),
      name: "",
      startUnixNano: base + 1n,
      durationNano: 1_500n,
      attributes: [{ key: "status", value: { stringValue: "error" } }],
    },
  ]);
  assert.equal(show(`{ status = error } | select(name)`)[0]!.name, "b");
  assert.equal(show(`{ status = error } | select(parent:name)`)[0]!.name, "");
});

test("shown: so many spans at most, of all that matched", () => {
  assert.equal(show(`{ }`, 2).length, 2);
  assert.equal(matchesOf(`{ }`, briefTrace(spans))[0]!.rows.length, 3);
});

test("shown: a metrics query is searched for its spans", () => {
  assert.equal(foundNames(`{ status = error } | rate() by (name)`, spans), "b");
  const sum = `({ status = error } | rate()) + ({ name = "c" } | rate())`;
  assert.equal(foundNames(sum, spans), "b c");
  assert.equal(foundNames(`{ status = error } | compare({ name = "b" })`, spans), "b");
});

test("a trace without spans is not found", () => {
  const view = { ...traceViewOf(briefTrace(spans)), length: 0 };
  assert.deepEqual(compileSearch(goodQuery(`{ }`)).evaluate(view), []);
});

// ── Order ────────────────────────────────────────────────────────────────────────────────────────

const ranked: readonly BriefSpan[] = [
  { id: "int", attributes: { v: 3n } },
  { id: "float", attributes: { v: 2.5 } },
  { id: "text", attributes: { v: "a" } },
  { id: "none" },
  { id: "bool", attributes: { v: true } },
  { id: "same", attributes: { v: 3 } },
  { id: "none2" },
  { id: "list", attributes: { v: ["a", "b"] } },
  { id: "nan", attributes: { v: Number.NaN } },
];
const sortCases: [query: string, want: string][] = [
  [`{ } | sort(span.v)`, "nan float same int text bool list none2 none"],
  [`{ } | sort(span.v desc)`, "list bool text same int float nan none2 none"],
  [
    `{ span.v != nil && name != "nan" } | by(span.v < 3) | sort(span.v)`,
    "float | same int text bool list",
  ],
  [`{ span.v < 9 } | by(span.v < 3) | sort(span.v desc)`, "same int | float"],
  [`{ span.v < 9 } | sort(-span.v)`, "same int float"],
  [`{ span.v < 9 } | sort(status)`, "same float int"],
  [`{ span.v < 9 } | sort(name desc)`, "same int float"],
];
for (const [query, want] of sortCases) {
  test(`order: ${query}`, () => assert.equal(foundNames(query, ranked), want));
}

test("order: the first spanset has the trace's key", () => {
  const keyOf = (query: string): string => {
    const [first] = matchesOf(query, briefTrace(ranked));
    return valueText(first!.key);
  };
  assert.equal(keyOf(`{ span.v < 9 } | by(name) | sort(span.v)`), "2.5");
  assert.equal(keyOf(`{ span.v < 9 } | by(name) | sort(span.v desc)`), "3");
  assert.equal(keyOf(`{ span.v = nil } | sort(span.v desc)`), "nil");
  assert.equal(keyOf(`{ }`), "nil");
});

test("order: traces by key, then the newest, then by id", () => {
  const trace = (traceId: string, start: bigint, key?: bigint): RankedTrace => ({
    traceId,
    startUnixNano: start,
    key: key === undefined ? undefined : { type: "int", value: key },
  });
  const traces = [
    trace("a", 1n, 5n),
    trace("b", 3n, 4n),
    trace("d", 2n, 5n),
    trace("c", 2n, 5n),
    trace("e", 9n),
  ];
  const orderOf = (query: string): string => {
    const { sort } = goodQuery(query) as SearchQuery;
    return traces
      .toSorted((a, b) => compareTraces(sort, a, b))
      .map(({ traceId }) => traceId)
      .join("");
  };
  assert.equal(orderOf(`{ }`), "ebcda");
  assert.equal(orderOf(`{ } | sort(span.v)`), "bcdae");
  assert.equal(orderOf(`{ } | sort(span.v desc)`), "cdabe");
});
