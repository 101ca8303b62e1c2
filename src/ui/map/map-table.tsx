/** The map as a table: everything that it shows, line by line. */
import { exploreHref } from "../explore/explore-route.ts";
import { formatNano, formatPercent, formatRate } from "../explore/figures.ts";
import { SortHead } from "../explore/sort-head.tsx";
import { ErrorIcon } from "../shell/icons.tsx";
import { edgeQuery } from "./edge-query.ts";
import type { CallEdge, MapGraph } from "./map-graph.ts";
import { type EdgeKey, mapHref, type MapQuery } from "./map-route.ts";
import { changeText } from "./map-texts.ts";

interface MapTableProps {
  readonly graph: MapGraph;
  readonly query: MapQuery;
}

/** A line for each edge; it leads to the spans of its calls. */
export function MapTable({ graph, query }: MapTableProps) {
  const { time, utc, sorting, against } = query;
  const isCompared = against !== undefined;
  const head = (name: string, by: EdgeKey, kind = "") => (
    <SortHead
      name={name}
      by={by}
      sorting={sorting}
      sortedHref={(next) => mapHref({ ...query, sorting: next })}
      class={kind}
    />
  );
  return (
    <div class="graph-table">
      <table class="rows">
        <thead>
          <tr>
            {head("From", "from")}
            {head("To", "to")}
            <th scope="col" class="way">
              By
            </th>
            {head("Calls", "calls", "number")}
            {head("Errors", "errors", "number")}
            {head("p95", "p95", "number")}
            {isCompared && head("Change", "change", "change")}
          </tr>
        </thead>
        <tbody>
          {sorted(graph.drawn.edges, sorting).map((edge) => {
            const { client, server, connection, via, calls, failed, change } = edge;
            const q = edgeQuery(edge);
            const isGone = change?.kind === "gone";
            return (
              <tr
                key={`${client}\0${server}\0${connection}\0${via ?? ""}`}
                class={isGone ? "gone" : ""}
              >
                <td class="what">
                  <a
                    href={exploreHref({ q, time, utc, allSpans: true })}
                    title={`Show the spans of ${client} and ${server}`}
                  >
                    <span class="root-name">{client}</span>
                  </a>
                </td>
                <td title={server}>{server}</td>
                <td class="way soft">{connection}</td>
                <td class="number">{isGone ? "" : formatRate(calls / graph.seconds)}</td>
                <td class="number">
                  {failed > 0 && !isGone && (
                    <span class="error">
                      <ErrorIcon /> {formatPercent(failed / calls)}
                    </span>
                  )}
                </td>
                <td class="number">{isGone ? "" : formatNano(p95Of(edge))}</td>
                {isCompared && <td class="change">{changeText(change)}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function p95Of({ serverSide, clientSide }: CallEdge): number | undefined {
  return (serverSide ?? clientSide)?.p95Nano;
}

/** What is gone or new says most. */
const changeRanks = { gone: 3, new: 2, changed: 1, same: 0 } as const;

function sorted(edges: readonly CallEdge[], { key, descending }: MapQuery["sorting"]): CallEdge[] {
  const sign = descending ? -1 : 1;
  return edges.toSorted((a, b) => sign * compare(a, b, key) || compare(a, b, "from"));
}

function compare(a: CallEdge, b: CallEdge, key: EdgeKey): number {
  const number = (of: (edge: CallEdge) => number): number => of(a) - of(b);
  const text = (of: (edge: CallEdge) => string): number =>
    of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0;
  switch (key) {
    case "from":
      return text(({ client }) => client) || text(({ server }) => server);
    case "to":
      return text(({ server }) => server);
    case "calls":
      return number(({ calls, change }) => (change?.kind === "gone" ? -1 : calls));
    case "errors":
      return number(({ calls, failed }) => failed / Math.max(calls, 1));
    case "p95":
      return number((edge) => p95Of(edge) ?? -1);
    case "change":
      return number(({ change }) => changeRanks[change?.kind ?? "same"]);
  }
}
