import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTable } from "../../test/support/brief-table.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { selfTimes, statisticsBy } from "./statistics.ts";

test("selfTimes: nanosecond by nanosecond, what no child covers", () => {
  const spans = anySpans(10).map((all) =>
    all.map((span) => ({ ...span, duration: Math.min(span.duration ?? 1, 30) })),
  );
  const property = fc.property(spans, (briefs) => {
    const table = briefTable(briefs);
    const { startNano, spanNano, parent } = table;
    const self = selfTimes(table);
    const runs = (row: number, nano: number): boolean =>
      nano >= startNano[row]! && nano < startNano[row]! + spanNano[row]!;
    for (let row = 0; row < table.length; row++) {
      let alone = 0;
      for (let nano = startNano[row]!; nano < startNano[row]! + spanNano[row]!; nano++) {
        const children = Array.from(parent.keys()).filter((at) => parent[at] === row);
        if (!children.some((child) => runs(child, nano))) alone++;
      }
      assert.equal(self[row], alone);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test("statisticsBy: counts, sums and quantiles of each group", () => {
  const table = briefTable([
    ...Array.from({ length: 20 }, (_, i) => ({
      id: `${i}`,
      service: "a",
      start: i,
      duration: i + 1,
      status: i === 3 ? ("error" as const) : ("unset" as const),
    })),
    { id: "b", service: "b", start: 30, duration: 500 },
  ]);
  const [b, a] = statisticsBy(table, table.service, selfTimes(table));
  assert.deepEqual([table.texts[b!.number], b!.count, b!.p95Nano], ["b", 1, 500]);
  assert.deepEqual(
    { ...a, number: 0 },
    {
      number: 0,
      count: 20,
      errors: 1,
      totalNano: 210,
      selfNano: 210,
      p50Nano: 10,
      p95Nano: 19,
      mostNano: 20,
    },
  );
});

test("statisticsBy: rows below 0 are in no group", () => {
  const table = briefTable([{ id: "a" }, { id: "b" }]);
  const groups = statisticsBy(table, [-1, 7], selfTimes(table));
  assert.deepEqual(
    groups.map(({ number, count }) => [number, count]),
    [[7, 1]],
  );
});
