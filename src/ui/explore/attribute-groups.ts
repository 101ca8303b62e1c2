/** Calls, errors and durations by the values of a field: told from spans, since roll-ups do not know it. */
import type {
  MetricsAnswer,
  MetricsSeriesAnswer,
  RedAnswer,
  RedSeriesAnswer,
} from "../../api/contract.ts";
import type { AnyValue } from "../../model/trace.ts";
import { type Answer, ask, timeParameters } from "../api.ts";
import { after, type Load } from "../load.ts";
import type { ExploreQuery, Grouping } from "./explore-route.ts";
import { conditionText, IS_REQUEST, rollUpFilter, serviceOf, withCondition } from "./filters.ts";

/** What spans have in common that are a group. */
export interface GroupValue {
  /** The value as text. */
  readonly text: string;
  /** Whether they have none. */
  readonly isAbsent: boolean;
  /** What a query says of them. */
  readonly condition: string;
}

/** The figures of the spans with one value. */
export interface ValueSeries extends RedSeriesAnswer {
  readonly value?: GroupValue;
}

/** Groups by service, by operation or by the values of a field. */
export interface GroupsAnswer extends RedAnswer {
  readonly series: readonly ValueSeries[];
  /** There are more groups than these. */
  readonly isCut?: boolean;
}

/** Whether groups are by a field, and not by what roll-ups know. */
export function isByField(by: Grouping): boolean {
  return by !== "" && by !== "service" && by !== "operation";
}

/** Groups that are asked for at most. */
const MOST_VALUES = 500;
const QUANTILES = [0.5, 0.95, 0.99] as const;

/** Asks for the groups of a field; for nothing if they are by something else. */
export async function loadValueGroups(
  query: ExploreQuery,
  before: Load<GroupsAnswer | undefined>,
  signal: AbortSignal,
): Promise<Load<GroupsAnswer | undefined>> {
  if (!isByField(query.by)) return after(before, { kind: "ok", value: undefined });
  return after(before, await askGroups(query, signal));
}

async function askGroups(query: ExploreQuery, signal: AbortSignal): Promise<Answer<GroupsAnswer>> {
  const ofRequests = !query.allSpans && rollUpFilter(query.q)?.kinds === undefined;
  const requests = await askSteps(query, ofRequests, signal);
  // As the figures above: where nothing takes requests, they are of all spans.
  const isNone = requests.kind === "ok" && requests.value.series.length === 0 && ofRequests;
  const steps = isNone ? await askSteps(query, false, signal) : requests;
  if (steps.kind !== "ok") return steps;
  const base = ofRequests && !isNone ? withCondition(query.q, IS_REQUEST) : query.q;
  const spans = base.trim() === "" ? "{ }" : base;
  const { times, stepSeconds } = steps.value;
  const from = times[0]!;
  const to = from + times.length * stepSeconds;
  const metrics = (q: string, more: Record<string, string>): Promise<Answer<MetricsAnswer>> => {
    const shared = { q, from: `${from}`, to: `${to}`, exemplars: "0" };
    return ask(`/metrics?${new URLSearchParams({ ...shared, ...more })}`, signal);
  };
  const by = `by (${query.by})`;
  const durations = `${spans} | quantile_over_time(duration, ${QUANTILES.join(", ")}) ${by}`;
  const overTime = { step: `${stepSeconds}`, limit: `${MOST_VALUES}` };
  const quantileLimit = `${MOST_VALUES * QUANTILES.length}`;
  const answers = await Promise.all([
    metrics(`${spans} | count_over_time() ${by}`, overTime),
    metrics(`${withCondition(spans, "status = error")} | count_over_time() ${by}`, overTime),
    metrics(durations, { ...overTime, limit: quantileLimit }),
    metrics(durations, { instant: "true", limit: quantileLimit }),
  ]);
  for (const answer of answers) if (answer.kind !== "ok") return answer;
  const [calls, errors, quantiles, totals] = answers.map(
    (answer) => (answer as Answer<MetricsAnswer> & { readonly kind: "ok" }).value,
  ) as [MetricsAnswer, MetricsAnswer, MetricsAnswer, MetricsAnswer];
  const found = valueSeries({ field: query.by, times, calls, errors, quantiles, totals });
  const isCut = calls.truncated;
  return { kind: "ok", value: { times, stepSeconds, series: found, isCut } };
}

/** The steps of the figures above, and whether there is anything in them. */
function askSteps(
  { q, time }: ExploreQuery,
  ofRequests: boolean,
  signal: AbortSignal,
): Promise<Answer<RedAnswer>> {
  const params = timeParameters(time);
  const service = serviceOf(q);
  if (service !== "") params.set("service", service);
  if (ofRequests) params.set("kind", "server,consumer");
  return ask(`/red?${params}`, signal);
}

/** What is known of the groups of a field. */
interface Measured {
  readonly field: string;
  readonly times: readonly number[];
  readonly calls: MetricsAnswer;
  readonly errors: MetricsAnswer;
  /** Over time, and of the whole time. */
  readonly quantiles: MetricsAnswer;
  readonly totals: MetricsAnswer;
}

/** A series for each value, busiest first. A sample of metrics is about the step before it, so each step of
 * `times` is told of by the sample at its end. */
export function valueSeries(measured: Measured): ValueSeries[] {
  const { field, times, calls, errors, quantiles, totals } = measured;
  const endsMs = new Map(calls.timesMs.map((ms, i) => [ms, i]));
  const stepMs = calls.stepMs;
  const samples = times.map((seconds) => endsMs.get(seconds * 1000 + stepMs));
  const valuesOf = (series: MetricsSeriesAnswer | undefined): (number | null)[] =>
    samples.map((at) => (at === undefined ? null : numberOf(series?.values[at])));
  const errorsOf = new Map(errors.series.map((series) => [keyOf(series), series]));
  const quantileOf = (answer: MetricsAnswer) =>
    new Map(answer.series.map((series) => [keyOf(series), series]));
  const [overTime, whole] = [quantileOf(quantiles), quantileOf(totals)];
  const series = calls.series.map((each): ValueSeries => {
    const key = keyOf(each);
    const counts = valuesOf(each).map((value) => value ?? 0);
    const failed = valuesOf(errorsOf.get(key)).map((value) => value ?? 0);
    const nanos = (share: number) => valuesOf(overTime.get(`${key} ${share}`)).map(asNano);
    const total = (share: number) => asNano(numberOf(whole.get(`${key} ${share}`)?.values[0]));

    const sums = { calls: sum(counts), errors: sum(failed), averageNano: null };
    const [low, high, highest] = QUANTILES;
    return {
      value: groupValue(field, each.labels[0]?.value),
      total: { ...sums, p50Nano: total(low), p95Nano: total(high), p99Nano: total(highest) },
      calls: counts,
      errors: failed,
      p50Nano: nanos(low),
      p95Nano: nanos(high),
      p99Nano: nanos(highest),
    };
  });
  return series.sort((a, b) => b.total.calls - a.total.calls);
}

/** What tells a series from others: its value, and of quantiles their share. */
function keyOf({ labels }: MetricsSeriesAnswer): string {
  const [value, share] = labels.map(({ value }) => value);
  const ofShare = share === undefined ? "" : ` ${textOf(share)}`;
  return `${JSON.stringify(value)}${ofShare}`;
}

function numberOf(value: number | string | null | undefined): number | null {
  return typeof value === "number" ? value : null;
}

function asNano(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1e9;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Fields whose values are words of the language. */
const wordFields = new Set(["status", "kind", "span:status", "span:kind"]);

function groupValue(field: string, value: AnyValue | undefined): GroupValue {
  const text = value === undefined ? "nil" : textOf(value);
  // Spans without a value are told of as nil.
  if (text === "nil") return { text, isAbsent: true, condition: `${field} = nil` };
  const isText = value !== undefined && "stringValue" in value && !wordFields.has(field);
  const condition = conditionText(field, "=", text, isText) ?? `${field} != nil`;
  return { text, isAbsent: false, condition };
}

function textOf(value: AnyValue): string {
  if ("stringValue" in value) return value.stringValue;
  if ("intValue" in value) return value.intValue;
  if ("boolValue" in value) return String(value.boolValue);
  if ("doubleValue" in value) return String(value.doubleValue);
  return JSON.stringify(value);
}
