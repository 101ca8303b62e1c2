/** How long something took, over many times: in milliseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Exact quantiles: the smallest value that so large a share of all values does not exceed ("nearest
 * rank"). All are NaN, which JSON has as null, if there is nothing. Sorts `values`. */
export function quantilesOf(values: number[]): Quantiles {
  values.sort((a, b) => a - b);
  const at = (share: number): number =>
    values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;
  return { count: values.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
