/** The service graph, in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import type { GraphEdge, GraphQueries, SideFigures } from "../query/graph.ts";
import {
  apiBase,
  type GraphAnswer,
  type GraphConnection,
  type GraphEdgeAnswer,
  type GraphSideAnswer,
} from "./contract.ts";
import type { HttpRequest, Route } from "./http.ts";
import {
  givenParameters,
  parseParameters,
  spanOfTime,
  type Stretch,
  stretchOf,
  whole,
} from "./parameters.ts";

/** Who answers, and what time it is. */
export interface GraphDoor {
  /** What the tenant that asks may ask; throws if there is none. */
  readonly graphOf: (request: HttpRequest) => GraphQueries;
  readonly nowSeconds: () => number;
}

const DEFAULT_SINCE_SECONDS = 3600;
const MOST_DEPTH = 100;

/** What `/graph` may be asked with. */
export const graphParameters = z.strictObject({
  ...spanOfTime,
  service: z.string().optional(),
  depth: whole(1, MOST_DEPTH),
});

/** The route. */
export function graphRoutes({ graphOf, nowSeconds }: GraphDoor): Route[] {
  return [
    {
      method: "GET",
      pattern: `${apiBase}/graph`,
      handler: async (request) => {
        const given = Object.fromEntries(givenParameters(request.query));
        const { service: node, depth, ...time } = parseParameters(graphParameters, given);
        const stretch = stretchOf(time, nowSeconds()) ?? lately(nowSeconds());
        const graph = await graphOf(request).graph({ ...stretch, node, depth });
        const answer: GraphAnswer = { ...graph, edges: graph.edges.map(edgeAnswer) };
        const headers = { "content-type": "application/json", "cache-control": "no-store" };
        return { status: 200, headers, body: JSON.stringify(answer) };
      },
    },
  ];
}

function lately(nowSeconds: number): Stretch {
  return stretchOf({ since: DEFAULT_SINCE_SECONDS }, nowSeconds)!;
}

function edgeAnswer(edge: GraphEdge): GraphEdgeAnswer {
  const { client, server, via, calls, failed } = edge;
  return {
    client,
    server,
    // The others are left out by the query.
    connection: edge.connection as GraphConnection,
    ...(via !== "" && { via }),
    calls,
    failed,
    clientSide: sideAnswer(edge.clientSide),
    serverSide: sideAnswer(edge.serverSide),
  };
}

function sideAnswer(side: SideFigures | undefined): GraphSideAnswer | null {
  if (side === undefined) return null;
  const [p50Nano, p95Nano, p99Nano] = side.quantilesNano;
  return { calls: side.calls, averageNano: side.averageNano, p50Nano, p95Nano, p99Nano };
}
