/** Which parts of a service graph are near a node. */

interface Ends {
  readonly client: string;
  readonly server: string;
}

/** The edges on the way to nodes that so many edges lead to, whichever way they point. */
export function edgesNear<Edge extends Ends>(
  edges: readonly Edge[],
  node: string,
  depth: number,
): Edge[] {
  const reached = new Set([node]);
  const near = new Set<Edge>();
  for (let step = 0; step < depth; step++) {
    const before = near.size;
    const found = edges.filter(({ client, server }) => reached.has(client) || reached.has(server));
    for (const edge of found) {
      near.add(edge);
      reached.add(edge.client).add(edge.server);
    }
    if (near.size === before) break;
  }
  return edges.filter((edge) => near.has(edge));
}
