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
