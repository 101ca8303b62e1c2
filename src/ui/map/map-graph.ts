/** What of the service graph is on the map, and the figures of it. */
import { compareEdges, type EdgeChange } from "../../analysis/graph-difference.ts";
import { drawnGraph, type DrawnGraph } from "../../analysis/graph-drawing.ts";
import { groupGraph, type GroupedNode } from "../../analysis/graph-groups.ts";
import { edgesNear } from "../../analysis/graph-shape.ts";
import type { GraphAnswer, GraphEdgeAnswer } from "../../api/contract.ts";
import type { Graphs } from "./map-load.ts";
import type { MapQuery } from "./map-route.ts";

/** An edge of the graph, with what became of it where two times are compared. */
export interface CallEdge extends GraphEdgeAnswer {
  readonly change?: EdgeChange;
}

/** Calls a second, and the share of them that failed. */
interface Traffic {
  readonly rate: number;
  readonly failures: number;
}

/** A node of the map. */
export interface MapNode extends GroupedNode, Traffic {}

/** An edge of the map: of one connection, and perhaps of several edges between groups. */
export interface MapEdge extends Traffic {
  readonly key: string;
  /** Ids of nodes. */
  readonly client: string;
  readonly server: string;
  readonly parts: readonly CallEdge[];
  /** As the server saw it, else as the client did; undefined of several, and where nobody did. */
  readonly p95Nano: number | undefined;
  readonly change: EdgeChange | undefined;
}

/** What is on the map. */
export interface MapGraph {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  /** All edges that are meant, each by itself: for the table, and to be saved. */
  readonly drawn: DrawnGraph<CallEdge>;
  /** Every name there is to choose from, sorted. */
  readonly names: readonly string[];
  /** Nodes that are left out for want of room. */
  readonly hidden: number;
  /** How long the time is that rates are of. */
  readonly seconds: number;
}

/** With more nodes than that, some become groups. */
const MOST_NODES = 150;

/** The map of a graph, or of the differences between two. */
export function mapOf(
  { now, before }: Graphs,
  { node, hops, open }: Pick<MapQuery, "node" | "hops" | "open">,
  nowSeconds: number,
): MapGraph {
  const seconds = secondsOf(now, nowSeconds);
  const whole = joined(now, before, nowSeconds);
  const near = node === "" ? whole.edges : edgesNear(whole.edges, node, hops);
  const named = new Set(near.flatMap(({ client, server }) => [client, server]));
  const drawn = { nodes: whole.nodes.filter(({ name }) => named.has(name)), edges: near };
  const grouped = groupGraph(drawn, MOST_NODES, new Set(open));
  const edges = grouped.edges.map(({ client, server, connection, parts }): MapEdge => {
    const [only] = parts;
    const isOne = parts.length === 1;
    return {
      key: JSON.stringify([client, server, connection]),
      client,
      server,
      parts,
      ...trafficOf(parts, seconds),
      p95Nano: isOne ? (only!.serverSide ?? only!.clientSide)?.p95Nano : undefined,
      change: isOne ? only!.change : joinedChange(parts),
    };
  });
  const into = Map.groupBy(edges, ({ server }) => server);
  const out = Map.groupBy(edges, ({ client }) => client);
  const nodes = grouped.nodes.map((each): MapNode => {
    // Of whoever is called by nobody, what it asks for.
    const of = into.get(each.id) ?? out.get(each.id) ?? [];
    const calls = of.flatMap(({ parts }) => parts);
    return { ...each, ...trafficOf(calls, seconds) };
  });
  const names = whole.nodes.map(({ name }) => name);
  return { nodes, edges, drawn, names, hidden: grouped.hidden, seconds };
}

/** How long a graph's time has been, up to now. */
function secondsOf({ fromSeconds, toSeconds }: GraphAnswer, nowSeconds: number): number {
  return Math.max(Math.min(toSeconds, nowSeconds) - fromSeconds, 1);
}

/** The graph, with what is only in the other, and what changed. */
function joined(
  now: GraphAnswer,
  before: GraphAnswer | undefined,
  nowSeconds: number,
): DrawnGraph<CallEdge> {
  const drawn = drawnGraph(now, false);
  if (before === undefined) return drawn;
  const old = drawnGraph(before, false);
  const compared = compareEdges(
    { edges: drawn.edges, seconds: secondsOf(now, nowSeconds) },
    { edges: old.edges, seconds: secondsOf(before, nowSeconds) },
  );
  const kinds = new Map([...old.nodes, ...drawn.nodes].map(({ name, kind }) => [name, kind]));
  return {
    nodes: [...kinds.keys()].sort().map((name) => ({ name, kind: kinds.get(name)! })),
    edges: compared.map(({ edge, change }) => ({ ...edge, change })),
  };
}

function trafficOf(edges: readonly CallEdge[], seconds: number): Traffic {
  const live = edges.filter(({ change }) => change?.kind !== "gone");
  const calls = live.reduce((sum, edge) => sum + edge.calls, 0);
  const failed = live.reduce((sum, edge) => sum + edge.failed, 0);
  return { rate: calls / seconds, failures: calls > 0 ? failed / calls : 0 };
}

/** What became of several edges together: what became of all of them, or a change. */
function joinedChange(parts: readonly CallEdge[]): EdgeChange | undefined {
  const [first, ...others] = parts.map(({ change }) => change);
  if (first === undefined) return undefined;
  const isAlike = first.kind !== "changed" && others.every((other) => other?.kind === first.kind);
  return isAlike ? first : { kind: "changed" };
}
