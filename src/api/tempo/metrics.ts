/** Metrics queries, over a range of time and of one instant. */
import { Fault } from "../../base/fault.ts";
import { doubleJson } from "../../model/double-json.ts";
import type { MetricsAnswer, MetricsRequest } from "../../query/metrics.ts";
import type { MetricsQuery } from "../../traceql/ast.ts";
import { formatDuration } from "../../traceql/duration.ts";
import { exemplarLimit, readHints } from "../../traceql/evaluate/hints.ts";
import type { Label, Series } from "../../traceql/evaluate/metrics/series.ts";
import {
  defaultStepNano,
  instantGrid,
  rangeGrid,
  sampleTimesMs,
  type TimeGrid,
} from "../../traceql/evaluate/metrics/time-grid.ts";
import { anyValueOf } from "../../traceql/evaluate/values.ts";
import { queryInstantResponse, queryRangeResponse } from "../../wire/tempo/messages.ts";
import { type JsonObject, withoutDefaults } from "../../wire/tempo/without-defaults.ts";
import type { HttpRequest, HttpResponse } from "../http.ts";
import { ORG_ID } from "../tenancy.ts";
import { answerIn, wantedForm } from "./answers.ts";
import { knownMetrics, searchMetrics } from "./receipt.ts";
import { tempoQuery } from "./read-query.ts";
import type { TempoOptions } from "./tempo-queries.ts";
import { metricsRange, stepParameter } from "./time-range.ts";

/** Tempo's own limits. */
const MAX_SAMPLES = 10_000n;
const MAX_EXEMPLARS = 100;
const CUTOFF_NANO = 30_000_000_000n;

/** Answers `/api/metrics/query_range`. */
export async function queryRange(
  options: TempoOptions,
  request: HttpRequest,
): Promise<HttpResponse> {
  const queries = options.queriesOf(request.headers[ORG_ID]);
  const asked = rangeRequest(readMetrics(request.query, options), options);
  const answer = await queries.metrics(asked, { signal: request.signal });
  return answerIn(request, rangeAnswer(answer, asked.grid), queryRangeResponse);
}

/** Answers `/api/metrics/query`. */
export async function queryInstant(
  options: TempoOptions,
  request: HttpRequest,
): Promise<HttpResponse> {
  const queries = options.queriesOf(request.headers[ORG_ID]);
  const asked = instantRequest(readMetrics(request.query, options), options);
  const answer = await queries.metrics(asked, { signal: request.signal });
  const shown = instantAnswer(answer);
  // Of old clients, which refuse fields they do not know, none asks for protobuf.
  const isNew = wantedForm(request) === "protobuf";
  const metrics = isNew ? searchMetrics(answer.receipt) : knownMetrics(answer.receipt);
  return answerIn(request, { ...shown, metrics }, queryInstantResponse);
}

/** A metrics query's parameters; 0 stands for what is not said. */
export interface MetricsParameters {
  readonly query: string;
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly stepNano?: bigint | undefined;
  readonly exemplars: number;
  readonly maxSeries: number;
}

function readMetrics(query: URLSearchParams, { nowNano }: TempoOptions): MetricsParameters {
  return {
    query: query.get("q") || (query.get("query") ?? ""),
    ...metricsRange(query, nowNano()),
    stepNano: stepParameter(query),
    exemplars: lenientCount(query, "exemplars"),
    maxSeries: lenientCount(query, "maxSeries"),
  };
}

/** A count that is 0 if it is none. */
function lenientCount(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** The series over a range that these parameters ask for. Throws Fault "invalid" in Tempo's words. */
export function rangeRequest(
  parameters: MetricsParameters,
  options: TempoOptions,
): MetricsRequest & { readonly grid: TimeGrid } {
  const query = metricsQuery(parameters.query, options);
  const { startNano, endNano } = limitedRange(parameters, options);
  const rangeNano = endNano - startNano;
  const stepNano = parameters.stepNano || defaultStepNano(rangeNano);
  if (rangeNano > stepNano * MAX_SAMPLES) {
    const least = (rangeNano + MAX_SAMPLES - 1n) / MAX_SAMPLES;
    const wholeMs = ((least + 999_999n) / 1_000_000n) * 1_000_000n;
    const minimum = `minimum step for given range is ${formatDuration(wholeMs)}`;
    throw new Fault("invalid", `step of ${formatDuration(stepNano)} is too small, ${minimum}`);
  }
  const cutoffNano = options.nowNano() - CUTOFF_NANO;
  const grid = rangeGrid({ startNano, endNano, stepNano, cutoffNano });
  const exemplars = exemplarLimit(readHints(query.hints), parameters.exemplars, MAX_EXEMPLARS);
  return { query, grid, exemplars, maxSeries: parameters.maxSeries };
}

/** The values at one instant that these parameters ask for. Throws as `rangeRequest` does. */
export function instantRequest(
  parameters: MetricsParameters,
  options: TempoOptions,
): MetricsRequest {
  const query = metricsQuery(parameters.query, options);
  const { startNano, endNano } = limitedRange(parameters, options);
  return {
    query,
    grid: instantGrid(startNano, endNano),
    exemplars: 0,
    maxSeries: parameters.maxSeries,
  };
}

function metricsQuery(text: string, { language }: TempoOptions): MetricsQuery {
  const prefix = { check: "compiling query: ", syntax: "" };
  const query = tempoQuery(text, language, ({ kind }) => prefix[kind]);
  if (query.kind !== "metrics") throw new Fault("invalid", "not a metrics query");
  return query;
}

function limitedRange(
  { startNano, endNano }: MetricsParameters,
  { limits }: TempoOptions,
): { readonly startNano: bigint; readonly endNano: bigint } {
  const start = startNano < 0n ? 0n : startNano;
  if (endNano <= start) throw new Fault("invalid", "end must be greater than start");
  const { metricsRangeNano: most } = limits;
  if (most > 0n && endNano - start > most) {
    const limit = `exceeds the maximum allowed duration of ${formatDuration(most)}`;
    throw new Fault("invalid", `metrics query time range ${limit}`);
  }
  return { startNano: start, endNano };
}

/** QueryRangeResponse. */
function rangeAnswer(answer: MetricsAnswer, grid: TimeGrid): JsonObject {
  const times = sampleTimesMs(grid).map(String);
  return {
    series: answer.series.map((series) => timeSeries(series, times)),
    metrics: searchMetrics(answer.receipt),
    ...partialStatus(answer),
  };
}

/** TimeSeries, with the samples that `isShown` says; by default all that have a value. */
export function timeSeries(
  { labels, values, exemplars }: Series,
  timesMs: readonly string[],
  isShown: (index: number) => boolean = () => true,
): JsonObject {
  const samples: JsonObject[] = [];
  for (const [i, value] of values.entries()) {
    if (!Number.isNaN(value) && isShown(i)) samples.push(sample(value, timesMs[i]!));
  }
  return withoutDefaults({
    labels: labels.map(keyValue),
    samples,
    exemplars: exemplars.map((exemplar) => ({
      labels: exemplar.labels.map(keyValue),
      ...sample(exemplar.value, String(Math.floor(exemplar.timestampMs))),
    })),
  });
}

function sample(value: number, timestampMs: string): JsonObject {
  if (value === 0) return { timestampMs };
  return { timestampMs, value: doubleJson(value) };
}

function keyValue({ name, value }: Label): JsonObject {
  return { key: name, value: anyValueOf(value) };
}

/** QueryInstantResponse, without its metrics. */
export function instantAnswer(answer: MetricsAnswer): JsonObject {
  const series = answer.series
    .filter(({ values }) => !Number.isNaN(values[0]))
    .map(({ labels, values: [value] }) =>
      withoutDefaults({
        labels: labels.map(keyValue),
        value: value === 0 ? 0 : doubleJson(value!),
      }),
    );
  return { ...withoutDefaults({ series }), ...partialStatus(answer) };
}

/** Why not all is there that was asked for, if so. */
export function partialStatus({ truncated, receipt }: MetricsAnswer): JsonObject {
  const reasons = [
    ...(truncated ? ["Response exceeds maximum series limit, a partial response is returned"] : []),
    ...(receipt.complete ? [] : [receipt.incompleteBecause ?? "not all spans were looked at"]),
  ];
  return reasons.length === 0 ? {} : { status: "PARTIAL", message: reasons.join("; ") };
}
