/** Use cases over the service graph: who calls whom, how often, how often in vain, and how long. */
import { edgesNear } from "../analysis/graph-shape.ts";
import type { Connection, EdgeSide } from "../model/edge-sums.ts";
import { mergeHistograms, quantilesNano } from "../model/latency-buckets.ts";
import { type NodeKind, nodeKinds } from "../model/graph-node.ts";
import type { StoreClient } from "../store/client.ts";
import { readEdges, type StoredEdge } from "../store/graph/read-edges.ts";
import { readMissingSlices } from "../store/graph/slice-ledger.ts";
import { SLICE_SECONDS } from "../store/graph/slices.ts";
import { asked } from "../store/query-faults.ts";
import { computeEdges, type ComputedEdges } from "./compute-edges.ts";

/** Whose graph is asked for, and where it is. */
export interface GraphOptions {
  readonly client: StoreClient;
  readonly database: string;
  readonly tenants: readonly string[];
  /** Longest time that ClickHouse may take for a statement. */
  readonly seconds: number;
  readonly nowSeconds: () => number;
}

/** What is asked. */
export interface GraphQuery {
  /** Unix nanoseconds; whole minutes that cover them are answered for. */
  readonly fromNano: bigint;
  readonly toNano: bigint;
  /** Only what is connected to this node… */
  readonly node?: string | undefined;
  /** … by so many edges at most, in either direction; any number if absent. */
  readonly depth?: number | undefined;
}

/** A node of the graph. */
export interface GraphNode {
  readonly name: string;
  readonly kind: NodeKind;
}

/** How long calls took as one side saw it. */
export interface SideFigures {
  readonly calls: number;
  readonly averageNano: number;
  readonly quantilesNano: readonly [p50: number, p95: number, p99: number];
}

/** Calls from one node to another. Sampled ones count as often as they stand for. */
export interface GraphEdge {
  readonly client: string;
  readonly server: string;
  readonly connection: Connection;
  /** The queue between two services; empty without one. */
  readonly via: string;
  readonly calls: number;
  readonly failed: number;
  /** Undefined without any span of that side. */
  readonly clientSide: SideFigures | undefined;
  readonly serverSide: SideFigures | undefined;
}

/** The graph of some time. */
export interface Graph {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** False while older spans have yet to be looked at. */
  readonly isComplete: boolean;
  /** Sorted by name. */
  readonly nodes: readonly GraphNode[];
  /** Sorted by client, server, connection and queue. */
  readonly edges: readonly GraphEdge[];
}

/** What the doors may ask. Throws Fault "timeout" or "unavailable" when the store cannot answer. */
export interface GraphQueries {
  graph(query: GraphQuery): Promise<Graph>;
}

/** Slices younger than that are computed when they are asked for, if the job has not come to them. */
const YOUNG_SECONDS = 1200;
const MINUTE = 60_000_000_000n;
const SHARES = [0.5, 0.95, 0.99];

/** The use cases over one store. */
export function createGraphQueries(options: GraphOptions): GraphQueries {
  const { client, database, tenants, seconds, nowSeconds } = options;
  const reading = { client, database, settings: { max_execution_time: seconds } } as const;
  return {
    graph: ({ fromNano, toNano, node, depth }) =>
      asked(async () => {
        const now = nowSeconds();
        const stretch = { fromSeconds: minute(fromNano), toSeconds: minute(toNano + MINUTE - 1n) };
        const missing = await readMissingSlices(reading, { ...stretch, tenants });
        const young = missing.filter(({ slice }) => slice >= now - YOUNG_SECONDS);
        const without = young.map(({ slice }) => slice);
        const edges = await readEdges(reading, { ...stretch, tenants, without });
        for (const { slice, counted } of young) {
          const asking = { fromSeconds: slice, toSeconds: slice + SLICE_SECONDS, tenants };
          edges.push(...namedEdges(await computeEdges(reading, asking, counted), stretch));
        }
        const merged = mergeEdges(edges.filter(({ connection }) => connection !== "unpaired"));
        const near = node === undefined ? merged : edgesNear(merged, node, depth ?? Infinity);
        const isComplete = missing.length === young.length;
        return { ...stretch, isComplete, nodes: nodesOf(near, merged), edges: near.map(figures) };
      }),
  };
}

/** The beginning of a moment's minute, in seconds since 1970. */
function minute(nano: bigint): number {
  return Number(nano / MINUTE) * 60;
}

function namedEdges(
  { edges, names }: ComputedEdges,
  { fromSeconds, toSeconds }: { readonly fromSeconds: number; readonly toSeconds: number },
): StoredEdge[] {
  return edges
    .filter(({ minute }) => minute >= fromSeconds && minute < toSeconds)
    .map(({ client, server, via, ...rest }) => ({
      ...rest,
      client: names.text(client),
      server: names.text(server),
      via: names.text(via),
    }));
}

/** Each edge once, sorted. */
function mergeEdges(edges: readonly StoredEdge[]): StoredEdge[] {
  const keys = ({ client, server, connection, via }: StoredEdge): string =>
    [client, server, connection, via].join("\0");
  const groups = Map.groupBy(edges, keys);
  return [...groups.keys()].sort().map((key) => {
    const of = groups.get(key)!;
    return {
      ...of[0]!,
      calls: sumOf(of, ({ calls }) => calls),
      failed: sumOf(of, ({ failed }) => failed),
      clientSide: mergeSides(of.map(({ clientSide }) => clientSide)),
      serverSide: mergeSides(of.map(({ serverSide }) => serverSide)),
    };
  });
}

function mergeSides(sides: readonly EdgeSide[]): EdgeSide {
  return {
    calls: sumOf(sides, ({ calls }) => calls),
    nano: sumOf(sides, ({ nano }) => nano),
    histogram: mergeHistograms(sides.map(({ histogram }) => histogram)),
  };
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

/** What the ends of an edge are, by how they are connected. */
const ends: Readonly<Record<Connection, readonly [client: NodeKind, server: NodeKind]>> = {
  call: ["service", "service"],
  messaging: ["service", "service"],
  send: ["service", "queue"],
  receive: ["queue", "service"],
  database: ["service", "database"],
  peer: ["service", "peer"],
  caller: ["caller", "service"],
  unpaired: ["service", "peer"],
};

/** The nodes of some edges, and what all edges say they are. */
function nodesOf(edges: readonly StoredEdge[], all: readonly StoredEdge[]): GraphNode[] {
  const kindOf = new Map<string, NodeKind>();
  const note = (name: string, kind: NodeKind): void => {
    const known = kindOf.get(name);
    if (known === undefined || nodeKinds.indexOf(kind) < nodeKinds.indexOf(known))
      kindOf.set(name, kind);
  };
  for (const { client, server, connection } of all) {
    note(client, ends[connection][0]);
    note(server, ends[connection][1]);
  }
  const names = new Set(edges.flatMap(({ client, server }) => [client, server]));
  return [...names].sort().map((name) => ({ name, kind: kindOf.get(name)! }));
}

function figures({ clientSide, serverSide, ...edge }: StoredEdge): GraphEdge {
  return {
    ...edge,
    clientSide: sideFigures(clientSide),
    serverSide: sideFigures(serverSide),
  };
}

function sideFigures({ calls, nano, histogram }: EdgeSide): SideFigures | undefined {
  const quantiles = quantilesNano(histogram, SHARES);
  if (quantiles === undefined) return undefined;
  const [p50, p95, p99] = quantiles;
  return { calls, averageNano: nano / calls, quantilesNano: [p50!, p95!, p99!] };
}
