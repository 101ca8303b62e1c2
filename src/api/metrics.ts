/** Series over time in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import { doubleJson } from "../model/double-json.ts";
import type { MetricsQueries, MetricsRequest } from "../query/metrics.ts";
import { readQuery } from "../traceql/check.ts";
import type { Series } from "../traceql/evaluate/metrics/series.ts";
import { exemplarLimit, readHints } from "../traceql/evaluate/hints.ts";
import {
  defaultStepNano,
  instantGrid,
  rangeGrid,
  sampleTimesMs,
  type TimeGrid,
} from "../traceql/evaluate/metrics/time-grid.ts";
import { anyValueOf } from "../traceql/evaluate/values.ts";
import { apiBase, type MetricsAnswer, type MetricsSeriesAnswer } from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import {
  givenParameters,
  parseParameters,
  spanOfTime,
  type Stretch,
  stretchOf,
  whole,
} from "./parameters.ts";
import { receiptAnswer } from "./receipt-answer.ts";
import { refusedQuery } from "./refused-query.ts";

interface MetricsApiOptions {
  /** What the tenant that asks may ask; throws if there is none. */
  readonly metricsOf: (request: HttpRequest) => MetricsQueries;
  readonly nowSeconds: () => number;
}

const MOST_SAMPLES = 10_000;
const MOST_EXEMPLARS = 100;
const DEFAULT_SECONDS = 3600;
const HIGHEST_SERIES = 10_000;
const DEFAULT_SERIES = 1000;
const NANO = 1_000_000_000;

const stepProblem = "is not a number of seconds above 0";
/** What `/metrics` may be asked with. */
export const metricsParameters = z.strictObject({
  ...spanOfTime,
  q: z.string("is missing"),
  step: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/, stepProblem)
    .transform((text) => BigInt(Math.round(Number(text) * NANO)))
    .refine((nano) => nano > 0n, stepProblem)
    .optional(),
  instant: z.enum(["true", "false"], "is neither true nor false").optional(),
  exemplars: whole(0, MOST_EXEMPLARS),
  limit: whole(1, HIGHEST_SERIES),
});

/** The route. */
export function metricsRoutes({ metricsOf, nowSeconds }: MetricsApiOptions): Route[] {
  const handler = async (request: HttpRequest): Promise<HttpResponse> => {
    const queries = metricsOf(request);
    const given = parseParameters(
      metricsParameters,
      Object.fromEntries(givenParameters(request.query)),
    );
    const { query, problems } = readQuery(given.q);
    if (query === undefined) return refusedQuery(problems);
    if (query.kind !== "metrics") {
      throw new Fault("invalid", "q: a query that gives traces is for /api/clew/v1/search");
    }
    const stretch = stretchOf(given, nowSeconds()) ?? lastHour(nowSeconds());
    const grid = gridOf(stretch, given.step, given.instant === "true");
    const asked: MetricsRequest = {
      query,
      grid,
      exemplars:
        given.exemplars === 0
          ? 0
          : exemplarLimit(readHints(query.hints), given.exemplars ?? 0, MOST_EXEMPLARS),
      maxSeries: given.limit ?? DEFAULT_SERIES,
    };
    const { series, truncated, receipt } = await queries.metrics(asked, { signal: request.signal });
    const answer: MetricsAnswer = {
      timesMs: sampleTimesMs(grid),
      stepMs: Number(grid.stepNano) / 1e6,
      series: series.map(seriesAnswer),
      truncated,
      receipt: receiptAnswer(receipt),
    };
    return json(answer);
  };
  return [{ method: "GET", pattern: `${apiBase}/metrics`, handler }];
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

function lastHour(nowSeconds: number): Stretch {
  return {
    fromNano: BigInt(nowSeconds - DEFAULT_SECONDS) * BigInt(NANO),
    toNano: BigInt(nowSeconds) * BigInt(NANO),
  };
}

function gridOf(
  { fromNano: startNano, toNano: endNano }: Stretch,
  step: bigint | undefined,
  isInstant: boolean,
): TimeGrid {
  if (isInstant) return instantGrid(startNano, endNano);
  const stepNano = step ?? defaultStepNano(endNano - startNano);
  const grid = rangeGrid({ startNano, endNano, stepNano });
  if (grid.count <= MOST_SAMPLES) return grid;
  throw new Fault("invalid", `step: it makes ${grid.count} samples, over ${MOST_SAMPLES}`);
}

function seriesAnswer({ labels, values, exemplars }: Series): MetricsSeriesAnswer {
  const keyValues = (list: Series["labels"]) =>
    list.map(({ name, value }) => ({ key: name, value: anyValueOf(value) }));
  return {
    labels: keyValues(labels),
    values: Array.from(values, (value) => (Number.isNaN(value) ? null : doubleJson(value))),
    exemplars: exemplars.map((exemplar) => ({
      timeMs: exemplar.timestampMs,
      value: doubleJson(exemplar.value),
      labels: keyValues(exemplar.labels),
    })),
  };
}
