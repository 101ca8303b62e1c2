/** What is different between two service graphs. */

/** An edge by the names at its ends. */
export interface Ends {
  readonly client: string;
  readonly server: string;
}

/** What is there and should not be, and what should be and is not, each sorted. */
export interface GraphDifference {
  readonly unexpected: readonly Ends[];
  readonly missing: readonly Ends[];
}

/** Compares edges by their ends. */
export function graphDifference(
  found: readonly Ends[],
  expected: readonly Ends[],
): GraphDifference {
  return { unexpected: without(found, expected), missing: without(expected, found) };
}

function without(edges: readonly Ends[], others: readonly Ends[]): Ends[] {
  const keyOf = ({ client, server }: Ends): string => JSON.stringify([client, server]);
  const known = new Set(others.map(keyOf));
  const left = new Map(edges.map((edge) => [keyOf(edge), edge]));
  return [...left.keys()]
    .filter((key) => !known.has(key))
    .sort()
    .map((key) => left.get(key)!);
}

/** Edges that are compared: told apart by ends and connection. */
export interface ComparableEdge extends Ends {
  readonly connection: string;
  readonly via?: string;
  readonly calls: number;
  readonly failed: number;
  readonly clientSide: { readonly p95Nano: number } | null;
  readonly serverSide: { readonly p95Nano: number } | null;
}

/** What became of an edge from one time to another; of what changed, in which respect. */
export type EdgeChange =
  | { readonly kind: "new" | "gone" | "same" }
  | {
      readonly kind: "changed";
      /** What it was before and is now: calls a second, share of failures, nanoseconds. */
      readonly rate?: readonly [before: number, now: number];
      readonly failures?: readonly [before: number, now: number];
      readonly p95?: readonly [before: number, now: number];
    };

/** An edge of either time. Its figures are those of now, of one that is gone those of before. */
export interface ComparedEdge<Edge> {
  readonly edge: Edge;
  readonly change: EdgeChange;
}

/** From so many calls on, figures say something. */
const LEAST_CALLS = 20;
const RATE_FACTOR = 2;
const FAILURES_APART = 0.05;
const P95_FACTOR = 1.5;

/** A graph's edges, and how long the time is that they are of. */
export interface EdgesOfTime<Edge> {
  readonly edges: readonly Edge[];
  readonly seconds: number;
}

/** Every edge that is there now or was before. Twice as many calls or half, five points more or less of
 * failures, or a p95 half as long again are a change, where there are calls enough to tell. */
export function compareEdges<Edge extends ComparableEdge>(
  now: EdgesOfTime<Edge>,
  before: EdgesOfTime<Edge>,
): ComparedEdge<Edge>[] {
  const keyOf = ({ client, server, connection, via = "" }: Edge): string =>
    JSON.stringify([client, server, connection, via]);
  const known = new Map(before.edges.map((edge) => [keyOf(edge), edge]));
  const compared = now.edges.map((edge): ComparedEdge<Edge> => {
    const old = known.get(keyOf(edge));
    known.delete(keyOf(edge));
    if (old === undefined) return { edge, change: { kind: "new" } };
    const seconds = [before.seconds, now.seconds] as const;
    return { edge, change: changeOf([old, edge], seconds) };
  });
  const gone = [...known.values()].map((edge) => ({ edge, change: { kind: "gone" } as const }));
  return [...compared, ...gone];
}

type Pair<T> = readonly [before: T, now: T];

function changeOf(edges: Pair<ComparableEdge>, seconds: Pair<number>): EdgeChange {
  if (edges.every(({ calls }) => calls < LEAST_CALLS)) return { kind: "same" };
  const of = (value: (edge: ComparableEdge, i: 0 | 1) => number): Pair<number> => [
    value(edges[0], 0),
    value(edges[1], 1),
  ];
  const rate = of(({ calls }, i) => calls / Math.max(seconds[i], 1));
  const failures = of(({ calls, failed }) => failed / Math.max(calls, 1));
  const p95 = of(({ clientSide, serverSide }) => (serverSide ?? clientSide)?.p95Nano ?? 0);
  // A few calls are no measure of how the others fare.
  const areEnough = edges.every(({ calls }) => calls >= LEAST_CALLS);
  const isFailing = areEnough && Math.abs(failures[1] - failures[0]) >= FAILURES_APART;
  const change = {
    kind: "changed" as const,
    ...(isApart(rate, RATE_FACTOR) && { rate }),
    ...(isFailing && { failures }),
    ...(areEnough && Math.min(...p95) > 0 && isApart(p95, P95_FACTOR) && { p95 }),
  };
  return Object.keys(change).length > 1 ? change : { kind: "same" };
}

function isApart([before, now]: Pair<number>, factor: number): boolean {
  return now >= before * factor || before >= now * factor;
}
