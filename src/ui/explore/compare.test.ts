import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricsSeriesAnswer } from "../../api/contract.ts";
import type { AnyValue } from "../../model/trace.ts";
import { readQuery } from "../../traceql/check.ts";
import { comparingOf, readComparison } from "./compare.ts";
import { everything, type ExploreQuery } from "./explore-route.ts";

const box = { fromSeconds: 100, toSeconds: 160, overNano: 1e9, upToNano: 2e9 };
const inBox = "compare({ duration > 1s && duration <= 2s }, 10, 100000000000, 160000000000)";
const cases: [query: Partial<ExploreQuery>, want: string | undefined][] = [
  [{}, undefined],
  [{ q: "{ } | rate()" }, undefined],
  [{ q: "{ .a } >> { .b }" }, undefined],
  [{ box }, `{ kind in (server, consumer) } | ${inBox}`],
  [{ box, allSpans: true }, `{ } | ${inBox}`],
  [{ box, q: "{ kind = client }" }, `{ kind = client } | ${inBox}`],
  [{ box, q: "{ .a } | limit(3)", allSpans: true }, `{ .a } | ${inBox}`],
  [
    { q: "{ status = error && .a = 1 }" },
    "{ kind in (server, consumer) } | compare({ (status = error) && (.a = 1) }, 10)",
  ],
];
for (const [query, want] of cases) {
  test(`comparingOf: ${JSON.stringify(query)}`, () => {
    const q = comparingOf({ ...everything, ...query })?.q;
    assert.equal(q, want);
    if (q !== undefined) assert.deepEqual(readQuery(q).problems, []);
  });
}

function counted(type: string, key: string, value: AnyValue, count: number): MetricsSeriesAnswer {
  const meta = { key: "__meta_type", value: { stringValue: type } };
  return { labels: [meta, { key, value }], values: [count], exemplars: [] };
}

test("readComparison: shares of all spans of a side, what differs most first", () => {
  const nil = { stringValue: "nil" };
  const { selected, others, attributes } = readComparison([
    counted("selection", "kind", { stringValue: "server" }, 10),
    counted("baseline", "kind", { stringValue: "server" }, 100),
    counted("selection_total", "kind", nil, 10),
    counted("baseline_total", "kind", nil, 100),
    counted("selection", "span.tier", { stringValue: "7" }, 8),
    counted("baseline", "span.tier", { stringValue: "7" }, 10),
    counted("baseline", "span.tier", { stringValue: "gold" }, 90),
    counted("selection_total", "span.tier", nil, 8),
    counted("baseline_total", "span.tier", nil, 100),
  ]);
  assert.deepEqual([selected, others], [10, 100]);
  assert.deepEqual(
    attributes.map(({ field, difference }) => [field, Math.round(difference * 100)]),
    [
      ["span.tier", 90],
      ["kind", 0],
    ],
  );
  assert.deepEqual(
    attributes[0]!.values.map(({ text, condition, selectedShare, otherShare }) => [
      text,
      condition,
      Math.round(selectedShare * 100),
      Math.round(otherShare * 100),
    ]),
    [
      ["gold", 'span.tier = "gold"', 0, 90],
      ["7", 'span.tier = "7"', 80, 10],
      ["absent", "span.tier = nil", 20, 0],
    ],
  );
  assert.equal(attributes[1]!.values[0]!.condition, "kind = server");
});
