/**
 * Which span of one trace is which of another, as Tempo has it: among spans of one service, name and kind
 * those that are alike find each other first, near relations before others, and each takes the first that
 * is left. Source: grafana/tempo pkg/model/tracediff.
 */
import type { DiffNode } from "./diff-nodes.ts";

/** By span of `compare` its match in `base`. */
export type Matches = ReadonlyMap<DiffNode, DiffNode>;

/** What spans have to share, and what else there is to it. */
interface Pass {
  readonly key: (node: DiffNode) => string;
  readonly isMatch?: (a: DiffNode, b: DiffNode) => boolean;
}

const passes: readonly Pass[] = [
  { key: ({ parent, content }) => JSON.stringify([parent, content]), isMatch: isAlike },
  { key: ({ parent, span }) => JSON.stringify([parent, span.status]) },
  { key: ({ parent }) => parent },
  { key: ({ content }) => content, isMatch: isAlike },
  { key: ({ span }) => span.status },
  { key: () => "" },
];

/** The steps of finding them, one for each span at most. Takes time with the square of the number of spans
 * only where many are equal but for how long they last, or for magnitudes. */
export function* matchSteps(
  base: readonly DiffNode[],
  compare: readonly DiffNode[],
): Generator<undefined, Matches> {
  const matches = new Map<DiffNode, DiffNode>();
  const used = new Set<DiffNode>();
  for (const { key, isMatch = () => true } of passes) {
    const whole = (node: DiffNode): string => `${node.identity} ${key(node)}`;
    const left = Map.groupBy(
      base.filter((node) => !used.has(node)),
      whole,
    );
    for (const node of compare) {
      yield;
      const candidates = matches.has(node) ? undefined : left.get(whole(node));
      const at = candidates?.findIndex((candidate) => isMatch(candidate, node)) ?? -1;
      if (at === -1) continue;
      const [found] = candidates!.splice(at, 1);
      matches.set(node, found!);
      used.add(found!);
    }
  }
  return matches;
}

function isAlike(a: DiffNode, b: DiffNode): boolean {
  if (!lastAlike(a, b)) return false;
  for (const [key, number] of a.magnitudes) {
    if (!isNear(number, b.magnitudes.get(key)!)) return false;
  }
  return true;
}

/** Whether two spans take about the same time: a fifth and a millisecond more or less is no difference. */
export function lastAlike({ durationNano: a }: DiffNode, { durationNano: b }: DiffNode): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Math.abs(a - b) <= 1_000_000 + 0.2 * Math.max(a, b);
}

/** Whether two magnitudes are the same but for a twentieth. */
export function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.05 * Math.max(Math.abs(a), Math.abs(b));
}

/** How many groups of spans of one service, name and kind could have been matched otherwise. */
export function countAmbiguous(base: readonly DiffNode[], compare: readonly DiffNode[]): number {
  const groups = new Map<string, Map<string, [base: number, compare: number]>>();
  for (const [side, nodes] of [base, compare].entries()) {
    for (const { identity, parent } of nodes) {
      const parents = groups.get(identity) ?? new Map<string, [number, number]>();
      groups.set(identity, parents);
      const counts = parents.get(parent) ?? [0, 0];
      parents.set(parent, counts);
      counts[side]!++;
    }
  }
  return [...groups.values()].filter((parents) => {
    const counts = [...parents.values()];
    const isMany = (a: number, b: number): boolean => a > 0 && b > 0 && (a > 1 || b > 1);
    const left = (of: (a: number, b: number) => number): number =>
      counts.reduce((sum, [a, b]) => sum + Math.max(0, of(a, b)), 0);
    return (
      counts.some(([a, b]) => isMany(a, b)) ||
      isMany(
        left((a, b) => a - b),
        left((a, b) => b - a),
      )
    );
  }).length;
}
