/** Metrics of several processes, added up. */
import { AggregatorRegistry, type Registry } from "prom-client";

/** What a registry's `getMetricsAsJSON` gives. */
export type MetricsJson = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>;

/** One registry with the sums of all. */
export function sumOf(parts: readonly MetricsJson[]): Registry {
  return AggregatorRegistry.aggregate([...parts]);
}

/** Those that only ever grow: what remains of a process that has ended. */
export function withoutGauges(metrics: MetricsJson): MetricsJson {
  return metrics.filter(({ type }) => String(type) !== "gauge");
}
