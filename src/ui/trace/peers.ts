/** How a span's duration compares with others of its operation. */
import type { RedHeatmapAnswer } from "../../api/contract.ts";

/** Where a duration is among others. */
export interface AmongPeers {
  readonly calls: number;
  /** The share of calls that took no longer, from 0 to 1. */
  readonly share: number;
}

/** The place of a duration among the calls of a heatmap; undefined if there are none. */
export function amongPeers(
  { cells }: Pick<RedHeatmapAnswer, "cells">,
  durationNano: number,
): AmongPeers | undefined {
  let [calls, shorter] = [0, 0];
  cells.calls.forEach((count, i) => {
    calls += count;
    if (cells.upperNano[i]! <= durationNano * SAME) shorter += count;
  });
  return calls === 0 ? undefined : { calls, share: shorter / calls };
}

/** Buckets are 3.9 % wide: the one that the duration itself is in counts whole. */
const SAME = 1.039;
