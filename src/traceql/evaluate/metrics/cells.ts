/** What a series remembers while traces come in, by sample. All of them can be merged with another of
 * the same kind, in any order and grouping. */
import { quantileOfBuckets } from "./power-buckets.ts";

/** Numbers of one series, by sample. */
export interface Cells<Self> {
  /** Takes in a span's value, which counts `weight` times. */
  add(index: number, value: number, weight: number): void;
  /** Takes in what spans with this weight together come to: their sum, the largest of their values… */
  take(index: number, value: number, weight: number): void;
  /** Takes in what another one has seen. */
  merge(other: Self): void;
}

/** How many spans there were. */
export class CountCells implements Cells<CountCells> {
  readonly counts: Float64Array;

  constructor(length: number) {
    this.counts = new Float64Array(length);
  }

  add(index: number, _: number, weight: number): void {
    this.counts[index]! += weight;
  }

  take(index: number, _: number, weight: number): void {
    this.counts[index]! += weight;
  }

  merge({ counts }: CountCells): void {
    counts.forEach((count, i) => (this.counts[i]! += count));
  }
}

/** Sums, with what rounding has lost beside them: the order of adding hardly ever shows, and sums of
 * integers are exact far beyond 2^53. */
export class SumCells implements Cells<SumCells> {
  readonly #sums: Float64Array;
  readonly #lost: Float64Array;
  /** Zero where there was no value. */
  readonly weights: Float64Array;

  constructor(length: number) {
    this.#sums = new Float64Array(length);
    this.#lost = new Float64Array(length);
    this.weights = new Float64Array(length);
  }

  add(index: number, value: number, weight: number): void {
    this.#add(index, value * weight);
    this.weights[index]! += weight;
  }

  take(index: number, sum: number, weight: number): void {
    this.#add(index, sum);
    this.weights[index]! += weight;
  }

  merge(other: SumCells): void {
    other.#sums.forEach((sum, i) => {
      this.#add(i, sum);
      this.#lost[i]! += other.#lost[i]!;
      this.weights[i]! += other.weights[i]!;
    });
  }

  /** Source: Knuth, The Art of Computer Programming 2, 4.2.2, theorem B. */
  #add(index: number, value: number): void {
    const before = this.#sums[index]!;
    const sum = before + value;
    const added = sum - before;
    const lost = before - (sum - added) + (value - added);
    this.#sums[index] = sum;
    // Infinities and NaN have no rest.
    if (!Number.isNaN(lost)) this.#lost[index]! += lost;
  }

  sum(index: number): number {
    return this.weights[index] === 0 ? Number.NaN : this.#sums[index]! + this.#lost[index]!;
  }
}

/** The largest or the smallest values. */
export class ExtremeCells implements Cells<ExtremeCells> {
  /** NaN where there was no value. */
  readonly values: Float64Array;
  readonly #sign: 1 | -1;

  constructor(length: number, which: "min" | "max") {
    this.values = new Float64Array(length).fill(Number.NaN);
    this.#sign = which === "max" ? 1 : -1;
  }

  add(index: number, value: number): void {
    const known = this.values[index]!;
    if (Number.isNaN(known) || this.#sign * (value - known) > 0) this.values[index] = value;
  }

  take(index: number, value: number): void {
    this.add(index, value);
  }

  merge({ values }: ExtremeCells): void {
    values.forEach((value, i) => {
      if (!Number.isNaN(value)) this.add(i, value);
    });
  }
}

/** Histograms of powers of two. */
export class HistogramCells implements Cells<HistogramCells> {
  readonly #length: number;
  /** By exponent. */
  readonly #counts: (Float64Array | undefined)[] = [];

  constructor(length: number) {
    this.#length = length;
  }

  /** `exponent` is that of the value's bucket. */
  add(index: number, exponent: number, weight: number): void {
    const counts = (this.#counts[exponent] ??= new Float64Array(this.#length));
    counts[index]! += weight;
  }

  take(index: number, exponent: number, weight: number): void {
    this.add(index, exponent, weight);
  }

  merge(other: HistogramCells): void {
    for (const { exponent, counts } of other.buckets()) {
      counts.forEach((count, i) => {
        if (count !== 0) this.add(i, exponent, count);
      });
    }
  }

  /** The buckets that have ever counted something, in rising order. */
  buckets(): { exponent: number; counts: Float64Array }[] {
    return this.#counts.flatMap((counts, exponent) =>
      counts === undefined ? [] : [{ exponent, counts }],
    );
  }

  /** The quantile of each sample; 0 where there was no value. */
  quantiles(q: number): Float64Array {
    const buckets = this.buckets();
    return Float64Array.from({ length: this.#length }, (_, i) =>
      quantileOfBuckets(
        q,
        buckets
          .map(({ exponent, counts }) => ({ exponent, count: counts[i]! }))
          .filter(({ count }) => count > 0),
      ),
    );
  }
}
