import { Fault } from "../base/fault.ts";
import type { MetricsQuery } from "../traceql/ast.ts";
import type { Series } from "../traceql/evaluate/metrics/series.ts";
import type { TimeGrid } from "../traceql/evaluate/metrics/time-grid.ts";
import type { Asking, Receipt } from "./receipt.ts";

/** Which series are wanted. */
export interface MetricsRequest {
  readonly query: MetricsQuery;
  /** Of `rangeGrid` or `instantGrid`. */
  readonly grid: TimeGrid;
  readonly exemplars: number;
  /** 0: no limit but the server's. */
  readonly maxSeries: number;
}

/** The series. */
export interface MetricsAnswer {
  readonly series: readonly Series[];
  readonly truncated: boolean;
  readonly receipt: Receipt;
}

/** Who waits for series. */
export interface MetricsAsking extends Asking {
  readonly progress?: (series: readonly Series[], receipt: Receipt) => void;
}

/** Makes series of spans. */
export interface MetricsQueries {
  metrics(request: MetricsRequest, asking?: MetricsAsking): Promise<MetricsAnswer>;
}

/** The use cases over one store. */
export function createMetrics(): MetricsQueries {
  const message = "this Clew does not answer metrics queries yet";
  return { metrics: () => Promise.reject(new Fault("unsupported", message)) };
}
