/** Histograms of powers of two: bucket `e` counts the values above 2^(e-1) and up to 2^e. */

/** The exponent of a value's bucket: the smallest power of two that is not less. -1 for values below 2,
 * which are not counted. */
export function bucketExponent(value: bigint): number {
  if (value < 2n) return -1;
  if (value > Number.MAX_SAFE_INTEGER) return (value - 1n).toString(2).length;
  const number = Number(value);
  let exponent = Math.ceil(Math.log2(number));
  // The logarithm is rounded; next to a power of two it may be on the wrong side.
  if (2 ** exponent < number) exponent++;
  else if (2 ** (exponent - 1) >= number) exponent--;
  return exponent;
}

/** A bucket that is not empty. */
export interface PowerBucket {
  readonly exponent: number;
  /** How many values; more or less than one for each if they have weights. */
  readonly count: number;
}

/**
 * The quantile `q` of the values in the buckets, which are in rising order: values are counted from
 * the lowest until there are q of them, at least one. If that ends with a bucket, it is the bucket's
 * upper bound; within one, the exponent is interpolated, from that of the bucket before or, if there
 * is none, from the bucket's own lower bound. 0 without values.
 */
export function quantileOfBuckets(q: number, buckets: readonly PowerBucket[]): number {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const wanted = Math.max(1, Math.ceil(q * total));
  let before = 0;
  let low: number | undefined;
  for (const { exponent, count } of buckets) {
    if (before + count >= wanted) {
      const from = low ?? exponent - 1;
      return 2 ** (from + (exponent - from) * ((wanted - before) / count));
    }
    before += count;
    low = exponent;
  }
  // Only weights below one can leave fewer than are wanted.
  return low === undefined ? 0 : 2 ** low;
}
