/**
 * Stretches of a trace in which no span runs, made short: what waits for hours in a queue need not make
 * everything else a hair's breadth wide. Durations stay what they are, since no span lies across a gap.
 */
import type { SpanTable } from "./span-table.ts";

/** A gap that was made short. */
export interface Cut {
  /** Where it is, in time as it is shown. */
  readonly atNano: number;
  /** How long it is shown, and how much was taken out. */
  readonly shownNano: number;
  readonly removedNano: number;
}

/** Gaps shorter than this share of the trace are left; longer ones are shown as long as it. */
const LEAST_SHARE = 0.05;

/** The stretches that are long enough to be cut, in order; events outside of their spans run on. */
function longGaps({ length, startNano, spanNano, durationNano }: SpanTable): [number, number][] {
  const order = Int32Array.from({ length }, (_, row) => row);
  order.sort((a, b) => startNano[a]! - startNano[b]!);
  const gaps: [number, number][] = [];
  let reached = 0;
  for (const row of order) {
    const start = startNano[row]!;
    if (start - reached > durationNano * LEAST_SHARE) gaps.push([reached, start]);
    reached = Math.max(reached, start + spanNano[row]!);
  }
  return gaps;
}

/** The table with its long gaps made short, and these; the same table if there are none. */
export function compressGaps(table: SpanTable): {
  readonly table: SpanTable;
  readonly cuts: readonly Cut[];
} {
  const gaps = longGaps(table);
  if (gaps.length === 0) return { table, cuts: [] };
  const idle = gaps.reduce((sum, [from, to]) => sum + to - from, 0);
  const shownNano = Math.max(Math.round((table.durationNano - idle) * LEAST_SHARE), 1);
  let removed = 0;
  const cuts = gaps.map(([from, to]): Cut => {
    const cut = { atNano: from - removed, shownNano, removedNano: to - from - shownNano };
    removed += cut.removedNano;
    return cut;
  });
  const shown = (nano: number): number => {
    let by = 0;
    gaps.forEach(([, to], i) => {
      if (nano >= to) by += cuts[i]!.removedNano;
    });
    return nano - by;
  };
  return {
    cuts,
    table: {
      ...table,
      startNano: table.startNano.map(shown),
      eventNano: table.eventNano.map(shown),
      durationNano: table.durationNano - removed,
    },
  };
}

/** The time that a shown one stands for. */
export function realTime(cuts: readonly Cut[], shownNano: number): number {
  let real = shownNano;
  for (const { atNano, shownNano: took, removedNano } of cuts) {
    if (shownNano >= atNano + took) real += removedNano;
    else if (shownNano > atNano) real += (removedNano * (shownNano - atNano)) / took;
  }
  return real;
}
