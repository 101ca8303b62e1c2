/**
 * Counters of spans since this process began, under the names and with the labels that Grafana Tempo's
 * metrics generator gives them, so that what was built on those finds these. Source:
 * grafana.com/docs/tempo, "Span metrics".
 *
 *     batches of all ingest processes ─▶ spanCounts ─▶ SpanMetrics ─▶ text, remote write
 *
 * Counters only ever grow; after a restart they begin at zero, as Prometheus expects of counters. A
 * batch is counted by the process that took it: those found in the ingest log at a start are not, or
 * the same spans would count a second time. Spans of samplers' making count as often as they stand for.
 */
import { BUCKETS_PER_DOUBLING } from "../model/latency-buckets.ts";
import { EXEMPLAR_BYTES, parseDimensions, type Renamed, type RollUp } from "../model/roll-up.ts";
import { type Exemplar, type Family, labelName, type Labels, sortLabels } from "./family.ts";

const FIRST_BOUND_SECONDS = 0.002;
const BOUNDS = 14;

/** Tempo's, in seconds: 2 ms and twice as much each time, up to 16.384 s. */
const latencyBounds: readonly number[] = Array.from(
  { length: BOUNDS },
  (_, doublings) => FIRST_BOUND_SECONDS * 2 ** doublings,
);

/** Series of one set of labels: calls, size, and of the latency its buckets, sum and count. */
const SERIES_OF_A_SET = 1 + 1 + (BOUNDS + 1) + 2;

/** What a batch adds to one set of labels. Plain data. */
export interface SpanCount {
  readonly tenant: string;
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  readonly dimensions: string;
  readonly calls: number;
  readonly seconds: number;
  readonly bytes: number;
  /** By `latencyBounds` and one more, not added up. */
  readonly buckets: readonly number[];
  /** Trace id and span id in hex, and how long the span took. */
  readonly exemplar: readonly [traceId: string, spanId: string, seconds: number];
}

/** What a batch adds to the counters of its tenants. Plain data. */
export interface SpanCounts {
  readonly counts: readonly SpanCount[];
  readonly renamed: readonly Renamed[];
}

const NANO_PER_SECOND = 1e9;

/** What a roll-up adds to the counters. `turn` says which exemplars it brings: another one for each. */
export function spanCounts(rollUp: RollUp, turn: number): SpanCounts {
  const texts: string[] = [];
  const text = (number: number): string => (texts[number] ??= rollUp.texts.text(number));
  const counts = Array.from({ length: rollUp.rows }, (_, row): SpanCount => {
    const nano = rollUp.durationNano[row]! + rollUp.unseenDurationNano[row]!;
    return {
      tenant: text(rollUp.tenant[row]!),
      service: text(rollUp.service[row]!),
      name: text(rollUp.name[row]!),
      kind: rollUp.kind[row]!,
      statusCode: rollUp.statusCode[row]!,
      dimensions: text(rollUp.dimensions[row]!),
      calls: rollUp.calls[row]! + rollUp.unseen[row]!,
      seconds: nano / NANO_PER_SECOND,
      bytes: rollUp.bytes[row]!,
      buckets: bucketsOf(rollUp, row),
      exemplar: exemplarOf(rollUp, row, turn),
    };
  });
  return { counts, renamed: rollUp.renamed };
}

function bucketsOf({ cellEnds, bucket, cellCalls, cellUnseen }: RollUp, row: number): number[] {
  const counts = Array.from({ length: BOUNDS + 1 }, () => 0);
  const from = row === 0 ? 0 : cellEnds[row - 1]!;
  for (let cell = from; cell < cellEnds[row]!; cell++) {
    counts[boundOf(bucket[cell]!)]! += cellCalls[cell]! + cellUnseen[cell]!;
  }
  return counts;
}

/** The first bound that a bucket of durations lies below; exactly, see `latency-buckets.ts`. */
function boundOf(bucket: number): number {
  return Math.min(Math.max(Math.ceil(bucket / BUCKETS_PER_DOUBLING), 0), BOUNDS);
}

function exemplarOf(rollUp: RollUp, row: number, turn: number): SpanCount["exemplar"] {
  const { exemplarEnds, exemplarId, exemplarNano } = rollUp;
  const from = row === 0 ? 0 : exemplarEnds[row - 1]!;
  const i = from + (turn % (exemplarEnds[row]! - from));
  const hex = Buffer.from(
    exemplarId.buffer,
    exemplarId.byteOffset + i * EXEMPLAR_BYTES,
    EXEMPLAR_BYTES,
  ).toString("hex");
  return [hex.slice(0, 32), hex.slice(32), exemplarNano[i]! / NANO_PER_SECOND];
}

/** The counters of one set of labels. */
interface Counters {
  readonly labels: Labels;
  calls: number;
  seconds: number;
  bytes: number;
  readonly buckets: Float64Array;
  readonly exemplars: (Exemplar | undefined)[];
}

interface RenamedNames {
  readonly labels: Labels;
  templated: number;
  other: number;
}

const spanKinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const statusCodes = ["UNSET", "OK", "ERROR"];
const builtInLabels = ["service", "span_name", "span_kind", "status_code", "le"];

/** The counters of one tenant. */
export class SpanMetrics {
  readonly #maxSets: number;
  readonly #sets = new Map<string, Counters>();
  readonly #overflow = newCounters([["metric_overflow", "true"]]);
  readonly #renamed = new Map<string, RenamedNames>();

  /** Keeps no more series than that, but for one more set that counts what there is no room for. */
  constructor(maxSeries: number) {
    this.#maxSets = Math.floor(maxSeries / SERIES_OF_A_SET);
  }

  /** Adds what a batch adds; false if there was no room to tell it apart from others. */
  add(count: SpanCount, nowMs: number): boolean {
    const counters = this.#find(count);
    counters.calls += count.calls;
    counters.seconds += count.seconds;
    counters.bytes += count.bytes;
    for (const [i, calls] of count.buckets.entries()) counters.buckets[i]! += calls;
    const [traceId, spanId, seconds] = count.exemplar;
    const bound = latencyBounds.findIndex((upper) => seconds <= upper);
    counters.exemplars[bound === -1 ? BOUNDS : bound] = {
      labels: [
        ["spanID", spanId],
        ["traceID", traceId],
      ],
      value: seconds,
      atMs: nowMs,
    };
    return counters !== this.#overflow;
  }

  /** Adds spans that are counted under other names. */
  addRenamed({ service, templated, other }: Renamed): void {
    const before = this.#renamed.get(service);
    const names = before ?? { labels: [["service", service]], templated: 0, other: 0 };
    if (before === undefined) this.#renamed.set(service, names);
    names.templated += templated;
    names.other += other;
  }

  /** All metrics, as they are when they are read. */
  families(): Family[] {
    const sets = () => this.#all();
    const renamed = () => this.#renamed.values();
    return [
      {
        kind: "counter",
        name: "traces_spanmetrics_calls",
        help: "Spans by service, name, kind and status.",
        points: mapped(sets, ({ labels, calls: value }) => ({ labels, value })),
      },
      {
        kind: "histogram",
        name: "traces_spanmetrics_latency",
        help: "How long spans took, in seconds.",
        bounds: latencyBounds,
        points: mapped(sets, ({ labels, buckets: counts, seconds: sum, exemplars }) => ({
          labels,
          counts,
          sum,
          exemplars,
        })),
      },
      {
        kind: "counter",
        name: "traces_spanmetrics_size",
        help: "Bytes of spans as OTLP.",
        points: mapped(sets, ({ labels, bytes: value }) => ({ labels, value })),
      },
      {
        kind: "counter",
        name: "clew_span_names_templated",
        help: "Spans counted with {id} in place of ids, since their service has too many names.",
        points: mapped(renamed, ({ labels, templated: value }) => ({ labels, value })),
      },
      {
        kind: "counter",
        name: "clew_span_names_other",
        help: 'Spans counted under "(other)", since their service has too many names even so.',
        points: mapped(renamed, ({ labels, other: value }) => ({ labels, value })),
      },
    ];
  }

  *#all(): Generator<Counters> {
    yield* this.#sets.values();
    if (this.#overflow.calls > 0) yield this.#overflow;
  }

  #find(count: SpanCount): Counters {
    const { service, name, kind, statusCode, dimensions } = count;
    const key = `${service}\0${name}\0${kind}\0${statusCode}\0${dimensions}`;
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    if (this.#sets.size >= this.#maxSets) return this.#overflow;
    const added = newCounters(labelsOf(count));
    this.#sets.set(key, added);
    return added;
  }
}

function newCounters(labels: Labels): Counters {
  const buckets = new Float64Array(BOUNDS + 1);
  return { labels, calls: 0, seconds: 0, bytes: 0, buckets, exemplars: [] };
}

function labelsOf({ service, name, kind, statusCode, dimensions }: SpanCount): Labels {
  const further = Object.entries(parseDimensions(dimensions)).map(([key, value]) => {
    const label = labelName(key);
    return [builtInLabels.includes(label) ? `__${label}` : label, value] as const;
  });
  return sortLabels([
    ["service", service],
    ["span_name", name],
    ["span_kind", `SPAN_KIND_${spanKinds[kind] ?? spanKinds[0]!}`],
    ["status_code", `STATUS_CODE_${statusCodes[statusCode] ?? statusCodes[0]!}`],
    ...further,
  ]);
}

/** Can be gone through again and again. */
function mapped<From, To>(items: () => Iterable<From>, to: (item: From) => To): Iterable<To> {
  return {
    *[Symbol.iterator]() {
      for (const item of items()) yield to(item);
    },
  };
}
