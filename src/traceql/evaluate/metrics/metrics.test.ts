/** Metrics functions over a few spans, with a step of ten seconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace } from "../../../../test/support/brief-trace.ts";
import { goodQuery } from "../../../../test/support/found-spans.ts";
import { Fault } from "../../../base/fault.ts";
import type { MetricsQuery } from "../../ast.ts";
import { anyValueOf } from "../values.ts";
import { traceViewOf } from "../view-of-trace.ts";
import type { MetricsOptions } from "./leaf.ts";
import { MetricsAccumulator } from "./metrics.ts";
import type { Label, Series } from "./series.ts";
import { instantGrid, rangeGrid } from "./time-grid.ts";

const SECOND = 1_000_000_000;
const BASE = 1_700_000_000n * BigInt(SECOND);

/** Samples at 0, 10, 20 and 30 s after the base, which the traces start at. */
const grid = rangeGrid({
  startNano: BASE,
  endNano: BASE + 30n * BigInt(SECOND),
  stepNano: 10n * BigInt(SECOND),
});
const options: MetricsOptions = { grid, exemplars: 0, seriesLimit: 1000 };

interface Asked {
  readonly traces: readonly (readonly BriefSpan[])[];
  readonly options?: Partial<MetricsOptions>;
  readonly weights?: (row: number) => number;
}

function ask(query: string, { traces, weights, ...asked }: Asked): Series[] {
  const all = { ...options, ...asked.options };
  const accumulator = new MetricsAccumulator(goodQuery(query) as MetricsQuery, all);
  traces.forEach((spans, i) => {
    const traceId = String(i + 1).padStart(32, "0");
    const trace = briefTrace(spans, { traceId, base: BASE });
    const of = weights && Float64Array.from(trace.spans, (_, row) => weights(row));
    accumulator.add(traceViewOf(trace), of);
  });
  return accumulator.series();
}

/** Labels as "key=value", values as in JSON. */
function labelTexts(labels: readonly Label[]): string {
  const value = (label: Label): string => JSON.stringify(Object.values(anyValueOf(label.value))[0]);
  return labels.map((label) => `${label.name}=${value(label)}`).join(" ");
}

function texts(all: readonly Series[]): string[] {
  return all.map(({ labels, values }) => {
    const points = Array.from(values, (value) => (Number.isNaN(value) ? "_" : String(value)));
    return `{${labelTexts(labels)}} ${points.join(" ")}`;
  });
}

/*
 *          0 s          10 s          20 s          30 s
 *   a  at  0
 *   b  at    1 ns
 *   c  at               10 s
 *   d  at                                    21 s
 *   e  at                                                  31 s: too late
 */
const spans: readonly BriefSpan[] = [
  { id: "a", start: 0, service: "web", attributes: { n: 4n, k: 7n }, duration: 2 * SECOND },
  { id: "b", start: 1, service: "web", attributes: { n: 2.5, k: 7 }, duration: SECOND },
  {
    id: "c",
    start: 10 * SECOND,
    service: "db",
    attributes: { n: 1n, list: ["x", "y"] },
    duration: 0.5 * SECOND,
  },
  {
    id: "d",
    start: 21 * SECOND,
    service: "web",
    status: "error",
    attributes: { n: "text" },
    duration: 3,
  },
  { id: "e", start: 31 * SECOND, service: "web", attributes: { n: 9n }, duration: 1 },
];

const cases: [query: string, want: string[]][] = [
  [`{ } | count_over_time()`, [`{__name__="count_over_time"} 1 2 0 1`]],
  [`{ } | rate()`, [`{__name__="rate"} 0.1 0.2 0 0.1`]],
  // Nothing matched: ungrouped there are zeros, grouped there is nothing.
  [`{ false } | rate()`, [`{__name__="rate"} 0 0 0 0`]],
  [`{ name = "e" } | count_over_time()`, [`{__name__="count_over_time"} 0 0 0 0`]],
  [`{ false } | rate() by (name)`, []],
  [`{ false } | sum_over_time(span.n)`, []],
  [`{ false } | quantile_over_time(duration, .5)`, []],
  [
    `{ } | count_over_time() by (resource.service.name)`,
    [`{resource.service.name="db"} 0 1 0 0`, `{resource.service.name="web"} 1 1 0 1`],
  ],
  [
    `{ } | count_over_time() by (status, .service.name)`,
    [
      `{status="error" .service.name="web"} 0 0 0 1`,
      `{status="unset" .service.name="db"} 0 1 0 0`,
      `{status="unset" .service.name="web"} 1 1 0 0`,
    ],
  ],
  // Ints and floats apart, typed; nil values are left out, and if all are the first is "nil".
  [
    `{ } | count_over_time() by (span.k)`,
    [`{span.k=7} 0 1 0 0`, `{span.k="7"} 1 0 0 0`, `{span.k="nil"} 0 1 0 1`],
  ],
  [
    `{ } | count_over_time() by (span.k, span.missing)`,
    [`{span.k=7} 0 1 0 0`, `{span.k="7"} 1 0 0 0`, `{span.k="nil"} 0 1 0 1`],
  ],
  [`{ } | count_over_time() by (span.missing, name) > 1`, []],
  [`{ name = "c" } | count_over_time() by (span.list)`, [`{span.list="nil"} 0 1 0 0`]],
  [
    `{ name = "d" } | count_over_time() by (duration, kind)`,
    [`{duration="3ns" kind="internal"} 0 0 0 1`],
  ],
  [`{ name = "d" } | count_over_time() by (span."odd key", name)`, [`{name="d"} 0 0 0 1`]],
  // Over numbers; samples without one are left out.
  [`{ } | sum_over_time(span.n)`, [`{__name__="sum_over_time"} 4 3.5 _ _`]],
  [`{ } | avg_over_time(span.n)`, [`{__name__="avg_over_time"} 4 1.75 _ _`]],
  [`{ } | min_over_time(span.n)`, [`{__name__="min_over_time"} 4 1 _ _`]],
  [`{ } | max_over_time(span.n)`, [`{__name__="max_over_time"} 4 2.5 _ _`]],
  [
    `{ } | max_over_time(span.n) by (name)`,
    [`{name="a"} 4 _ _ _`, `{name="b"} _ 2.5 _ _`, `{name="c"} _ 1 _ _`],
  ],
  [`{ } | min_over_time(name)`, []],
  [`{ } | sum_over_time(span.missing)`, []],
  // Durations of spans are seconds, all others nanoseconds.
  [`{ } | sum_over_time(duration)`, [`{__name__="sum_over_time"} 2 1.5 _ 3e-9`]],
  [`{ } | avg_over_time(duration)`, [`{__name__="avg_over_time"} 2 0.75 _ 3e-9`]],
  [`{ } | max_over_time(duration)`, [`{__name__="max_over_time"} 2 1 _ 3e-9`]],
  [
    `{ name = "a" } | max_over_time(traceDuration)`,
    [`{__name__="max_over_time"} 31000000001 _ _ _`],
  ],
  // Powers of two of nanoseconds, shown in seconds; ints as they are; 1, floats and texts have none.
  [
    `{ } | histogram_over_time(duration)`,
    [
      `{__bucket=1.073741824} 0 1 0 0`,
      `{__bucket=2.147483648} 1 0 0 0`,
      `{__bucket=4e-9} 0 0 0 1`,
      `{__bucket=0.536870912} 0 1 0 0`,
    ].sort(),
  ],
  [`{ } | histogram_over_time(span.n)`, [`{__bucket=4} 1 0 0 0`]],
  [
    `{ } | histogram_over_time(span.n) by (resource.service.name)`,
    [`{resource.service.name="web" __bucket=4} 1 0 0 0`],
  ],
  [
    `{ } | quantile_over_time(duration, 1, 0.5)`,
    [
      `{p=0.5} ${2 ** 31 / 1e9} ${2 ** 29 / 1e9} 0 4e-9`,
      `{p=1} ${2 ** 31 / 1e9} ${2 ** 30 / 1e9} 0 4e-9`,
    ],
  ],
  [
    `{ } | quantile_over_time(duration, 1) by (status)`,
    [
      `{status="error" p=1} 0 0 0 4e-9`,
      `{status="unset" p=1} ${2 ** 31 / 1e9} ${2 ** 30 / 1e9} 0 0`,
    ],
  ],
  [`{ } | quantile_over_time(span.n, .5)`, [`{p=0.5} 4 0 0 0`]],
  // Through stages, and with maths.
  [
    `{ } | by(resource.service.name) | count() > 2 | count_over_time()`,
    [`{__name__="count_over_time"} 1 1 0 1`],
  ],
  [
    `({ status = error } | rate()) / ({ } | rate()) * 100`,
    [`{__name__="(rate / rate)"} 0 0 _ 100`],
  ],
  [
    `{ } | count_over_time() by (name) | topk(1)`,
    [`{name="a"} 1 _ 0 _`, `{name="b"} _ 1 _ _`, `{name="d"} _ _ _ 1`],
  ],
];
for (const [query, want] of cases) {
  test(`metrics: ${query}`, () =>
    assert.deepEqual(texts(ask(query, { traces: [spans] })).sort(), want.toSorted()));
}

test("metrics: an instant query has one value for the whole range", () => {
  const instant = { grid: instantGrid(BASE, BASE + 40n * BigInt(SECOND)) };
  const value = (query: string): string[] =>
    texts(ask(query, { traces: [spans], options: instant }));
  assert.deepEqual(value(`{ } | rate()`), [`{__name__="rate"} 0.125`]);
  assert.deepEqual(value(`{ } | count_over_time() by (resource.service.name)`), [
    `{resource.service.name="db"} 1`,
    `{resource.service.name="web"} 4`,
  ]);
  assert.deepEqual(value(`{ } | max_over_time(span.n)`), [`{__name__="max_over_time"} 9`]);
});

test("metrics: events have one value each span, and spans without any do not count", () => {
  const traces = [
    [
      {
        id: "a",
        start: 5,
        events: [
          { name: "x", at: 100 },
          { name: "y", at: 300 },
        ],
      },
      { id: "b", start: 6 },
    ],
  ];
  const value = (query: string): string[] => texts(ask(query, { traces }));
  assert.deepEqual(value(`{ } | avg_over_time(event:timeSinceStart)`), [
    `{__name__="avg_over_time"} _ 300 _ _`,
  ]);
  assert.deepEqual(value(`{ event:name = "x" } | avg_over_time(event:timeSinceStart)`), [
    `{__name__="avg_over_time"} _ 100 _ _`,
  ]);
  assert.deepEqual(value(`{ } | count_over_time() by (event:name)`), [
    `{event:name="nil"} _ 1 _ _`.replaceAll("_ ", "0 ").replace(/_$/, "0"),
    `{event:name="y"} 0 1 0 0`,
  ]);
});

test("metrics: weights count, but for the least and the greatest", () => {
  const asked = { traces: [spans], weights: (row: number) => row + 1 };
  const value = (query: string): string[] => texts(ask(query, asked));
  assert.deepEqual(value(`{ } | count_over_time()`), [`{__name__="count_over_time"} 1 5 0 4`]);
  assert.deepEqual(value(`{ } | rate()`), [`{__name__="rate"} 0.1 0.5 0 0.4`]);
  assert.deepEqual(value(`{ } | sum_over_time(span.n)`), [`{__name__="sum_over_time"} 4 8 _ _`]);
  assert.deepEqual(value(`{ } | avg_over_time(span.n)`), [`{__name__="avg_over_time"} 4 1.6 _ _`]);
  assert.deepEqual(value(`{ } | max_over_time(span.n)`), [`{__name__="max_over_time"} 4 2.5 _ _`]);
  assert.deepEqual(value(`{ name = "a" || name = "b" } | histogram_over_time(duration)`), [
    `{__bucket=1.073741824} 0 2 0 0`,
    `{__bucket=2.147483648} 1 0 0 0`,
  ]);
});

test("metrics: so many series at most", () => {
  const few = { traces: [spans], options: { seriesLimit: 2 } };
  assert.throws(
    () => ask(`{ } | rate() by (name)`, few),
    new Fault("tooLarge", "the query has more than 2 series"),
  );
  assert.equal(ask(`{ } | rate() by (resource.service.name)`, few).length, 2);
});

test("metrics: a failure is one of the query", () => {
  assert.throws(
    () =>
      ask(`{ 1 / span.n > 1 || name = "a" } | rate()`, {
        traces: [[{ id: "z", attributes: { n: 0n } }]],
      }),
    {
      code: "invalid",
      message: "division by zero",
    },
  );
});

// ── compare() ────────────────────────────────────────────────────────────────────────────────────

function compared(
  query: string,
  traces: readonly (readonly BriefSpan[])[],
  which: RegExp,
): string[] {
  return texts(ask(query, { traces })).filter((text) => which.test(text));
}

test("compare: every attribute, selection and baseline, with totals", () => {
  assert.deepEqual(compared(`{ } | compare({ status = error })`, [spans], /service\.name/), [
    `{__meta_type="baseline" resource.service.name="db"} 0 1 0 0`,
    `{__meta_type="baseline" resource.service.name="web"} 1 1 0 0`,
    `{__meta_type="baseline_total" resource.service.name="nil"} 1 2 0 0`,
    `{__meta_type="selection" resource.service.name="web"} 0 0 0 1`,
    `{__meta_type="selection_total" resource.service.name="nil"} 0 0 0 1`,
  ]);
  const attributes = ask(`{ } | compare({ status = error })`, { traces: [spans] }).map(
    ({ labels }) => labels[1]!.name,
  );
  assert.deepEqual([...new Set(attributes)].sort(), [
    "kind",
    "name",
    "resource.service.name",
    "rootName",
    "rootServiceName",
    "span.k",
    "span.n",
    "status",
  ]);
});

test("compare: the most frequent values; of equals the first by text", () => {
  const traces = ["y", "x", "z", "y"].map((v) => [{ id: "s", attributes: { v } }]);
  assert.deepEqual(compared(`{ } | compare({ false }, 2)`, traces, /span\.v/), [
    `{__meta_type="baseline" span.v="x"} 1 0 0 0`,
    `{__meta_type="baseline" span.v="y"} 2 0 0 0`,
    `{__meta_type="baseline_total" span.v="nil"} 4 0 0 0`,
  ]);
});

test("compare: selected within a time only, its end not included", () => {
  const at = (seconds: number): bigint => BASE + BigInt(seconds * SECOND);
  const query = `{ } | compare({ resource.service.name = "web" }, 10, ${at(0)}, ${at(21)})`;
  assert.deepEqual(compared(query, [spans], / name=/), [
    `{__meta_type="baseline" name="c"} 0 1 0 0`,
    `{__meta_type="baseline" name="d"} 0 0 0 1`,
    `{__meta_type="baseline_total" name="nil"} 0 1 0 1`,
    `{__meta_type="selection" name="a"} 1 0 0 0`,
    `{__meta_type="selection" name="b"} 0 1 0 0`,
    `{__meta_type="selection_total" name="nil"} 1 1 0 0`,
  ]);
});

// ── Exemplars ────────────────────────────────────────────────────────────────────────────────────

const many = Array.from({ length: 60 }, (_, i): BriefSpan[] => [
  {
    id: "r",
    start: i * SECOND * 0.5,
    attributes: { n: BigInt(i) },
    duration: Math.floor(2 ** 20 * (1 + i / 60)),
  },
  { id: "s", of: "r", start: i * SECOND * 0.5 + 5, attributes: { n: BigInt(i) } },
]);

test("exemplars: one a trace and stretch of time, and no more than asked for", () => {
  for (const exemplars of [0, 1, 2, 4, 8, 100]) {
    const [series] = ask(`{ span.n >= 0 } | count_over_time()`, {
      traces: many,
      options: { exemplars },
    });
    const ids = series!.exemplars.map(({ labels }) =>
      labelTexts(labels).replace(/.*trace:id=/, ""),
    );
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.length <= exemplars, `${ids.length} of ${exemplars}`);
    assert.ok(exemplars === 0 || ids.length > 0);
    for (let index = 0; index < grid.count; index++) {
      const here = series!.exemplars.filter((exemplar) => exemplar.index === index);
      // With fewer stretches than samples a stretch has several samples, never the other way round.
      assert.ok(here.length <= 1);
      for (const exemplar of here) assert.equal(exemplar.value, series!.values[index]);
    }
  }
});

test("exemplars: what is told of them", () => {
  const asked = {
    traces: [[{ id: "a", start: 1_500_000, attributes: { n: 5n }, service: "web" }]],
    options: { exemplars: 10 },
  };
  const query = `{ span.n > 1 && resource.service.name != nil } | max_over_time(span.n) by (name)`;
  const [series] = ask(query, asked);
  const [exemplar] = series!.exemplars;
  assert.equal(
    labelTexts(exemplar!.labels),
    `span.n="5" resource.service.name="web" name="a" trace:id="1"`,
  );
  assert.deepEqual(
    [exemplar!.value, exemplar!.timestampMs, exemplar!.index],
    [5, Number(BASE / 1_000_000n) + 1, 1],
  );
  const value = (text: string): number => ask(text, asked)[0]!.exemplars[0]!.value;
  // The argument's value, in seconds if it is the duration; the sample's where there is none.
  assert.equal(value(`{ } | max_over_time(duration)`), 1e-9);
  assert.equal(value(`{ } | rate()`), 0.1);
  assert.equal(value(`{ } | histogram_over_time(span.n)`), 1);
  assert.equal(value(`({ } | rate()) * 60`), 6);
});

test("exemplars: beside the quantile that they are nearest below", () => {
  const all = ask(`{ kind = internal && span.n >= 0 } | quantile_over_time(duration, 0.1, 1)`, {
    traces: many,
    options: { exemplars: 100 },
  });
  const [low, high] = all;
  assert.ok(high!.exemplars.length > 0);
  for (const { value, index } of low!.exemplars) assert.ok(value <= low!.values[index]!);
  for (const { value, index } of high!.exemplars) assert.ok(value > low!.values[index]!);
});

test("exemplars: in a histogram beside their bucket", () => {
  const all = ask(`{ } | histogram_over_time(span.n)`, {
    traces: many,
    options: { exemplars: 100 },
  });
  assert.ok(all.flatMap(({ exemplars }) => exemplars).length > 0);
  for (const { exemplars, labels } of all) {
    const bound = (labels[0]!.value as { value: number }).value;
    for (const exemplar of exemplars) {
      const n = exemplar.labels.find(({ name }) => name === "span.n")!.value as { value: bigint };
      assert.ok(Number(n.value) <= bound && Number(n.value) > bound / 2);
    }
  }
});

test("exemplars: of compare beside the totals of what the span has", () => {
  const all = ask(`{ } | compare({ span.n > 30 })`, { traces: many, options: { exemplars: 20 } });
  const withSome = all.filter(({ exemplars }) => exemplars.length > 0);
  assert.deepEqual(
    [...new Set(withSome.map(({ labels }) => labelTexts(labels).split(" ")[0]))],
    [`__meta_type="baseline_total"`, `__meta_type="selection_total"`],
  );
});

test("exemplars: instant queries have none", () => {
  const instant = { grid: instantGrid(BASE, BASE + 40n * BigInt(SECOND)), exemplars: 10 };
  assert.deepEqual(ask(`{ } | rate()`, { traces: many, options: instant })[0]!.exemplars, []);
});
