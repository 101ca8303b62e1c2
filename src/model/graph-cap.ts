/**
 * A limit on the nodes that a service says others are. A service that calls a thousand addresses would make
 * a thousand nodes: those of most calls keep their names, the others count together, under a name that
 * says so.
 */
import type { Names } from "../base/names.ts";
import type { Connection, EdgeSum } from "./edge-sums.ts";

/** Names that one service may give others, of each connection, in five minutes. */
const MOST_INFERRED = 200;

/** By connection: which end is inferred, and what the rest of them is called. */
const inferred: Partial<Record<Connection, { end: "client" | "server"; rest: string }>> = {
  peer: { end: "server", rest: "other peers" },
  database: { end: "server", rest: "other databases" },
  caller: { end: "client", rest: "other callers" },
};

/** The edges with at most so many inferred nodes beside each service. There may be several of one name:
 * who reads them adds them up. */
export function capInferred(
  edges: readonly EdgeSum[],
  names: Names,
  most = MOST_INFERRED,
): readonly EdgeSum[] {
  const calls = new Map<string, Map<number, number>>();
  for (const edge of edges) {
    const end = inferred[edge.connection]?.end;
    if (end === undefined) continue;
    const group = groupOf(edge);
    const byName = calls.get(group) ?? new Map<number, number>();
    calls.set(group, byName.set(edge[end], (byName.get(edge[end]) ?? 0) + edge.calls));
  }
  const kept = new Map<string, ReadonlySet<number>>();
  for (const [group, byName] of calls) {
    if (byName.size <= most) continue;
    const busiest = [...byName].toSorted(([a, callsA], [b, callsB]) => {
      return callsB - callsA || (names.text(a) < names.text(b) ? -1 : 1);
    });
    kept.set(group, new Set(busiest.slice(0, most).map(([name]) => name)));
  }
  if (kept.size === 0) return edges;
  return edges.map((edge) => {
    const rule = inferred[edge.connection];
    const stay = rule && kept.get(groupOf(edge));
    if (rule === undefined || stay === undefined || stay.has(edge[rule.end])) return edge;
    return { ...edge, [rule.end]: names.number(rule.rest) };
  });
}

/** The service whose names they are, of one tenant and connection. */
function groupOf({ tenant, connection, client, server }: EdgeSum): string {
  const service = inferred[connection]?.end === "client" ? server : client;
  return `${tenant}/${connection}/${service}`;
}
