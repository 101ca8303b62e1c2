import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatPercent } from "../explore/figures.ts";
import { Waiting } from "../explore/trace-list.tsx";
import { formatCount } from "../format.ts";
import { PageBar } from "../shell/page-bar.tsx";
import { go } from "../shell/place.ts";
import { useLoad } from "../use-load.ts";
import { loadGraph } from "./map-load.ts";
import { mapHref, type MapQuery } from "./map-route.ts";

/** Who calls whom. */
export default function MapPage({ query }: { query: MapQuery }) {
  const tries = useSignal(0);
  const { state } = useLoad(loadGraph, { query, inputs: [query.time], everyMs: undefined, tries });
  useEffect(() => {
    document.title = "Map – Clew";
  }, []);
  const load = state.value;
  return (
    <main class="explore map">
      <h1 class="hidden">Map</h1>
      <PageBar query={query} onChange={(part) => go(mapHref({ ...query, ...part }))} />
      {load.kind === "loading" && <Waiting what="map" />}
      {load.kind === "failed" && (
        <div class="nothing" role="alert">
          <h2 class="error">The map could not be read</h2>
          <p>{load.message}</p>
        </div>
      )}
      {load.kind === "ready" && (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col" class="number">
                Calls
              </th>
              <th scope="col" class="number">
                Errors
              </th>
            </tr>
          </thead>
          <tbody>
            {load.value.edges.map(({ client, server, connection, calls, failed }) => (
              <tr key={`${client} ${server} ${connection}`}>
                <td>{client}</td>
                <td>{server}</td>
                <td class="number">{formatCount(Math.round(calls))}</td>
                <td class="number">{failed > 0 ? formatPercent(failed / calls) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </main>
  );
}
