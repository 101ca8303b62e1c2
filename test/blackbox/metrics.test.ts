/**
 * Metrics through the real engine against the evaluator alone: random queries over random traces, which
 * are spread over hours and batches, and of which some spans are stored twice. `CLEW_METRICS=5000` asks
 * more.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import type { Trace } from "../../src/model/trace.ts";
import { createMetrics, type MetricsRequest } from "../../src/query/metrics.ts";
import { OddTimes } from "../../src/store/odd-times.ts";
import { sql } from "../../src/store/sql.ts";
import { readQuery } from "../../src/traceql/check.ts";
import { MetricsAccumulator } from "../../src/traceql/evaluate/metrics/metrics.ts";
import type { Series } from "../../src/traceql/evaluate/metrics/series.ts";
import { instantGrid, rangeGrid } from "../../src/traceql/evaluate/metrics/time-grid.ts";
import { anyValueOf } from "../../src/traceql/evaluate/values.ts";
import { traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { printedSeed, sameItems } from "../support/oracle.ts";
import { anyFilterText, anyPipelineText } from "../support/random-traces.ts";
import { anyTraces } from "../support/spread-traces.ts";
import { openTraceStore, type TraceStore } from "../support/stored-traces.ts";

const asked = Number(process.env["CLEW_METRICS"] ?? 200);
const ASKED_A_FILL = 100;
const SECOND = 1_000_000_000n;
const now = Math.floor(Date.now() / 1000);

let store: TraceStore;
before(async () => {
  store = await openTraceStore();
});
after(() => store.close());

const fields = [
  "duration",
  "span.a",
  ".a",
  ".b",
  "resource.c",
  "span:start",
  "event.a",
  "event:timeSinceStart",
  "span:childCount",
];
const groups = [
  "",
  "",
  " by (resource.service.name)",
  " by (.service.name, status)",
  " by (name, kind)",
  " by (span.a)",
  " by (.a, resource.c)",
  " by (duration, span.missing)",
  " by (event:name)",
  " by (trace:id, span:id)",
  " by (rootName)",
];
const functions = [
  "rate()",
  "count_over_time()",
  ...["min", "max", "sum", "avg", "histogram"].flatMap((fn) =>
    fields.map((field) => `${fn}_over_time(${field})`),
  ),
  ...fields.map((field) => `quantile_over_time(${field}, 0.5, 0.9)`),
];
const leaf = fc
  .tuple(
    fc.oneof(
      fc.constantFrom("{ }", "{ nestedSetParent < 0 }", "{ kind = server && status != error }"),
      anyFilterText,
      anyPipelineText,
    ),
    fc.constantFrom(...functions),
    fc.constantFrom(...groups),
  )
  .map(([pipeline, fn, by]) => `${pipeline} | ${fn}${by}`);
const compare = fc
  .tuple(
    fc.oneof(fc.constant("{ }"), fc.constant("{ nestedSetParent < 0 }"), anyFilterText),
    fc.oneof(fc.constantFrom("{ status = error }", "{ kind = server }"), anyFilterText),
    fc.constantFrom("", ", 1", ", 3", `, 10, ${now - 7200}000000000, ${now - 600}000000000`),
  )
  .map(([pipeline, selection, rest]) => `${pipeline} | compare(${selection}${rest})`);
/** Sums of times since 1970 are rounded, so which of two that are nearly equal is the larger is chance. */
const exact = leaf.filter((text) => !/(avg|sum)_over_time\(span:start\)/.test(text));
const question = fc.oneof(
  { weight: 8, arbitrary: leaf },
  { weight: 2, arbitrary: compare },
  fc.tuple(exact, fc.constantFrom("> 1", "| topk(2)", "| bottomk(1)")).map((all) => all.join(" ")),
  fc.tuple(leaf, fc.constantFrom("+", "/"), leaf).map(([a, op, b]) => `(${a}) ${op} (${b})`),
);

/** A query, the hours before now that it is about, and how. */
interface MetricsText {
  readonly text: string;
  readonly range: [number, number];
  readonly stepSeconds: number;
  readonly exemplars: number;
}

const anyRequest: fc.Arbitrary<MetricsText> = fc.record({
  text: question,
  range: fc.constantFrom<[number, number]>([0, 10], [0, 1], [2, 5], [0.1, 0.3], [1, 9]),
  stepSeconds: fc.constantFrom(0, 7, 60, 300, 3600),
  exemplars: fc.constantFrom(0, 3, 100),
});

/** What was once answered wrongly, asked of all traces. */
const once: [MetricsText, boolean][] = [
  [
    {
      text: "{ span:childCount != 1 || true } | rate() by (resource.service.name)",
      range: [0, 10],
      stepSeconds: 300,
      exemplars: 100,
    },
    false,
  ],
  [
    {
      text: "{ event.a != nil } | compare({ kind = server }, 3)",
      range: [0, 10],
      stepSeconds: 3600,
      exemplars: 0,
    },
    false,
  ],
];

/** Series as data that can be compared; sums only as far as they are not a matter of rounding. */
function plain(series: readonly Series[]): unknown[] {
  return series.map(({ labels, values, exemplars }) => ({
    labels: labels.map(({ name, value }) => [name, anyValueOf(value)]),
    values: Array.from(values, rounded),
    exemplars: exemplars.map((one) => ({
      ...one,
      value: rounded(one.value),
      labels: one.labels.map(({ name, value }) => [name, anyValueOf(value)]),
    })),
  }));
}

function rounded(value: number): unknown {
  return Number.isNaN(value) ? "none" : Number(value.toPrecision(12));
}

/** Every third trace came through samplers. */
function sampled(traces: readonly Trace[]): Trace[] {
  return traces.map((trace, i) => {
    if (i % 3 > 0) return trace;
    const spans = trace.spans.map((span, row) => {
      return { ...span, traceState: row % 2 === 0 ? "a=b,ot=rv:0123456789abcd;th:c" : "ot=th:8" };
    });
    return { ...trace, spans };
  });
}

function weightsOf({ spans }: Trace): Float64Array {
  return Float64Array.from(spans, ({ traceState }) =>
    traceState === "" ? 1 : traceState === "ot=th:8" ? 2 : 4,
  );
}

/** What the evaluator says of all traces; undefined if one of them cannot be calculated for. */
function expected({ query, grid, exemplars }: MetricsRequest, traces: readonly Trace[]) {
  const accumulator = new MetricsAccumulator(query, { grid, exemplars, seriesLimit: 10_000 });
  try {
    for (const trace of traces) accumulator.add(traceViewOf(trace), weightsOf(trace));
    return plain(accumulator.series());
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid") return undefined;
    throw error;
  }
}

test(`${asked} metrics queries have the series that the evaluator has of all traces`, async () => {
  const seed = printedSeed("metrics");
  let [found, shown, inSql] = [0, 0, 0];
  for (let round = 0; round * ASKED_A_FILL < asked; round++) {
    const oddTimes = new OddTimes();
    const [some] = fc.sample(anyTraces(now), { seed: seed + round, numRuns: 1 });
    const traces = round % 2 === 0 ? sampled(some!) : some!;
    await store.fill(traces, now);
    await store.client.command(
      sql`INSERT INTO clew.spans SELECT * FROM clew.spans WHERE cityHash64(span_id, trace_id) % 5 = 0`,
    );
    const property = fc.asyncProperty(
      anyRequest,
      fc.boolean(),
      async ({ text, range, stepSeconds, exemplars }, isBitByBit) => {
        const { query } = readQuery(text);
        if (query?.kind !== "metrics") return;
        const ago = (hours: number): bigint => BigInt(now - Math.round(hours * 3600)) * SECOND;
        const time = { startNano: ago(range[1]), endNano: ago(range[0]) };
        const stepNano = BigInt(stepSeconds) * SECOND;
        const grid =
          stepSeconds === 0
            ? instantGrid(time.startNano, time.endNano)
            : rangeGrid({ ...time, stepNano });
        const request = { query, grid, exemplars, maxSeries: 0 };
        const want = expected(request, traces);
        if (want === undefined) return;
        const progress = isBitByBit ? { progress: () => {} } : {};
        const { series, receipt } = await createMetrics({
          ...store.options(now),
          oddTimes,
        }).metrics(request, progress);
        sameItems(plain(series), want, text);
        found += series.length;
        shown += series.filter((one) => one.exemplars.length > 0).length;
        if (receipt.inspectedSpans === 0 && series.length > 0) inSql++;
      },
    );
    await fc.assert(property, {
      seed: seed + round,
      numRuns: ASKED_A_FILL,
      endOnFailure: true,
      examples: once,
    });
  }
  console.log({ found, shown, inSql });
  assert.ok(found > asked / 2, `only ${found} series`);
});
