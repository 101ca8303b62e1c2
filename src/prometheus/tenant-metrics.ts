import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Family } from "./family.ts";
import type { RemoteSource } from "./remote-writer.ts";
import { type SpanCounts, SpanMetrics } from "./span-metrics.ts";

interface TenantMetricsOptions {
  /** Of each tenant. */
  readonly maxSeries: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly nowMs: () => number;
}

/** How long the log is silent about a tenant without room for series once it has told of it. */
const OVERFLOW_SILENCE_MS = 3_600_000;

/** The counters of all tenants. */
export class TenantMetrics {
  readonly #options: TenantMetricsOptions;
  readonly #tenants = new Map<string, SpanMetrics>();
  readonly #toldMs = new Map<string, number>();

  constructor(options: TenantMetricsOptions) {
    this.#options = options;
  }

  /** Adds what a batch of any ingest process adds. */
  add({ counts, renamed }: SpanCounts): void {
    const { metrics, nowMs } = this.#options;
    const now = nowMs();
    for (const count of counts) {
      if (this.#of(count.tenant).add(count, now)) continue;
      metrics.spanMetricsOverflow.inc(count.calls);
      this.#tellOverflow(count.tenant, now);
    }
    for (const names of renamed) {
      this.#of(names.tenant).addRenamed(names);
      metrics.spanNamesRenamed.inc({ how: "templated" }, names.templated);
      metrics.spanNamesRenamed.inc({ how: "other" }, names.other);
    }
  }

  /** The metrics of one tenant, whether it has any or not. */
  families(tenant: string): Family[] {
    const known = this.#tenants.get(tenant) ?? new SpanMetrics(this.#options.maxSeries);
    return known.families();
  }

  /** The metrics of all tenants that have any. */
  *all(): Generator<RemoteSource> {
    for (const [tenant, counters] of this.#tenants) yield { tenant, families: counters.families() };
  }

  #of(tenant: string): SpanMetrics {
    let found = this.#tenants.get(tenant);
    if (found === undefined) {
      found = new SpanMetrics(this.#options.maxSeries);
      this.#tenants.set(tenant, found);
    }
    return found;
  }

  #tellOverflow(tenant: string, now: number): void {
    if (now - (this.#toldMs.get(tenant) ?? -Infinity) < OVERFLOW_SILENCE_MS) return;
    this.#toldMs.set(tenant, now);
    const { log, maxSeries } = this.#options;
    log.warn("no room for more series on /metrics/spans: further ones count as one", {
      tenant,
      maxSeries,
    });
  }
}
