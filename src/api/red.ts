/** Calls, errors and durations over time, in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import { bucketUpperNano } from "../model/latency-buckets.ts";
import { groupUpperNano } from "../model/roll-up.ts";
import { spanKinds, spanStatuses } from "../model/trace.ts";
import type { RedFigures, RedQueries, RedSeries } from "../query/red.ts";
import {
  apiBase,
  type RedAnswer,
  type RedHeatmapAnswer,
  type RedSeriesAnswer,
  type RedTotals,
  type ServicesAnswer,
} from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import {
  givenParameters,
  parseParameters,
  rangeOf,
  rangeParameters,
  stepTimes,
  whole,
} from "./parameters.ts";

/** The routes; `redOf` gives what the tenant that asks may ask, and throws if there is none. */
export function redRoutes(redOf: (request: HttpRequest) => RedQueries): Route[] {
  const route = (
    path: string,
    answer: (red: RedQueries, query: URLSearchParams) => Promise<object>,
  ): Route => ({
    method: "GET",
    pattern: `${apiBase}${path}`,
    handler: async (request) => json(await answer(redOf(request), request.query)),
  });
  return [
    route("/red", redAnswer),
    route("/red/heatmap", heatmapAnswer),
    route("/services", servicesAnswer),
  ];
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

const DEFAULT_SERIES = 50;
const HIGHEST_SERIES = 500;
const DIMENSION = "dimension.";

/** Some of a list of words, separated by commas, as their numbers. */
function someOf(words: readonly string[]) {
  const problem = `is not some of ${words.join(", ")}, separated by commas`;
  return z
    .string()
    .transform((text) => text.split(",").map((word) => words.indexOf(word.trim())))
    .refine((numbers) => !numbers.includes(-1), problem)
    .optional();
}

const spans = {
  step: whole(60, 366 * 86_400),
  service: z.string().optional(),
  name: z.string().optional(),
  kind: someOf(spanKinds),
  status: someOf(spanStatuses),
  dimensions: z.record(z.string(), z.string()),
};
/** What `/services` may be asked with. */
export const servicesParameters = z.strictObject({
  ...rangeParameters,
  series: z.enum(["true", "false"], "is neither true nor false").optional(),
});
/** What `/red/heatmap` may be asked with. */
export const heatmapParameters = z.strictObject({ ...rangeParameters, ...spans });
/** What `/red` may be asked with. */
export const redParameters = z.strictObject({
  ...rangeParameters,
  ...spans,
  by: z.enum(["service", "operation"], "is neither service nor operation").optional(),
  limit: whole(1, HIGHEST_SERIES),
});

/** The parameters of a question; empty ones count as absent. Throws Fault "invalid", with the first that
 * is wrong. */
function parse<T>(schema: z.ZodType<T>, query: URLSearchParams, hasSpans = true): T {
  const given = givenParameters(query);
  const isDimension = ([name]: [string, string]): boolean => hasSpans && name.startsWith(DIMENSION);
  const dimensions = given
    .filter(isDimension)
    .map(([name, value]) => [name.slice(DIMENSION.length), value] as const);
  return parseParameters(schema, {
    ...Object.fromEntries(given.filter((pair) => !isDimension(pair))),
    ...(hasSpans ? { dimensions: Object.fromEntries(dimensions) } : {}),
  });
}

function spansOf(given: z.infer<typeof heatmapParameters>) {
  const { step: stepSeconds, service, name, kind: kinds, status: statusCodes, dimensions } = given;
  const filter = { service, name, kinds, statusCodes, dimensions };
  return { range: rangeOf(given), stepSeconds, filter };
}

async function redAnswer(red: RedQueries, query: URLSearchParams): Promise<RedAnswer> {
  const given = parse(redParameters, query);
  const by = given.by ?? "none";
  const series = given.limit ?? DEFAULT_SERIES;
  const found = await red.series({ ...spansOf(given), by, series });
  return {
    stepSeconds: found.stepSeconds,
    times: stepTimes(found),
    series: found.series.map((each) => seriesAnswer(each, by)),
  };
}

function seriesAnswer({ group, total, steps }: RedSeries, by: string): RedSeriesAnswer {
  const quantile = (i: 0 | 1 | 2) => steps.map((figures) => figures?.quantilesNano?.[i] ?? null);
  const { service, name, kind } = group;
  return {
    ...(by === "none" ? {} : { service }),
    ...(by === "operation" ? { name, kind: spanKinds[kind] ?? spanKinds[0] } : {}),
    total: totals(total),
    calls: steps.map((figures) => figures?.calls ?? 0),
    errors: steps.map((figures) => figures?.errors ?? 0),
    p50Nano: quantile(0),
    p95Nano: quantile(1),
    p99Nano: quantile(2),
  };
}

function totals({ calls, errors, durationNano, quantilesNano }: RedFigures): RedTotals {
  const [p50Nano = null, p95Nano = null, p99Nano = null] = quantilesNano ?? [];
  const averageNano = calls > 0 ? durationNano / calls : null;
  return { calls, errors, averageNano, p50Nano, p95Nano, p99Nano };
}

async function heatmapAnswer(red: RedQueries, query: URLSearchParams): Promise<RedHeatmapAnswer> {
  const found = await red.heatmap(spansOf(parse(heatmapParameters, query)));
  const cells = found.cells.flatMap(({ step, histogram: { buckets, counts } }) =>
    buckets.map((bucket, i) => ({ step, upperNano: bucketUpperNano(bucket), calls: counts[i]! })),
  );
  const { exemplars } = found;
  return {
    stepSeconds: found.stepSeconds,
    times: stepTimes(found),
    cells: {
      steps: cells.map(({ step }) => step),
      upperNano: cells.map(({ upperNano }) => upperNano),
      calls: cells.map(({ calls }) => calls),
    },
    exemplars: {
      steps: exemplars.map(({ step }) => step),
      upperNano: exemplars.map(({ group }) => groupUpperNano(group)),
      traceIds: exemplars.map(({ traceId }) => traceId),
      spanIds: exemplars.map(({ spanId }) => spanId),
    },
  };
}

async function servicesAnswer(red: RedQueries, query: URLSearchParams): Promise<ServicesAnswer> {
  const { series, ...time } = parse(servicesParameters, query, false);
  const found = await red.services(rangeOf(time), series === "true");
  return {
    services: found.services.map(({ service, isOfEntries: isOfRequests, total, steps }) => ({
      service,
      isOfRequests,
      ...totals(total),
      ...(series === "true" && {
        series: {
          calls: steps.map((figures) => figures?.calls ?? 0),
          errors: steps.map((figures) => figures?.errors ?? 0),
          p95Nano: steps.map((figures) => figures?.quantilesNano?.[1] ?? null),
        },
      }),
    })),
    ...(series === "true" && { stepSeconds: found.stepSeconds, times: stepTimes(found) }),
  };
}
