/** Use cases over what became of a service: why its spans failed, and which versions of it ran when. */
import { asked } from "../store/query-faults.ts";
import { type ErrorGroup, readErrors } from "../store/read-errors.ts";
import { readVersions, type SeenVersion } from "../store/read-versions.ts";
import type { QueryOptions } from "./query-options.ts";
import { readingOf } from "./reading.ts";
import { type Asking, ReceiptBook } from "./receipt.ts";
import { oneStep, planSteps, type TimeRange, type TimeSteps } from "./red.ts";

/** Which errors are asked for. */
export interface ErrorsQuery {
  readonly range: TimeRange;
  /** A multiple of a minute; chosen by the range if absent. */
  readonly stepSeconds?: number | undefined;
  /** Of all services if absent. */
  readonly service?: string | undefined;
  /** Groups at most, those with the most spans. */
  readonly groups: number;
}

/** Groups of errors, most spans first, over the steps of time. */
export interface Errors extends TimeSteps {
  readonly groups: readonly ErrorGroup[];
  /** Of all groups, also those that are left out. */
  readonly groupCount: number;
}

/** A version of a service. */
export interface ServiceVersion extends SeenVersion {
  /** No span of it was there in the time before, as long back as was looked. */
  readonly isNew: boolean;
}

/** What the doors may ask. Both throw Fault "invalid" for a range that makes no sense, and "timeout",
 * "tooLarge" or "unavailable" when the store cannot answer; the signal's reason when aborted. */
export interface ServiceHistory {
  errors(query: ErrorsQuery, asking?: Asking): Promise<Errors>;
  /** The earliest first. */
  versions(service: string, range: TimeRange, asking?: Asking): Promise<ServiceVersion[]>;
}

/** How long a version has to be absent before the range to be new in it. */
const BEFORE_SECONDS = 3600;
const MOST_VERSIONS = 100;
const SECOND = 1_000_000_000n;

/** Whose spans are asked for, where they are, and how long figures by the minute are kept. */
export interface HistoryOptions extends QueryOptions {
  readonly minuteDays: number;
}

/** The use cases over one store. */
export function createServiceHistory(options: HistoryOptions): ServiceHistory {
  const { minuteDays, nowSeconds } = options;
  return {
    errors: ({ range, stepSeconds, service, groups: limit }, asking = {}) =>
      asked(async () => {
        const reading = readingOf(options, asking, new ReceiptBook());
        const steps = planSteps(range, { stepSeconds, minuteDays, nowSeconds: nowSeconds() });
        const stretch = stretchOf(steps);
        const request = { table: options.table(), service, stretch, limit };
        const { groups, count } = await readErrors(reading(), {
          ...request,
          stepSeconds: steps.stepSeconds,
        });
        return { ...steps, groups, groupCount: count };
      }),
    versions: (service, range, asking = {}) =>
      asked(async () => {
        const reading = readingOf(options, asking, new ReceiptBook());
        const { fromNano, toNano } = stretchOf(
          oneStep(range, { minuteDays, nowSeconds: nowSeconds() }),
        );
        const earlier = fromNano - BigInt(BEFORE_SECONDS) * SECOND;
        const stretch = { fromNano: earlier > 0n ? earlier : 0n, toNano };
        const request = { table: options.table(), service, stretch, limit: MOST_VERSIONS };
        const from = Number(fromNano / SECOND);
        const seen = await readVersions(reading(), request);
        return seen
          .filter(({ lastSeconds }) => lastSeconds >= from)
          .map((version) => ({ ...version, isNew: version.firstSeconds >= from }));
      }),
  };
}

function stretchOf({ fromSeconds, stepSeconds, count }: TimeSteps) {
  return {
    fromNano: BigInt(fromSeconds) * SECOND,
    toNano: BigInt(fromSeconds + stepSeconds * count) * SECOND,
  };
}
