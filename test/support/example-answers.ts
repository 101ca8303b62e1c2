/** Answers to queries over the example traces, as briefly as docs/traceql.md has them. */
import { Fault } from "../../src/base/fault.ts";
import type { Query } from "../../src/traceql/ast.ts";
import { MetricsAccumulator } from "../../src/traceql/evaluate/metrics/metrics.ts";
import { rangeGrid } from "../../src/traceql/evaluate/metrics/time-grid.ts";
import { compileSearch } from "../../src/traceql/evaluate/search.ts";
import { compareTraces } from "../../src/traceql/evaluate/sort.ts";
import { valueText } from "../../src/traceql/evaluate/values.ts";
import { traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { EXAMPLE_NOON, exampleTraces } from "./example-traces.ts";

const MAX_SPANS = 6;
const MAX_SERIES = 4;

/** Samples at 12:00:00, 12:00:10 and 12:00:20, each of the ten seconds before. */
const grid = rangeGrid({
  startNano: EXAMPLE_NOON,
  endNano: EXAMPLE_NOON + 20_000_000_000n,
  stepNano: 10_000_000_000n,
});

/** The names of the spans found, spansets separated by slashes, traces by semicolons; or the points of
 * series behind what their labels say; or the number of either if there are many. */
export function exampleAnswer(query: Query): string {
  try {
    return query.kind === "metrics" ? metricsAnswer(query) : searchAnswer(query);
  } catch (error) {
    if (error instanceof Fault) return `error: ${error.message}`;
    throw error;
  }
}

function searchAnswer(query: Query & { kind: "search" }): string {
  const search = compileSearch(query);
  const found = exampleTraces
    .map((trace) => {
      const sets = search.evaluate(traceViewOf(trace));
      const names = sets.map(({ rows }) => rows.map((row) => trace.spans[row]!.name));
      const { traceId, startUnixNano } = trace;
      return { traceId, startUnixNano: BigInt(startUnixNano), key: sets[0]?.key, names };
    })
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => compareTraces(query.sort, a, b))
    .slice(0, query.limit?.count);
  const count = found.flatMap(({ names }) => names.flat()).length;
  if (count === 0) return "none";
  if (count > MAX_SPANS) {
    const inTraces = found.length === 1 ? "one trace" : `${found.length} traces`;
    return `${count} spans of ${inTraces}`;
  }
  return found
    .map(({ names }) => names.map((set) => set.map((name) => `\`${name}\``).join(" ")).join(" / "))
    .join("; ");
}

function metricsAnswer(query: Query & { kind: "metrics" }): string {
  const accumulator = new MetricsAccumulator(query, { grid, exemplars: 0, seriesLimit: 1000 });
  for (const trace of exampleTraces) accumulator.add(traceViewOf(trace));
  const series = accumulator.series();
  if (series.length === 0) return "none";
  if (series.length > MAX_SERIES) return `${series.length} series`;
  return series
    .map(({ labels, values }) => {
      const of = labels
        .filter(({ name }) => name !== "__name__")
        .map(({ value }) => valueText(value));
      const points = Array.from(values, (value) =>
        Number.isNaN(value) ? "–" : String(Number(value.toPrecision(3))),
      );
      return `${of.length === 0 ? "" : `${of.join(", ")}: `}${points.join(" ")}`;
    })
    .join("; ");
}
