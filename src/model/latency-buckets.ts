/**
 * Durations in buckets that grow by 3.9 %, so that a histogram of any span of time is a sum of
 * histograms, and what it says of a duration is never off by more than 2 %.
 *
 *     bucket i holds (2 ms · 2^((i−1)/18), 2 ms · 2^(i/18)], bounds rounded down to whole nanoseconds
 *
 * 18 to a doubling is the fewest that keeps to 2 %: a bucket's middle is off by (g − 1) / (g + 1) of
 * the truth at either end, with g = 2^(1/18) that is 1.93 %. Bucket 0 ends at 2 ms because Tempo's
 * histogram does: its bounds, 2 ms · 2^n, are those of the buckets 18 n, so it is had exactly.
 */

/** Buckets from a duration to twice as much. */
export const BUCKETS_PER_DOUBLING = 18;

/** Where bucket 0 ends. */
const ANCHOR_NANO = 2_000_000;
/** Its bound is less than a nanosecond: only 0 is in it. */
const LOWEST = -Math.ceil(Math.log2(ANCHOR_NANO) * BUCKETS_PER_DOUBLING);
/** Whatever 64 bits can hold is in it or below. */
const HIGHEST = Math.ceil((64 - Math.log2(ANCHOR_NANO)) * BUCKETS_PER_DOUBLING);

/** The lowest bucket's number, and how many there are. */
export const buckets = { lowest: LOWEST, count: HIGHEST - LOWEST + 1 } as const;

const GROWTH = 2 ** (1 / BUCKETS_PER_DOUBLING);

const uppers = Float64Array.from({ length: buckets.count }, (_, i) => {
  const bucket = LOWEST + i;
  return Math.floor(ANCHOR_NANO * 2 ** (bucket / BUCKETS_PER_DOUBLING));
});

// A double's exponent and the first bits of its fraction say nearly which bucket it is in: the slots
// (32 to a doubling) are narrower than the buckets, so that at most one bound lies within one.
const SLOT_SHIFT = 15;
const SLOTS_PER_DOUBLING = 32;
const ONE = 1023 * SLOTS_PER_DOUBLING; // the slot of 1.0
const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);

const firstOfSlot = Int16Array.from({ length: 65 * SLOTS_PER_DOUBLING }, (_, slot) => {
  const exponent = Math.floor(slot / SLOTS_PER_DOUBLING);
  const least = 2 ** exponent * (1 + (slot % SLOTS_PER_DOUBLING) / SLOTS_PER_DOUBLING);
  const index = uppers.findIndex((upper) => least <= upper);
  return index === -1 ? buckets.count - 1 : index;
});

/** The bucket of a duration in nanoseconds, a whole number; what is below 0 counts as 0. */
export function bucketOf(nano: number): number {
  if (!(nano >= 1)) return LOWEST;
  double[0] = nano;
  let index = firstOfSlot[(doubleWords[1]! >>> SLOT_SHIFT) - ONE]!;
  while (nano > uppers[index]!) index++;
  return LOWEST + index;
}

/** The longest duration in a bucket. */
export function bucketUpperNano(bucket: number): number {
  return uppers[bucket - LOWEST]!;
}

/** What to take for a duration of which only the bucket is known: never off by more than 2 %. */
export function bucketMiddleNano(bucket: number): number {
  const upper = uppers[bucket - LOWEST]!;
  const below = bucket === LOWEST ? -1 : uppers[bucket - LOWEST - 1]!;
  // Among the shortest, a bucket holds a single number of nanoseconds, or none.
  if (upper - below <= 1) return upper;
  const exact = ANCHOR_NANO * 2 ** (bucket / BUCKETS_PER_DOUBLING);
  return (2 * exact) / (GROWTH + 1);
}

/** Durations by bucket. */
export interface LatencyHistogram {
  /** Ascending, each once. */
  readonly buckets: readonly number[];
  /** How many durations each has; with sampling weights, not a whole number. */
  readonly counts: readonly number[];
}

/** A histogram of what all of them are of. */
export function mergeHistograms(parts: readonly LatencyHistogram[]): LatencyHistogram {
  const counts = new Map<number, number>();
  for (const part of parts) {
    for (const [i, bucket] of part.buckets.entries()) {
      counts.set(bucket, (counts.get(bucket) ?? 0) + part.counts[i]!);
    }
  }
  const merged = [...counts.keys()].sort((a, b) => a - b);
  return { buckets: merged, counts: merged.map((bucket) => counts.get(bucket)!) };
}

/**
 * The durations below which these shares of all lie (0.95 for p95), in nanoseconds: for each the
 * shortest one that is at least as long as that share of all, by its bucket. Undefined of none.
 */
export function quantilesNano(
  { buckets: numbers, counts }: LatencyHistogram,
  shares: readonly number[],
): number[] | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  return shares.map((share) => {
    // Sums of weights are not exact: one short of the rank by rounding is the rank.
    const rank = share * total * (1 - 1e-12);
    let sum = 0;
    for (const [i, count] of counts.entries()) {
      sum += count;
      if (sum >= rank && count > 0) return bucketMiddleNano(numbers[i]!);
    }
    return bucketMiddleNano(numbers.at(-1)!);
  });
}
