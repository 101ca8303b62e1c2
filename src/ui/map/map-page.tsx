import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { formatSome } from "../format.ts";
import { isTyping } from "../shell/keys-dialog.tsx";
import { NoticeIcon } from "../shell/icons.tsx";
import { Nothing, NotRead, Waiting } from "../shell/nothing.tsx";
import { go } from "../shell/place.ts";
import { useLoad } from "../use-load.ts";
import { MapBar } from "./map-bar.tsx";
import { type MapGraph, mapOf } from "./map-graph.ts";
import { loadGraphs } from "./map-load.ts";
import { mapHref, type MapQuery } from "./map-route.ts";
import { MapTable } from "./map-table.tsx";
import { MapView } from "./map-view.tsx";
import { useLayout } from "./use-layout.ts";

const REFRESH_MS = 30_000;

/** Who calls whom: how often, how often in vain, and what changed. */
export default function MapPage({ query }: { query: MapQuery }) {
  const tries = useSignal(0);
  const { time, against, node, hops, open } = query;
  const { state, isStale } = useLoad(loadGraphs, {
    query,
    inputs: [time, against],
    everyMs: time.kind === "since" ? REFRESH_MS : undefined,
    tries,
  });
  const load = state.value;
  const graph = useMemo(
    () => (load.kind === "ready" ? mapOf(load.value, query, load.atMs / 1000) : undefined),
    [load, node, hops, JSON.stringify(open)],
  );
  const layout = useLayout(graph);
  const change = (part: Partial<MapQuery>): void => go(mapHref({ ...query, ...part }));
  useKeys(query, change);
  return (
    <main class="explore map">
      <h1 class="hidden">Map</h1>
      <MapBar query={query} graph={graph} onChange={change} onTidy={layout.again} />
      {load.kind === "loading" && <Waiting what="map" />}
      {load.kind === "failed" && (
        <NotRead what="The map" message={load.message} onRetry={() => void tries.value++} />
      )}
      {load.kind === "ready" && graph !== undefined && (
        <div class={isStale ? "graph-page stale" : "graph-page"} aria-busy={isStale}>
          {load.problem !== "" && (
            <p class="banner" role="status">
              <NoticeIcon /> This map is old: {load.problem}
            </p>
          )}
          {!load.value.now.isComplete && (
            <p class="banner" role="status">
              <NoticeIcon /> Some spans of this time are not on the map yet: they are being looked
              at.
            </p>
          )}
          <Remarks graph={graph} query={query} />
          {graph.edges.length === 0 ? (
            <NoCalls query={query} hasOthers={graph.names.length > 0} />
          ) : query.view === "table" ? (
            <MapTable graph={graph} query={query} />
          ) : layout.places.value === undefined ? (
            <Waiting what="map" />
          ) : (
            <MapView graph={graph} places={layout.places.value} query={query} />
          )}
        </div>
      )}
    </main>
  );
}

/** What is not shown as it is: groups, and what is left out. */
function Remarks({ graph, query }: { graph: MapGraph; query: MapQuery }) {
  if (query.view === "table") return null;
  const groups = graph.nodes.filter(({ size }) => size > 1);
  const inGroups = groups.reduce((sum, { size }) => sum + size, 0);
  const isOpen = query.open.length > 0;
  if (groups.length === 0 && graph.hidden === 0 && !isOpen) return null;
  return (
    <p class="remark" role="status">
      {groups.length > 0 &&
        `${formatSome(inGroups, "node")} are in ${formatSome(groups.length, "group")}: ` +
          "press one to open it. "}
      {graph.hidden > 0 &&
        `${formatSome(graph.hidden, "node")} with the fewest calls are left out: the table has all. `}
      {isOpen && <a href={mapHref({ ...query, open: [] })}>Close the groups that are open</a>}
    </p>
  );
}

function NoCalls({ query, hasOthers }: { query: MapQuery; hasOthers: boolean }) {
  if (query.node !== "" && hasOthers) {
    return (
      <Nothing title={`Nobody calls ${query.node} in this time, and it calls nobody`}>
        <a href={mapHref({ ...query, node: "" })}>Show all</a>
      </Nothing>
    );
  }
  const isLong = query.time.kind === "since" && query.time.seconds >= 604_800;
  const week = { kind: "since", seconds: 604_800 } as const;
  return (
    <Nothing title="No service called another in this time">
      {isLong ? (
        <a href="/">See how to send spans</a>
      ) : (
        <a href={mapHref({ ...query, time: week })}>Look at the last 7 days</a>
      )}
    </Nothing>
  );
}

function useKeys(query: MapQuery, change: (part: Partial<MapQuery>) => void): void {
  const current = useRef({ query, change });
  current.current = { query, change };
  useEffect(() => {
    document.title = "Map – Clew";
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
      const { query, change } = current.current;
      const id = (document.activeElement as HTMLElement | null)?.dataset["node"];
      if (event.key === "f" && id !== undefined && !id.startsWith("\n")) change({ node: id });
      else if (event.key === "Escape" && query.node !== "") change({ node: "" });
      else if (event.key === "t") change({ view: query.view === "map" ? "table" : "map" });
      else if (/^[123]$/.test(event.key) && query.node !== "") change({ hops: Number(event.key) });
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
