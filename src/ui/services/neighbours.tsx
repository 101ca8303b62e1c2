import type { GraphAnswer, GraphEdgeAnswer } from "../../api/contract.ts";
import type { NodeKind } from "../../model/graph-node.ts";
import { exploreHref } from "../explore/explore-route.ts";
import { formatNano, formatPercent, formatRate } from "../explore/figures.ts";
import { ColumnHeads } from "../shell/column-heads.tsx";
import { ErrorIcon } from "../shell/icons.tsx";
import { Service } from "../shell/service.tsx";
import { edgeQuery } from "../map/edge-query.ts";
import { serviceHref, type ServiceQuery } from "./services-route.ts";

interface NeighboursProps {
  readonly graph: GraphAnswer;
  readonly query: ServiceQuery;
  /** Numbers of colours by service. */
  readonly colours: ReadonlyMap<string, number>;
  readonly nowSeconds: number;
}

/** Who calls the service, and whom it calls, side by side. */
export function Neighbours({ graph, query, colours, nowSeconds }: NeighboursProps) {
  const edges = graph.edges.filter(({ client, server }) => client !== server);
  const side = (own: "client" | "server"): Side => ({
    other: own === "client" ? "server" : "client",
    // How long it took as this service saw it, if it did.
    edges: edges.filter((edge) => edge[own] === query.name).toSorted((a, b) => b.calls - a.calls),
    p95Of: ({ clientSide, serverSide }) =>
      (own === "client" ? (clientSide ?? serverSide) : (serverSide ?? clientSide))?.p95Nano,
  });
  const kinds = new Map(graph.nodes.map(({ name, kind }) => [name, kind]));
  const seconds = Math.min(graph.toSeconds, nowSeconds) - graph.fromSeconds;
  const shared = { kinds, colours, query, seconds };
  return (
    <div class="neighbours">
      <SideTable {...shared} title="Called by" side={side("server")} />
      <SideTable {...shared} title="Calls" side={side("client")} />
    </div>
  );
}

interface Side {
  readonly other: "client" | "server";
  readonly edges: readonly GraphEdgeAnswer[];
  readonly p95Of: (edge: GraphEdgeAnswer) => number | undefined;
}

interface SideTableProps extends Pick<NeighboursProps, "query" | "colours"> {
  readonly title: string;
  readonly side: Side;
  readonly kinds: ReadonlyMap<string, NodeKind>;
  readonly seconds: number;
}

function SideTable({ title, side, kinds, colours, query, seconds }: SideTableProps) {
  const { other, edges, p95Of } = side;
  if (edges.length === 0) {
    return (
      <section>
        <h2>{title}</h2>
        <p class="more">{other === "client" ? "Nobody in this time." : "Nothing in this time."}</p>
      </section>
    );
  }
  return (
    <section>
      <table class="rows">
        <ColumnHeads
          columns={[
            [<h2>{title}</h2>],
            ["Calls", "number"],
            ["Errors", "number"],
            ["p95", "number"],
            [<span class="hidden">Traces</span>, "go"],
          ]}
        />
        <tbody>
          {edges.map((edge) => {
            const name = edge[other];
            const kind = kinds.get(name) ?? "service";
            const { time, utc } = query;
            const spans = exploreHref({ q: edgeQuery(edge), time, utc, allSpans: true });
            const isService = kind === "service";
            return (
              <tr key={`${name} ${edge.connection} ${edge.via ?? ""}`}>
                <td class="what">
                  <a href={isService ? serviceHref({ name, time, utc }) : spans} title={name}>
                    {isService ? (
                      <Service name={name} colour={colours.get(name) ?? 0} />
                    ) : (
                      <span class="root-name">{name}</span>
                    )}
                    <span class="kind soft">{connectionText(edge, kind)}</span>
                  </a>
                </td>
                <td class="number">{formatRate(edge.calls / Math.max(seconds, 1))}</td>
                <td class="number">
                  {edge.failed > 0 && (
                    <span class="error">
                      <ErrorIcon /> {formatPercent(edge.failed / edge.calls)}
                    </span>
                  )}
                </td>
                <td class="number">{formatNano(p95Of(edge))}</td>
                <td class="go above">
                  <a href={spans} aria-label={`Traces of ${edge.client} and ${edge.server}`}>
                    traces
                  </a>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function connectionText({ connection, via }: GraphEdgeAnswer, kind: NodeKind): string {
  if (connection === "messaging") return via === undefined ? "by message" : `by ${via}`;
  return kind === "service" ? "" : kind;
}
