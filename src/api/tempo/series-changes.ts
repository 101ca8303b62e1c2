import { labelsText, type Series } from "../../traceql/evaluate/metrics/series.ts";
import type { JsonObject } from "../../wire/tempo/without-defaults.ts";
import { timeSeries } from "./metrics.ts";

/** What has changed of series since they were told last, so that each point is told once. */
export class SeriesChanges {
  readonly #timesMs: readonly string[];
  readonly #told = new Map<string, Float64Array>();

  constructor(timesMs: readonly string[]) {
    this.#timesMs = timesMs;
  }

  /** The points that are new or different; exemplars are told at the end. */
  since(series: readonly Series[]): JsonObject[] {
    return this.#changed(series.map((one) => ({ ...one, exemplars: [] })));
  }

  /** The points that are new or different, and all exemplars. */
  last(series: readonly Series[]): JsonObject[] {
    return this.#changed(series);
  }

  #changed(series: readonly Series[]): JsonObject[] {
    return series.flatMap((one) => {
      const key = labelsText(one.labels);
      const before = this.#told.get(key);
      this.#told.set(key, Float64Array.from(one.values));
      const isNew = (i: number): boolean => !Object.is(before?.[i], one.values[i]);
      const shown = timeSeries(one, this.#timesMs, before === undefined ? undefined : isNew);
      return before !== undefined && !("samples" in shown || "exemplars" in shown) ? [] : [shown];
    });
  }
}
