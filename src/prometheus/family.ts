/** Metrics as Prometheus knows them, and what the text formats and remote write are made from. */

/** Names and values, sorted by name. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** A trace that an observation came from. */
export interface Exemplar {
  readonly labels: Labels;
  /** Of the observation. */
  readonly value: number;
  readonly atMs: number;
}

/** A counter of one set of labels. */
export interface CounterPoint {
  readonly labels: Labels;
  readonly value: number;
}

/** A histogram of one set of labels. */
export interface HistogramPoint {
  readonly labels: Labels;
  /** Observations by bucket, not added up; one more than there are bounds. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
  /** By bucket; some may be missing. */
  readonly exemplars: readonly (Exemplar | undefined)[];
}

/** A metric in all its sets of labels. */
export type Family =
  | {
      readonly kind: "counter";
      /** Without `_total`. */
      readonly name: string;
      readonly help: string;
      readonly points: Iterable<CounterPoint>;
    }
  | {
      readonly kind: "histogram";
      readonly name: string;
      readonly help: string;
      /** Ascending; the last bucket, up to infinity, has none. */
      readonly bounds: readonly number[];
      readonly points: Iterable<HistogramPoint>;
    };

/** A label's name made of an attribute's key. Source: Prometheus, "Metric and label naming". */
export function labelName(key: string): string {
  const name = key.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

/** Labels in their order. */
export function sortLabels(labels: Labels): Labels {
  return labels.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
