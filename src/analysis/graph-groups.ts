/** Service graphs with more nodes than can be told apart: nodes whose names begin alike become one. */
import type { NodeKind } from "../model/graph-node.ts";
import type { DrawnGraph, DrawnNode } from "./graph-drawing.ts";
import type { Ends } from "./graph-difference.ts";

/** A node, or several that are shown as one. */
export interface GroupedNode {
  /** Tells it from all others: the name of a node, or what `groupId` makes for a group. */
  readonly id: string;
  /** The name of the node; of a group what its names begin with, and a star. */
  readonly name: string;
  readonly kind: NodeKind;
  /** How many nodes it stands for; 1 if it is one. */
  readonly size: number;
}

/** The edges between two of these, all of one connection. Ends are ids. */
export interface GroupedEdge<Edge> extends Ends {
  readonly connection: string;
  readonly parts: readonly Edge[];
}

/** A graph of few enough nodes. */
export interface GroupedGraph<Edge> {
  readonly nodes: readonly GroupedNode[];
  readonly edges: readonly GroupedEdge<Edge>[];
  /** Nodes that are in none of these: there are too many, and they have the fewest calls. */
  readonly hidden: number;
}

type AnyEdge = Ends & { readonly connection: string; readonly calls: number };

/** The id of a group: never the name of a node, since no name has a line break at its beginning. */
export function groupId(kind: NodeKind, prefix: string): string {
  return `\n${kind}:${prefix}`;
}

const DEEPEST = 8;

/** The graph with at most so many nodes. Names are cut after . / : - and _, as late as is enough. Groups
 * that are `open` are shown as what is in them. */
export function groupGraph<Edge extends AnyEdge>(
  { nodes, edges }: DrawnGraph<Edge>,
  most: number,
  open: ReadonlySet<string>,
): GroupedGraph<Edge> {
  const all = grouped(nodes, most, open);
  const ids = new Map(all.flatMap(({ node, members }) => members.map((name) => [name, node.id])));
  const byId = new Map<string, GroupedEdge<Edge> & { readonly parts: Edge[] }>();
  for (const edge of edges) {
    const [client, server] = [ids.get(edge.client)!, ids.get(edge.server)!];
    // What goes on within a group is not shown.
    if (client === server && client !== edge.client) continue;
    const key = JSON.stringify([client, server, edge.connection]);
    const known = byId.get(key);
    if (known !== undefined) known.parts.push(edge);
    else byId.set(key, { client, server, connection: edge.connection, parts: [edge] });
  }
  const found = all.map(({ node }) => node);
  const kept = busiest(found, [...byId.values()], Math.max(most, open.size > 0 ? 2 * most : 0));
  return {
    nodes: found.filter(({ id }) => kept.has(id)),
    edges: [...byId.values()].filter(({ client, server }) => kept.has(client) && kept.has(server)),
    hidden: found.reduce((sum, { id, size }) => sum + (kept.has(id) ? 0 : size), 0),
  };
}

interface Grouped {
  readonly node: GroupedNode;
  readonly members: readonly string[];
}

function grouped(
  nodes: readonly DrawnNode[],
  most: number,
  open: ReadonlySet<string>,
): readonly Grouped[] {
  if (nodes.length <= most) return nodes.map(alone);
  let groups: DrawnNode[][] = [];
  for (let depth = DEEPEST; depth > 0; depth--) {
    groups = [...Map.groupBy(nodes, ({ kind, name }) => groupKey(kind, name, depth)).values()];
    if (groups.length <= most) break;
  }
  return groups.flatMap((members) => {
    const [first] = members;
    if (members.length === 1) return [alone(first!)];
    const { kind } = first!;
    const prefix = commonPrefix(members.map(({ name }) => name));
    const id = groupId(kind, prefix);
    if (open.has(id)) return grouped(members, most, open);
    const node = { id, name: `${prefix}*`, kind, size: members.length };
    return [{ node, members: members.map(({ name }) => name) }];
  });
}

function alone({ name, kind }: DrawnNode): Grouped {
  return { node: { id: name, name, kind, size: 1 }, members: [name] };
}

/** What nodes of one group have in common at a depth; a name that has no more parts stands alone. */
function groupKey(kind: NodeKind, name: string, depth: number): string {
  const parts = partsOf(name);
  return parts.length > depth ? groupId(kind, parts.slice(0, depth).join("")) : name;
}

/** "emea.", "orders.", "svc-", "7" of "emea.orders.svc-7". */
function partsOf(name: string): string[] {
  return name.match(/[^./:_-]*[./:_-]|[^./:_-]+$/g) ?? [];
}

function commonPrefix(names: readonly string[]): string {
  const lists = names.map(partsOf);
  const parts = lists[0] ?? [];
  let depth = 0;
  while (depth < parts.length - 1 && lists.every((list) => list[depth] === parts[depth])) depth++;
  return parts.slice(0, depth).join("");
}

function busiest<Edge extends AnyEdge>(
  nodes: readonly GroupedNode[],
  edges: readonly GroupedEdge<Edge>[],
  most: number,
): ReadonlySet<string> {
  const calls = new Map<string, number>();
  for (const { client, server, parts } of edges) {
    const sum = parts.reduce((total, edge) => total + edge.calls, 0);
    for (const id of [client, server]) calls.set(id, (calls.get(id) ?? 0) + sum);
  }
  const sorted = nodes
    .map(({ id }) => id)
    .toSorted((a, b) => (calls.get(b) ?? 0) - (calls.get(a) ?? 0) || (a < b ? -1 : 1));
  return new Set(sorted.slice(0, most));
}
