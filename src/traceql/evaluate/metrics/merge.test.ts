/** Accumulators: however traces are dealt out, in whatever order they come and results are merged, the
 * series are the same; and they are what the definitions say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BriefSpan, briefTrace } from "../../../../test/support/brief-trace.ts";
import { goodQuery } from "../../../../test/support/found-spans.ts";
import { naiveMetrics } from "../../../../test/support/naive-metrics.ts";
import { text } from "../../../../test/support/naive-traceql.ts";
import { printedSeed, runs } from "../../../../test/support/oracle.ts";
import { anySpans } from "../../../../test/support/random-traces.ts";
import type { MetricsQuery } from "../../ast.ts";
import { traceViewOf } from "../view-of-trace.ts";
import { MetricsAccumulator } from "./metrics.ts";
import { NAME_LABEL, type Series } from "./series.ts";
import { rangeGrid } from "./time-grid.ts";

const BASE = 1_700_000_000_000_000_000n;
/** Random spans start within 20 ns of their trace, traces within 20 ns: samples of 7 ns. */
const grid = rangeGrid({ startNano: BASE, endNano: BASE + 40n, stepNano: 7n });
const options = { grid, exemplars: 6, seriesLimit: 1000 };

const fields = ["span.a", "duration", ".b", "span:childCount", "event.a"];
const functions = [
  "rate()",
  "count_over_time()",
  ...["sum", "avg", "min", "max", "histogram"].flatMap((fn) =>
    fields.map((field) => `${fn}_over_time(${field})`),
  ),
];
const groups = ["", "by (name)", "by (span.a, kind)", "by (resource.c, status, .b)"];
const filters = [
  "{ }",
  `{ name =~ "p|q" }`,
  "{ status = error } &>> { }",
  "{ } | by(name) | count() > 1",
];

const query = fc
  .tuple(fc.constantFrom(...filters), fc.constantFrom(...functions), fc.constantFrom(...groups))
  .map((parts) => `${parts[0]} | ${parts[1]} ${parts[2]}`);
const otherQuery = fc.constantFrom(
  `{ } | quantile_over_time(duration, 0.1, 0.5, 1) by (name)`,
  `{ } | quantile_over_time(span.a, 0.9)`,
  `{ } | compare({ status = error }, 2)`,
  `({ status = error } | rate() by (name)) / ({ } | rate() by (name)) > 0.1`,
  `{ } | rate() by (name) | topk(1)`,
);
const traces = fc.array(
  fc.record({ spans: anySpans(6), offset: fc.integer({ min: -5, max: 30 }) }),
  {
    maxLength: 6,
  },
);

function viewOf({ spans, offset }: { spans: readonly BriefSpan[]; offset: number }, i: number) {
  const traceId = (i + 1).toString(16).padStart(32, "0");
  return briefTrace(spans, { traceId, base: BASE + BigInt(offset) });
}

/** Series as data that can be compared; sums only as far as they are not a matter of rounding. */
function plain(series: readonly Series[]): unknown[] {
  return series.map(({ labels, values, exemplars }) => [
    labels.map(({ name, value }) => `${name}=${text(value)}`).join(),
    Array.from(values, (value) => (Number.isNaN(value) ? "none" : Number(value.toPrecision(12)))),
    exemplars
      .map((one) => [
        one.index,
        one.value,
        one.timestampMs,
        one.labels.map(({ value }) => text(value)),
      ])
      .map((one) => JSON.stringify(one))
      .sort(),
  ]);
}

test("merging is associative and commutative, and the same as feeding one", () => {
  const property = fc.property(
    fc.oneof(query, otherQuery),
    traces,
    fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }),
    (text, given, parts) => {
      const metrics = goodQuery(text) as MetricsQuery;
      const views = given.map((one, i) => traceViewOf(viewOf(one, i)));
      const fresh = (): MetricsAccumulator => new MetricsAccumulator(metrics, options);
      const fed = (part: number): MetricsAccumulator => {
        const accumulator = fresh();
        // Each part in another order than the whole.
        for (let i = views.length - 1; i >= 0; i--)
          if (parts[i] === part) accumulator.add(views[i]!);
        return accumulator;
      };
      const merged = (...all: MetricsAccumulator[]): MetricsAccumulator => {
        const [into, ...others] = all;
        for (const other of others) into!.merge(other);
        return into!;
      };
      const whole = fresh();
      for (const view of views) whole.add(view);
      const want = plain(whole.series());
      assert.deepEqual(plain(merged(fed(0), fed(1), fed(2)).series()), want);
      assert.deepEqual(plain(merged(fed(2), merged(fed(0), fed(1))).series()), want);
      assert.deepEqual(plain(merged(fresh(), fed(1), fed(2), fed(0)).series()), want);
      // Asking changes nothing, and merging leaves the other one as it was.
      const other = fed(1);
      const before = plain(other.series());
      merged(fed(0), other);
      assert.deepEqual(plain(other.series()), before);
    },
  );
  fc.assert(property, { seed: printedSeed("merging"), numRuns: runs(400) });
});

test("series are what the definitions say", () => {
  let found = 0;
  const property = fc.property(query, traces, (queryText, given) => {
    const { metrics } = goodQuery(queryText) as MetricsQuery;
    if (metrics.kind !== "metricsPipeline") return;
    const all = given.map(viewOf);
    const accumulator = new MetricsAccumulator(
      { ...(goodQuery(queryText) as MetricsQuery), metrics },
      options,
    );
    for (const trace of all) accumulator.add(traceViewOf(trace));
    const got = accumulator.series().map(({ labels, values }) => [
      labels
        .filter(({ name }) => name !== NAME_LABEL)
        .map(({ name, value }) => `${name}=${text(value)}`)
        .join(),
      Array.from(values, rounded),
    ]);
    const want = naiveMetrics(metrics, all, grid).map(([labels, points]) => [
      labels,
      points.map(rounded),
    ]);
    const byLabels = (a: unknown[], b: unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
    assert.deepEqual(got.sort(byLabels), want.sort(byLabels), queryText);
    found += got.length;
  });
  fc.assert(property, { seed: printedSeed("series"), numRuns: runs(1000) });
  assert.ok(found > runs(500), `only ${found} series`);
});

function rounded(value: number): unknown {
  return Number.isNaN(value) ? "none" : Number(value.toPrecision(12));
}

test("sums of large whole numbers are exact in any order and grouping", () => {
  const numbers = [2n ** 53n, 1n, -(2n ** 53n), 1n, 2n ** 60n, 1n, -(2n ** 60n), 1n];
  const order = fc.shuffledSubarray(numbers, { minLength: numbers.length });
  const property = fc.property(order, fc.nat(numbers.length), (order, cut) => {
    const query = goodQuery(`{ } | sum_over_time(span.n)`) as MetricsQuery;
    const parts = [new MetricsAccumulator(query, options), new MetricsAccumulator(query, options)];
    order.forEach((n, i) => {
      const trace = viewOf({ spans: [{ id: "a", attributes: { n } }], offset: 0 }, i);
      parts[i < cut ? 0 : 1]!.add(traceViewOf(trace));
    });
    parts[0]!.merge(parts[1]!);
    const { values } = parts[0]!.series()[0]!;
    assert.equal(
      values.find((value) => !Number.isNaN(value)),
      4,
    );
  });
  fc.assert(property, { seed: printedSeed("sums"), numRuns: runs(200) });
});
