/** Tests on events and links are about one of them; `&&` within a filter is about the same one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace } from "../../../test/support/brief-trace.ts";
import { failureOf, foundNames, goodQuery } from "../../../test/support/found-spans.ts";
import { compileSearch } from "./search.ts";
import { traceViewOf } from "./view-of-trace.ts";

/*
 *   two     ●exception(type=A, n=1)   ●exception(type=B, n=2)
 *   log     ●log(type=A)              ●(n=3)
 *   tags    ●tags(type=[A, C])
 *   links   →retry abc…               →batch (reason absent)
 *   plain
 */
const spans: readonly BriefSpan[] = [
  {
    id: "two",
    duration: 100,
    events: [
      { name: "exception", at: 10, attributes: { type: "A", n: 1n } },
      { name: "exception", at: 20, attributes: { type: "B", n: 2n } },
    ],
  },
  {
    id: "log",
    attributes: { n: 3n },
    events: [{ name: "log", at: 30, attributes: { type: "A" } }, { attributes: { n: 3n } }],
  },
  { id: "tags", events: [{ name: "tags", attributes: { type: ["A", "C"], ok: true } }] },
  {
    id: "links",
    links: [
      { trace: "abc", span: "7", attributes: { reason: "retry" } },
      { trace: "abd", span: "8" },
    ],
  },
  { id: "plain", attributes: { n: 9n } },
];

const cases: [query: string, want: string][] = [
  [`{ event:name = "exception" }`, "two"],
  [`{ event:name != nil }`, "two log tags"],
  [`{ event:name != "exception" }`, "log tags"],
  [`{ event:timeSinceStart > 15ns }`, "two log"],
  [`{ event.type = "A" }`, "two log tags"],
  // Another value of the same event's will do; of an array none may be equal.
  [`{ event.type != "A" }`, "two"],
  [`{ event.type =~ "B|C" }`, "two tags"],
  [`{ event.type in ("B", "C") }`, "two tags"],
  // The same event for both, or any for either.
  [`{ event.type = "A" && event.n = 2 }`, ""],
  [`{ event.type = "B" && event.n = 2 }`, "two"],
  [`{ event.type = "A" && (event.n = 2 || event.n = 1) }`, "two"],
  [`{ event.type = "B" || event.n = 3 }`, "two log"],
  [`{ event.type = "A" } && { event.n = 2 }`, "two log tags"],
  [`{ name = "two" && event.type = "A" && event.n = 1 }`, "two"],
  [`{ event.type = "A" && name = "two" && event.n = 2 }`, ""],
  // An event lacks it: there has to be one.
  [`{ event.n = nil }`, "log tags"],
  [`{ event.type = nil && event.n = 3 }`, "log"],
  [`{ event.type = nil }`, "log"],
  // A span without events has the alternatives that need none.
  [`{ (event.n = 1 || span.n = 9) && (event.type = "A" || span.n = 9) }`, "two plain"],
  [`{ (event.n = 2 || span.n = 9) && event.type = "B" }`, "two"],
  [`{ event.n = span.n }`, "log"],
  [`{ event.n + 1 = 3 }`, "two"],
  [`{ event.ok }`, "tags"],
  // Plain negation: there is none for which it holds.
  [`{ !(event:name = "exception") }`, "log tags links plain"],
  [`{ !(event.type = "A" && event.n = 2) }`, "two log tags links plain"],
  [`{ event:name != nil && !(event.n = 3) }`, "two tags"],
  [`{ !(event.n != nil) && event:name != nil }`, "tags"],
  [`{ !event.ok && event:name = "log" }`, "log"],
  [`{ (event.type = "B") = true }`, "two"],
  [`{ (event.type = "A" && event.n = 2) = true }`, ""],
  [`{ link:traceID = "00000000000000000000000000000abc" }`, "links"],
  [`{ link:spanID = "0000000000000007" }`, "links"],
  [`{ link:spanID = "7" }`, "links"],
  [`{ link:spanID != "7" }`, "links"],
  [`{ link:traceID != "" && link.reason = "retry" }`, "links"],
  [`{ link.reason = "retry" && link:spanID = "8" }`, ""],
  [`{ link.reason = nil && link:spanID = "8" }`, "links"],
  [`{ link.reason = nil && link:spanID = "7" }`, ""],
  [`{ link.reason = "retry" && event.n = 1 }`, ""],
  [`{ link.reason = "retry" || event.n = 1 }`, "two links"],
  [`{ link.reason = event.type }`, ""],
];
for (const [query, want] of cases) {
  test(`events and links: ${query}`, () => assert.equal(foundNames(query, spans), want));
}

test("events and links: one condition over an event and a link asks for a pair", () => {
  const pairs: readonly BriefSpan[] = [
    {
      id: "pair",
      events: [{ attributes: { x: "a" } }, { attributes: { x: "b", y: 1n } }],
      links: [{ attributes: { x: "b" } }, { attributes: { x: "c", z: 1n } }],
    },
  ];
  assert.equal(foundNames(`{ event.x = link.x }`, pairs), "pair");
  assert.equal(foundNames(`{ event.x = link.x && event.y = 1 }`, pairs), "pair");
  assert.equal(foundNames(`{ event.x = link.x && link.z = 1 }`, pairs), "");
});

test("events and links: a negation within looks at events of its own", () => {
  const events = [{ attributes: { b: 5n, c: 3n } }, { attributes: { b: 1n, c: 4n } }];
  const links = [{ attributes: { b: 5n, c: 3n } }, { attributes: { b: 1n, c: 4n } }];
  for (const owner of ["event", "link"]) {
    const query = `{ (O.b = 9 || !(O.b = 7)) && O.c = 4 }`.replaceAll("O", owner);
    assert.equal(foundNames(query, [{ id: "a", events, links }]), "a");
  }
});

test("events and links: what was found of one span is not taken for another's", () => {
  const search = compileSearch(goodQuery(`{ event.n = 1 || name = "log" } | select(event:name)`));
  const view = traceViewOf(briefTrace(spans));
  const names = search
    .show(view, search.evaluate(view)[0]!, 2)
    .map(({ attributes }) => attributes.find(({ key }) => key === "event:name")?.value);
  assert.deepEqual(names, [{ stringValue: "exception" }, { stringValue: "" }]);
});

test("events and links: a failure at one of them is one of the query", () => {
  assert.equal(failureOf(`{ 1 / (event.n - 2) = 1 }`, spans), "division by zero");
  const want = "expression (!event.type) expected a boolean, but got TypeString";
  assert.equal(failureOf(`{ !event.type }`, spans), want);
});

/** What is shown of the first span found, as JSON. */
function shown(query: string): unknown {
  const search = compileSearch(goodQuery(query));
  const view = traceViewOf(briefTrace(spans));
  const [match] = search.evaluate(view);
  return search
    .show(view, match!, 1)[0]!
    .attributes.map(({ key, value }) => [key, ...Object.values(value)]);
}

const shownCases: [query: string, want: unknown][] = [
  // The value of the last event that the filter was about …
  [`{ event.type = "A" }`, [["type", "A"]]],
  [
    `{ event.type = "A" } | select(event.n, event:name)`,
    [
      ["type", "A"],
      ["n", "1"],
      ["event:name", "exception"],
    ],
  ],
  [
    `{ event:name = "exception" } | select(event.n)`,
    [
      ["event:name", "exception"],
      ["n", "2"],
    ],
  ],
  // … and if it has none, of the last that has.
  [
    `{ event:name = "log" } | select(event.n)`,
    [
      ["event:name", "log"],
      ["n", "3"],
    ],
  ],
  [`{ name = "two" } | select(event.type)`, [["type", "B"]]],
  [`{ name = "plain" } | select(event.type)`, []],
  [`{ name = "links" } | select(link:spanID)`, [["link:spanID", "0000000000000008"]]],
  [
    `{ link.reason = "retry" } | select(link:spanID)`,
    [
      ["reason", "retry"],
      ["link:spanID", "0000000000000007"],
    ],
  ],
  [
    `{ !(event.type = "B") && event.n = 3 } | select(event:timeSinceStart)`,
    [
      ["type", "A"],
      ["n", "3"],
      ["event:timeSinceStart", "0s"],
    ],
  ],
];
for (const [query, want] of shownCases) {
  test(`events and links, shown: ${query}`, () => assert.deepEqual(shown(query), want));
}

test("events and links: grouped by one value, tests asking for any", () => {
  assert.equal(foundNames(`{ } | by(event.type)`, spans), "two | log | tags | links plain");
  assert.equal(foundNames(`{ } | by(event.type = "A")`, spans), "two log tags | links plain");
  assert.equal(
    foundNames(`{ } | max(event:timeSinceStart) > 15ns`, spans),
    "two log tags links plain",
  );
});
