/** What Clew has counted at a moment, out of all its metrics: what is told of its own state. */

/** A metric as `getMetricsAsJSON` of prom-client gives it. */
interface CountedMetric {
  readonly name: string;
  readonly values?: readonly {
    readonly value: number;
    readonly labels: Readonly<Partial<Record<string, string | number>>>;
    /** Of a histogram: with `_bucket`, `_sum` or `_count` at the end. */
    readonly metricName?: string;
  }[];
}

/** What was not taken, and why. */
export interface RefusalKind {
  readonly what: "spans" | "request" | "connection" | "spansAtDoor";
  /** Like "otlp_grpc"; "" where it is not counted by door. */
  readonly door: string;
  readonly reason: string;
}

/** Inserts into ClickHouse so far. */
export interface InsertCounts {
  readonly count: number;
  readonly seconds: number;
  /** Of those that took at most so many seconds, ascending; the last bound is infinite. */
  readonly buckets: readonly (readonly [upToSeconds: number, count: number])[];
}

/** A look at the counters. Counts are since this Clew started. */
export interface SystemSample {
  readonly atMs: number;
  readonly receivedSpans: number;
  readonly receivedBytes: number;
  readonly insertedSpans: number;
  readonly inserts: InsertCounts;
  readonly refusals: readonly (RefusalKind & { readonly count: number })[];
  readonly logBytes: number;
  readonly logLimitBytes: number;
  readonly queuedSpans: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly renamedSpans: number;
  readonly overflowingKeys: number;
  readonly engineRestarts: number;
  readonly workerRestarts: number;
}

const INSERT = "clew_insert_duration_seconds";

/** The sample that the metrics of all processes come to. What is missing there counts as 0. */
export function sampleOf(metrics: readonly CountedMetric[], atMs: number): SystemSample {
  const byName = new Map(metrics.map((metric) => [metric.name, metric.values ?? []]));
  const values = (name: string) => byName.get(name) ?? [];
  const sum = (name: string): number => values(name).reduce((total, { value }) => total + value, 0);
  const kinds = (name: string, what: RefusalKind["what"], label: string) =>
    values(name).map(({ labels, value }) => ({
      what,
      door: `${labels["door"] ?? ""}`,
      reason: `${labels[label] ?? ""}`,
      count: value,
    }));
  const refusals = [
    ...kinds("clew_spans_rejected_total", "spans", "reason"),
    ...kinds("clew_receive_requests_total", "request", "outcome"),
    ...kinds("clew_connections_cut_total", "connection", "reason"),
    ...kinds("clew_door_spans_total", "spansAtDoor", "outcome"),
  ].filter(({ count, reason }) => count > 0 && reason !== "ok" && !reason.startsWith("taken"));
  return {
    atMs,
    receivedSpans: sum("clew_spans_received_total"),
    receivedBytes: sum("clew_receive_bytes_total"),
    insertedSpans: sum("clew_spans_inserted_total"),
    inserts: insertCounts(values(INSERT)),
    refusals,
    logBytes: sum("clew_ingest_log_bytes"),
    logLimitBytes: sum("clew_ingest_log_limit_bytes"),
    queuedSpans: sum("clew_queue_spans"),
    memoryBytes: sum("clew_ingest_memory_bytes"),
    memoryLimitBytes: sum("clew_ingest_memory_limit_bytes"),
    renamedSpans: sum("clew_span_names_renamed_total"),
    overflowingKeys: sum("clew_attribute_keys_overflow_total"),
    engineRestarts: sum("clew_engine_restarts_total"),
    workerRestarts: sum("clew_ingest_worker_restarts_total"),
  };
}

function insertCounts(values: NonNullable<CountedMetric["values"]>): InsertCounts {
  const one = (name: string): number =>
    values.find(({ metricName }) => metricName === `${INSERT}${name}`)?.value ?? 0;
  const buckets = values
    .filter(({ metricName }) => metricName === `${INSERT}_bucket`)
    .map(({ labels, value }) => [bound(labels["le"]), value] as const)
    .toSorted(([a], [b]) => a - b);
  return { count: one("_count"), seconds: one("_sum"), buckets };
}

function bound(le: string | number | undefined): number {
  return le === "+Inf" ? Infinity : Number(le);
}
