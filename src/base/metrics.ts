import { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * Every number Clew shows of itself, in one object made once per process and handed to who counts.
 * Labels are from closed sets only: nothing a sender chooses becomes a label, but for
 * one gauge that has a single value at a time.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const looks: (() => void)[] = [];
  return {
    registry,
    /** Has `look` set gauges just before they are read. */
    onRead: (look: () => void) => void looks.push(look),
    memoryBytes: new Gauge({
      name: "clew_ingest_memory_bytes",
      help:
        "Memory of work in progress, by part: bodies of requests, the log's buffers (log), the batch" +
        " that is being filled (open), batches that wait (sealed; further ones wait in the log alone)," +
        " inserts, and what is kept to serve again (spare).",
      labelNames: ["part"] as const,
      registers,
      // The first in the registry, so that all others are read after it.
      collect: () => looks.forEach((look) => look()),
    }),
    memoryLimitBytes: new Gauge({
      name: "clew_ingest_memory_limit_bytes",
      help: "What all parts of clew_ingest_memory_bytes together may be.",
      registers,
    }),
    requests: new Counter({
      name: "clew_receive_requests_total",
      help: "Export requests answered, by door (otlp_grpc, otlp_http) and outcome (ok or a fault's code).",
      labelNames: ["door", "outcome"] as const,
      registers,
    }),
    receivedBytes: new Counter({
      name: "clew_receive_bytes_total",
      help: "Bytes of export requests after decompression, by door.",
      labelNames: ["door"] as const,
      registers,
    }),
    connectionsCut: new Counter({
      name: "clew_connections_cut_total",
      help:
        "Connections and requests that were cut off or refused before there was an answer, by door" +
        " (otlp_grpc, otlp_http, api) and reason: too_many, idle, headers_timeout, body_timeout," +
        " stalled, answer_timeout, lingering, aborted (by the client), malformed, headers_too_large," +
        " unanswered (a probe).",
      labelNames: ["door", "reason"] as const,
      registers,
    }),
    spansReceived: new Counter({
      name: "clew_spans_received_total",
      help: "Spans decoded from export requests, those rejected included.",
      registers,
    }),
    spansRejected: new Counter({
      name: "clew_spans_rejected_total",
      help: "Spans refused for good, by reason.",
      labelNames: ["reason"] as const,
      registers,
    }),
    spansMarked: new Counter({
      name: "clew_spans_marked_total",
      help: "Spans kept although something is odd about them, by what it is.",
      labelNames: ["mark"] as const,
      registers,
    }),
    repairs: new Counter({
      name: "clew_decode_repairs_total",
      help: "Things set right in spans that were kept: a key twice, bytes not UTF-8 and the like.",
      labelNames: ["repair"] as const,
      registers,
    }),
    spansInserted: new Counter({
      name: "clew_spans_inserted_total",
      help: "Spans that ClickHouse has confirmed.",
      registers,
    }),
    insertSeconds: new Histogram({
      name: "clew_insert_duration_seconds",
      help: "Time from handing a block to ClickHouse to its confirmation.",
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    insertRetries: new Counter({
      name: "clew_insert_retries_total",
      help: "Inserts tried again after a failure.",
      registers,
    }),
    insertBytes: new Counter({
      name: "clew_insert_bytes_total",
      help: "Bytes of Native blocks sent to ClickHouse.",
      registers,
    }),
    doorSpans: new Counter({
      name: "clew_door_spans_total",
      help:
        "Spans of services that are sampled at the door: taken, taken as an error only, or dropped" +
        " before anything is written.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    repeats: new Counter({
      name: "clew_receive_repeats_total",
      help: "Requests that had been taken before, byte for byte; acknowledged and not stored again.",
      registers,
    }),
    logBytes: new Gauge({
      name: "clew_ingest_log_bytes",
      help: "Bytes of the ingest log on disk.",
      registers,
    }),
    logLimitBytes: new Gauge({
      name: "clew_ingest_log_limit_bytes",
      help: "What the ingest log may be; senders are refused then.",
      registers,
    }),
    logOldestSeconds: new Gauge({
      name: "clew_ingest_log_oldest_unconfirmed_seconds",
      help: "Age of the oldest batch of spans in the ingest log that ClickHouse has not confirmed.",
      aggregator: "max",
      registers,
    }),
    logState: new Gauge({
      name: "clew_ingest_log_state",
      help:
        "1 for what is wrong with the ingest log. Senders are refused when it is unwritable, full or" +
        " old; filling and aging come before that; stuck are spans that ClickHouse refuses.",
      labelNames: ["state"] as const,
      registers,
    }),
    clickhouseUp: new Gauge({
      name: "clew_clickhouse_up",
      help: "1 if ClickHouse answers when these metrics are read.",
      registers,
    }),
    logSyncSeconds: new Histogram({
      name: "clew_ingest_log_sync_duration_seconds",
      help: "Time of one sync of the ingest log to disk.",
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    queueSpans: new Gauge({
      name: "clew_queue_spans",
      help: "Spans decoded and not yet confirmed by ClickHouse.",
      registers,
    }),
    workerRestarts: new Counter({
      name: "clew_ingest_worker_restarts_total",
      help: "Times an ingest worker ended by itself and was started again.",
      registers,
    }),
    attributeKeys: new Gauge({
      name: "clew_attribute_keys",
      help: "Attribute keys of the latest spans that are counted one by one, by scope and type.",
      registers,
    }),
    attributeKeysOverflow: new Counter({
      name: "clew_attribute_keys_overflow_total",
      help: "Attributes of spans whose keys were too many, or too long, to be counted one by one.",
      registers,
    }),
    spanNamesRenamed: new Counter({
      name: "clew_span_names_renamed_total",
      help: "Spans of services with too many names, counted without ids (templated) or together (other).",
      labelNames: ["how"] as const,
      registers,
    }),
    spanMetricsOverflow: new Counter({
      name: "clew_span_metrics_overflow_total",
      help: "Spans counted on /metrics/spans as metric_overflow, since all series are taken.",
      registers,
    }),
    remoteWriteSamples: new Counter({
      name: "clew_remote_write_samples_total",
      help: "Samples for remote write by outcome: sent, refused by the receiver, dropped for want of room.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    remoteWriteQueueBytes: new Gauge({
      name: "clew_remote_write_queue_bytes",
      help: "Compressed requests that wait to be sent by remote write.",
      registers,
    }),
    attributeKeysOverflowing: new Gauge({
      name: "clew_attribute_keys_overflowing",
      help:
        "Attributes lately whose keys were too many to be counted one by one: of the service that brought" +
        " most of them, with one of their keys.",
      labelNames: ["service", "key"] as const,
      registers,
    }),
    engineRestarts: new Counter({
      name: "clew_engine_restarts_total",
      help: "Times the embedded ClickHouse ended by itself and was started again.",
      registers,
    }),
  };
}

/** See `createMetrics`. */
export type Metrics = ReturnType<typeof createMetrics>;
