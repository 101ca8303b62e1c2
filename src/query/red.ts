/**
 * Use cases over roll-ups: how often, how often in vain, and how long, over time. Every span counts,
 * also those that sampling has thrown away since; quantiles are within 2 %.
 */
import { Fault } from "../base/fault.ts";
import { type LatencyHistogram, mergeHistograms, quantilesNano } from "../model/latency-buckets.ts";
import type { StoreClient } from "../store/client.ts";
import { asked } from "../store/query-faults.ts";
import {
  readExemplars,
  readRed,
  type RedExemplar,
  type RedFilter,
  type RedGroup,
  type RedRequest,
  type RedSums,
  tableFor,
} from "../store/read-red.ts";

/** Whose roll-ups are asked for, and where they are. */
export interface RedOptions {
  readonly client: StoreClient;
  readonly database: string;
  readonly tenants: readonly string[];
  /** Longest time that ClickHouse may take. */
  readonly seconds: number;
  /** How long roll-ups by the minute are kept. */
  readonly minuteDays: number;
  readonly nowSeconds: () => number;
}

/** A stretch of time: up to now, or from one moment to another in seconds since 1970. */
export type TimeRange =
  | { readonly kind: "since"; readonly seconds: number }
  | { readonly kind: "between"; readonly fromSeconds: number; readonly toSeconds: number };

/** What is asked. */
export interface RedQuery {
  readonly range: TimeRange;
  /** A multiple of a minute; chosen by the range if absent. */
  readonly stepSeconds?: number | undefined;
  readonly filter: RedFilter;
  readonly by: "none" | "service" | "operation";
  /** Series at most, those with the most calls. */
  readonly series: number;
}

/** Figures of some spans. Sampled ones count as often as they stand for. */
export interface RedFigures {
  readonly calls: number;
  readonly errors: number;
  readonly durationNano: number;
  /** Of p50, p95 and p99; undefined without calls. */
  readonly quantilesNano: readonly [p50: number, p95: number, p99: number] | undefined;
}

/** The figures of one group over time. */
export interface RedSeries {
  readonly group: RedGroup;
  readonly total: RedFigures;
  /** By step; undefined where there was nothing. */
  readonly steps: readonly (RedFigures | undefined)[];
}

/** Steps in time: the beginning of the first, their length, and how many. */
export interface TimeSteps {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  readonly count: number;
}

/** Durations over time. */
export interface RedHeatmap extends TimeSteps {
  /** One for each step that has any. */
  readonly cells: readonly { readonly step: number; readonly histogram: LatencyHistogram }[];
  readonly exemplars: readonly RedExemplar[];
}

/** Figures of a service: of the requests that it got, or of all its spans if it got none. */
export interface ServiceFigures extends Pick<RedSeries, "total" | "steps"> {
  readonly service: string;
  readonly isOfEntries: boolean;
}

/** What the doors may ask. All throw Fault "invalid" for a range that makes no sense, and "timeout" or
 * "unavailable" when the store cannot answer. */
export interface RedQueries {
  /** Busiest first. */
  series(query: RedQuery): Promise<TimeSteps & { readonly series: readonly RedSeries[] }>;
  heatmap(query: Omit<RedQuery, "by" | "series">): Promise<RedHeatmap>;
  /** Sorted by name; over time if that is asked for, else in a single step. */
  services(
    range: TimeRange,
    overTime?: boolean,
  ): Promise<TimeSteps & { readonly services: readonly ServiceFigures[] }>;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** From so long a range on, an hour more or less is nothing. */
const LONG = 12 * HOUR;
/** What people count in. */
const NICE_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((n) => n * MINUTE);
const GOOD_STEPS = 120;
const MOST_STEPS = 2000;
const MOST_SERVICES = 5000;
const SHARES = [0.5, 0.95, 0.99];

/** The use cases over one store. */
export function createRedQueries(options: RedOptions): RedQueries {
  const { client, database, tenants, seconds, minuteDays, nowSeconds } = options;
  const settings = { max_execution_time: seconds };
  const reading = { client, database, settings } as const;
  const plan = (range: TimeRange, step?: number): TimeSteps =>
    planSteps(range, { stepSeconds: step, minuteDays, nowSeconds: nowSeconds() });
  const request = (steps: TimeSteps, rest: Pick<RedRequest, "filter" | "by" | "groups">) => ({
    tenants,
    fromSeconds: steps.fromSeconds,
    toSeconds: steps.fromSeconds + steps.count * steps.stepSeconds,
    stepSeconds: steps.stepSeconds,
    ...rest,
  });
  return {
    series: async ({ range, stepSeconds, filter, by, series: groups }) => {
      const steps = plan(range, stepSeconds);
      const sums = await asked(() => readRed(reading, request(steps, { filter, by, groups })));
      return { ...steps, series: seriesOf(sums, steps.count) };
    },
    heatmap: async ({ range, stepSeconds, filter }) => {
      const steps = plan(range, stepSeconds);
      const asking = request(steps, { filter, by: "none", groups: 1 });
      const { hasExemplars } = tableFor(asking);
      const [sums, exemplars] = await asked(() =>
        Promise.all([
          readRed(reading, asking),
          hasExemplars ? readExemplars(reading, asking) : Promise.resolve([]),
        ]),
      );
      const cells = sums.map(({ step, histogram }) => ({ step, histogram }));
      return { ...steps, cells: cells.sort((a, b) => a.step - b.step), exemplars };
    },
    services: async (range, overTime = false) => {
      const clock = { minuteDays, nowSeconds: nowSeconds() };
      const steps = overTime ? plan(range) : oneStep(range, clock);
      const by = "serviceAndEntry";
      const sums = await asked(() =>
        readRed(reading, request(steps, { filter: {}, by, groups: MOST_SERVICES })),
      );
      return { ...steps, services: servicesOf(sums, steps.count) };
    },
  };
}

interface Clock {
  readonly minuteDays: number;
  readonly nowSeconds: number;
}

interface PlanOptions extends Clock {
  readonly stepSeconds: number | undefined;
}

/** The steps that cover a range, which may begin before it and end after it. */
export function planSteps(range: TimeRange, options: PlanOptions): TimeSteps {
  const { from, to, isOld } = edges(range, options);
  const stepSeconds = options.stepSeconds ?? niceStep(to - from, isOld ? HOUR : MINUTE);
  if (stepSeconds % MINUTE !== 0) {
    throw new Fault("invalid", `step ${stepSeconds} is not a multiple of ${MINUTE} seconds`);
  }
  const fromSeconds = Math.floor(from / stepSeconds) * stepSeconds;
  const count = Math.ceil((to - fromSeconds) / stepSeconds);
  if (count > MOST_STEPS) {
    throw new Fault("invalid", `step ${stepSeconds} makes ${count} steps, over ${MOST_STEPS}`);
  }
  return { fromSeconds, stepSeconds, count };
}

/** A single step that covers a range: of whole minutes, or whole hours if it is long. */
export function oneStep(range: TimeRange, clock: Clock): TimeSteps {
  const { from, to, isOld } = edges(range, clock);
  const unit = isOld || to - from >= LONG ? HOUR : MINUTE;
  const fromSeconds = Math.floor(from / unit) * unit;
  return { fromSeconds, stepSeconds: Math.ceil((to - fromSeconds) / unit) * unit, count: 1 };
}

function edges(
  range: TimeRange,
  { minuteDays, nowSeconds }: Clock,
): { readonly from: number; readonly to: number; readonly isOld: boolean } {
  const [from, to] =
    range.kind === "since"
      ? [Math.max(0, nowSeconds - range.seconds), nowSeconds]
      : [range.fromSeconds, range.toSeconds];
  if (from >= to) throw new Fault("invalid", `start ${from} is not before end ${to}`);
  return { from, to, isOld: from < nowSeconds - minuteDays * DAY };
}

function niceStep(rangeSeconds: number, least: number): number {
  const wanted = Math.max(rangeSeconds / GOOD_STEPS, least);
  return NICE_STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / DAY) * DAY;
}

function seriesOf(sums: readonly RedSums[], count: number): RedSeries[] {
  const groups = Map.groupBy(sums, ({ group }) =>
    JSON.stringify([group.service, group.name, group.kind]),
  );
  const series = [...groups.values()].map((of): RedSeries => {
    const steps = Array.from({ length: count }, (): RedFigures | undefined => undefined);
    for (const each of of) steps[each.step] = figuresOf([each]);
    return { group: of[0]!.group, total: figuresOf(of), steps };
  });
  return series.sort((a, b) => b.total.calls - a.total.calls || compare(a.group, b.group));
}

function compare(a: RedGroup, b: RedGroup): number {
  const [textA, textB] = [a, b].map(({ service, name }) => `${service}\0${name}`);
  return textA! < textB! ? -1 : textA! > textB! ? 1 : a.kind - b.kind;
}

function figuresOf(sums: readonly RedSums[]): RedFigures {
  const add = (of: (each: RedSums) => number): number =>
    sums.reduce((sum, each) => sum + of(each), 0);
  const histogram = mergeHistograms(sums.map((each) => each.histogram));
  const [p50, p95, p99] = quantilesNano(histogram, SHARES) ?? [];
  return {
    calls: add(({ calls }) => calls),
    errors: add(({ errors }) => errors),
    durationNano: add(({ durationNano }) => durationNano),
    quantilesNano: p50 === undefined ? undefined : [p50, p95!, p99!],
  };
}

function servicesOf(sums: readonly RedSums[], count: number): ServiceFigures[] {
  const services = Map.groupBy(sums, ({ group }) => group.service);
  return [...services]
    .map(([service, all]): ServiceFigures => {
      const entries = all.filter(({ group }) => group.isEntry);
      const isOfEntries = entries.length > 0;
      const of = isOfEntries ? entries : all;
      const byStep = Map.groupBy(of, ({ step }) => step);
      const steps = Array.from({ length: count }, (_, step) => {
        const here = byStep.get(step);
        return here === undefined ? undefined : figuresOf(here);
      });
      return { service, isOfEntries, total: figuresOf(of), steps };
    })
    .sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : 0));
}
