/**
 * How fast queries are evaluated once the spans are at hand: 10,000 traces of 50 spans as columns, the
 * best of some rounds. `node bin/node24.mjs test/bench/evaluator.ts [query …]`
 */
import { Random } from "../../src/bench/random.ts";
import { readQuery } from "../../src/traceql/check.ts";
import { MetricsAccumulator } from "../../src/traceql/evaluate/metrics/metrics.ts";
import { rangeGrid } from "../../src/traceql/evaluate/metrics/time-grid.ts";
import { compileSearch } from "../../src/traceql/evaluate/search.ts";
import type { TraceView } from "../../src/traceql/evaluate/trace-view.ts";
import { traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { type BriefSpan, briefTrace } from "../support/brief-trace.ts";

const TRACES = 10_000;
const SPANS = 50;
const ROUNDS = 7;
const BASE = 1_700_000_000_000_000_000n;
const HOUR_NANOS = 3_600_000_000_000;

const defaultQueries = [
  "{ duration > 900ms }",
  `{ name = "op3" }`,
  "{ span.http.response.status_code >= 500 }",
  `{ .db.system = "redis" && span.user = "x77" }`,
  `{ span.user =~ "x7.*" }`,
  "{ event.exception.type != nil }",
  `{ status = error } >> { .db.system = "redis" }`,
  "{ } >> { }",
  "{ } ~ { }",
  "{ } &<< { }",
  "{ nestedSetParent < 0 }",
  "{ status = error } | by(resource.service.name) | count() > 1",
  "{ } | avg(duration) > 10ms",
  "{ } | sort(duration desc)",
  "{ } | rate()",
  "{ } | rate() by (resource.service.name)",
  "{ } | quantile_over_time(duration, .5, .95, .99) by (resource.service.name)",
  "{ } | compare({ status = error })",
];

const random = new Random(1);

function oneTrace(i: number): TraceView {
  const start = random.below(HOUR_NANOS);
  const spans = Array.from({ length: SPANS }, (_, row): BriefSpan => ({
    id: `s${row}`,
    ...(row > 0 && { of: `s${random.below(row)}` }),
    name: `op${random.below(30)}`,
    start: start + row * 1_000_000,
    duration: random.below(1_000_000_000),
    service: `service-${random.below(12)}`,
    kind: random.pick(["server", "client", "internal"] as const),
    status: random.chance(0.05) ? "error" : "unset",
    attributes: {
      "http.response.status_code": BigInt(random.pick([200, 200, 200, 404, 500])),
      "db.system": random.pick(["redis", "postgresql"]),
      user: `x${random.below(1000)}`,
    },
    events: random.chance(0.05)
      ? [{ name: "exception", attributes: { "exception.type": "T" } }]
      : [],
  }));
  return kept(
    traceViewOf(briefTrace(spans, { traceId: i.toString(16).padStart(32, "0"), base: BASE })),
  );
}

/** The same, each column made once: what a store hands in is there already. */
function kept(view: TraceView): TraceView {
  const made = new Map<string, unknown>();
  const once = <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
  return {
    ...view,
    names: () => once("names", () => view.names()),
    services: () => once("services", () => view.services()),
    attribute: (scope, key) => once(`${scope}.${key}`, () => view.attribute(scope, key)),
    attributeKeys: (scope) => once(`keys of ${scope}`, () => view.attributeKeys(scope)),
    events: () =>
      once("events", () => {
        const events = view.events();
        return { ...events, attribute: (key) => once(`event.${key}`, () => events.attribute(key)) };
      }),
  };
}

/** One pass over all traces; gives what was found, so that it is not for nothing. */
function pass(text: string, traces: readonly TraceView[]): number {
  const { query, problems } = readQuery(text);
  if (query === undefined) throw new Error(`${text}: ${problems[0].message}`);
  if (query.kind === "search") {
    const search = compileSearch(query);
    let spans = 0;
    for (const trace of traces) for (const { rows } of search.evaluate(trace)) spans += rows.length;
    return spans;
  }
  const grid = rangeGrid({
    startNano: BASE,
    endNano: BASE + BigInt(HOUR_NANOS),
    stepNano: 15_000_000_000n,
  });
  const accumulator = new MetricsAccumulator(query, { grid, exemplars: 100, seriesLimit: 10_000 });
  for (const trace of traces) accumulator.add(trace);
  return accumulator.series().length;
}

const traces = Array.from({ length: TRACES }, (_, i) => oneTrace(i));
const given = process.argv.slice(2);
for (const query of given.length > 0 ? given : defaultQueries) {
  pass(query, traces);
  let [best, found] = [Infinity, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    found = pass(query, traces);
    best = Math.min(best, performance.now() - before);
  }
  const rate = (TRACES * SPANS) / 1000 / best;
  console.log(
    `${rate.toFixed(1).padStart(7)} M spans/s ${best.toFixed(0).padStart(5)} ms  ${query}  (${found})`,
  );
}
