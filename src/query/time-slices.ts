import type { Stretch } from "../store/candidates.ts";
import type { Samples } from "../store/metric-sums.ts";

const SECOND = 1_000_000_000n;
const BUCKET = 300n * SECOND;
const GROWTH = 4n;
const HURRIED_GROWTH = 16n;

/** When a question that says no time is about. */
const USUAL_SECONDS = 3600n;

/** The stretch of time of a question; what it leaves open is the last hour up to now. */
export function stretchOf(
  {
    fromNano,
    toNano,
  }: { readonly fromNano?: bigint | undefined; readonly toNano?: bigint | undefined },
  nowSeconds: number,
): Stretch {
  // Clocks of senders may be ahead a little.
  const to = toNano ?? (BigInt(Math.ceil(nowSeconds)) + 60n) * SECOND;
  return { fromNano: fromNano ?? to - USUAL_SECONDS * SECOND, toNano: to };
}

/**
 * A stretch of time in slices, the newest first, each four times as long as the one before: who is content
 * with what is new reads little, who is not has few statements. Who says `next(true)`, because a slice had
 * next to nothing, gets an even longer one.
 */
export function* slicesOf({ fromNano, toNano }: Stretch): Generator<Stretch, void, boolean | void> {
  let end = toNano;
  for (let length = BUCKET; end > fromNano;) {
    const start = end - length - ((end - length) % BUCKET);
    const from = start < fromNano ? fromNano : start;
    const hurries = yield { fromNano: from, toNano: end };
    end = from;
    length *= hurries === true ? HURRIED_GROWTH : GROWTH;
  }
}

/** Of so many parts the first slice of samples is one. */
const SAMPLE_PARTS = 16;

/** Samples in slices, the newest first, each four times as long as the one before. */
export function* slicesOfSamples({
  first,
  count,
  afterNano,
  stepNano,
}: Samples): Generator<Samples> {
  let end = count;
  for (let length = Math.ceil(count / SAMPLE_PARTS); end > 0; length *= Number(GROWTH)) {
    const from = Math.max(0, end - length);
    const after = afterNano + BigInt(from) * stepNano;
    yield { first: first + from, count: end - from, afterNano: after, stepNano };
    end = from;
  }
}
