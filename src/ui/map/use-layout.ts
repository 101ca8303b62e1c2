import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { forgetPlaces, knownPlaces, rememberPlaces } from "./known-places.ts";
import type { LayoutAnswered, LayoutAsked, Places } from "./layout-calls.ts";
import type { MapGraph } from "./map-graph.ts";

interface Layout {
  readonly places: Signal<Places | undefined>;
  /** Lays everything out anew. */
  readonly again: () => void;
}

/** Where the nodes of a graph stand, worked out in a Worker whenever it has other nodes or edges. */
export function useLayout(graph: MapGraph | undefined): Layout {
  const places = useSignal<Places | undefined>(undefined);
  const worker = useRef<Worker | undefined>(undefined);
  const turn = useRef(0);
  const times = useSignal(0);
  useEffect(() => {
    const started = new Worker(new URL("./layout-worker.ts", import.meta.url), { type: "module" });
    started.addEventListener("message", ({ data }: MessageEvent<LayoutAnswered>) => {
      if (data.turn !== turn.current) return;
      rememberPlaces(data.places);
      places.value = data.places;
    });
    worker.current = started;
    return () => started.terminate();
  }, []);
  const names = graph?.nodes.map(({ id }) => id) ?? [];
  const edges = graph?.edges.map(({ client, server }) => ({ client, server })) ?? [];
  const shape = JSON.stringify([names, edges]);
  useEffect(() => {
    if (graph === undefined) return;
    turn.current++;
    const asked: LayoutAsked = { turn: turn.current, names, edges, before: knownPlaces() };
    worker.current!.postMessage(asked, []);
  }, [shape, times.value]);
  return {
    places,
    again: () => {
      forgetPlaces();
      times.value++;
    },
  };
}
