import { hostname } from "node:os";
import { ORG_ID } from "../api/tenancy.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { RemoteWriter } from "../prometheus/remote-writer.ts";
import { TenantMetrics } from "../prometheus/tenant-metrics.ts";
import type { Config } from "./config.ts";

interface SpanMetricsParts {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The counters of spans, and how they get to Prometheus if it does not come for them. */
export interface SpanMetricsParty {
  readonly counters: TenantMetrics;
  /** Sends what is counted so far. */
  close(): Promise<void>;
}

const JOB = "clew";
const QUEUE_BYTES = 64 * 2 ** 20;
const REQUEST_SERIES = 5000;

/** Begins to count, and to send if the configuration says where to. */
export function openSpanMetrics(
  config: Config,
  { log, metrics }: SpanMetricsParts,
): SpanMetricsParty {
  const { maxSeries, remoteWriteUrl, remoteWriteHeaders, remoteWriteSeconds } = config.metrics;
  const counters = new TenantMetrics({ maxSeries, metrics, log, nowMs: Date.now });
  if (remoteWriteUrl === undefined) return { counters, close: async () => {} };
  const writer = new RemoteWriter({
    url: remoteWriteUrl,
    headers: Object.fromEntries(remoteWriteHeaders.map(parseHeader)),
    tenantHeader: config.tenancy.enabled ? ORG_ID : undefined,
    labels: [
      // As a scrape would call them.
      ["instance", `${hostname()}:${config.http.port}`],
      ["job", JOB],
    ],
    limits: {
      everyMs: remoteWriteSeconds * 1000,
      requestSeries: REQUEST_SERIES,
      queueBytes: QUEUE_BYTES,
      answerMs: 30_000,
      retryFirstMs: 500,
      retryLastMs: 30_000,
      closeMs: 3000,
    },
    sources: () => counters.all(),
    metrics,
    log,
    nowMs: Date.now,
  });
  return { counters, close: () => writer.close() };
}

/** Of "Name: value". */
function parseHeader(header: string): [name: string, value: string] {
  const colon = header.indexOf(":");
  return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
}
