import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Family } from "./family.ts";
import { GraphMetrics, REMEMBERED_SECONDS, type SliceEdges } from "./graph-metrics.ts";
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
  readonly #graphs = new Map<string, GraphMetrics>();
  /** Of the graph, that have been counted here. */
  readonly #slices = new Set<number>();
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

  /** Adds the edges of a slice of the service graph, of all tenants. What has been computed before but not
   * here, another process has counted. */
  addGraph({ edges: all, ...slice }: SliceEdges, isFirst: boolean): void {
    const { maxSeries, metrics, nowMs } = this.#options;
    if (!isFirst && !this.#slices.has(slice.slice)) return;
    this.#slices.add(slice.slice);
    for (const old of this.#slices) {
      if (old < slice.slice - REMEMBERED_SECONDS) this.#slices.delete(old);
    }
    for (const [number, edges] of Map.groupBy(all, ({ tenant }) => tenant)) {
      const tenant = slice.names.text(number);
      const graph = this.#graphs.get(tenant) ?? new GraphMetrics(maxSeries);
      this.#graphs.set(tenant, graph);
      const overflow = graph.add({ ...slice, edges });
      if (overflow === 0) continue;
      metrics.spanMetricsOverflow.inc(overflow);
      this.#tellOverflow(tenant, nowMs());
    }
  }

  /** The metrics of one tenant, whether it has any or not. */
  families(tenant: string): Family[] {
    const known = this.#tenants.get(tenant) ?? new SpanMetrics(this.#options.maxSeries);
    return [...known.families(), ...(this.#graphs.get(tenant)?.families() ?? [])];
  }

  /** The metrics of all tenants that have any. */
  *all(): Generator<RemoteSource> {
    for (const tenant of this.#tenants.keys()) yield { tenant, families: this.families(tenant) };
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
