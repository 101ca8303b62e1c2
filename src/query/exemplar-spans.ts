/** Which spans are read to be exemplars of sums, and how much of their traces. */
import type { Candidate } from "../store/candidates.ts";
import type { SkeletonTrace } from "../store/skeleton-trace.ts";
import type { Field, MetricsPipeline } from "../traceql/ast.ts";
import { type ExemplarPlan, rankOf, stretchOf } from "../traceql/evaluate/metrics/exemplars.ts";
import { isOfTrace, neededByLeaf } from "../traceql/evaluate/needed-fields.ts";

/** Of the spans of a group those that are of the lowest rank in a stretch of samples. */
export function lowestStarts(
  plan: ExemplarPlan,
  lowest: readonly { readonly index: number; readonly startUnixNano: bigint }[],
): Iterable<bigint> {
  const found = new Map<number, bigint>();
  for (const { index, startUnixNano } of lowest) {
    const stretch = stretchOf(plan, index);
    const known = found.get(stretch);
    if (known === undefined || rankOf(startUnixNano) < rankOf(known)) {
      found.set(stretch, startUnixNano);
    }
  }
  return found.values();
}

/** The lowest rank first. */
export function byRank(starts: readonly bigint[]): bigint[] {
  return starts
    .map((start) => ({ start, rank: rankOf(start) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : Number(a.rank > b.rank)))
    .map(({ start }) => start);
}

/** Whether all that is told of these spans can be said without the other spans of their traces. */
export function isToldAlone(leaf: MetricsPipeline, traces: readonly SkeletonTrace[]): boolean {
  const { isPerSpan, fields } = neededByLeaf(leaf);
  if (isPerSpan) return true;
  // Asked of nearly always: what a root says of its parent, it says alone.
  const others = fields.filter(({ field }) => isOfTrace(field));
  const areRoots = traces.every(({ parentSpanId }) => parentSpanId.every((byte) => byte === 0));
  return areRoots && others.every(({ field }) => isParentBound(field));
}

function isParentBound({ kind, name, ofParent }: Field): boolean {
  return kind === "intrinsic" && name === "nestedSetParent" && !ofParent;
}

/** Where the trace of these spans is to be read. */
export function candidateOf({ traceId, filedNano }: SkeletonTrace): Candidate {
  const filed = filedNano.toSorted();
  return { traceId, key: filed[0]!, firstNano: filed[0]!, lastNano: filed.at(-1)! };
}
