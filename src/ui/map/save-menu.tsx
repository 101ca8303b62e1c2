import { dotOf, mermaidOf } from "../../analysis/graph-drawing.ts";
import { formatDuration } from "../format.ts";
import { copyText } from "../shell/copy-button.tsx";
import { DownloadIcon } from "../shell/icons.tsx";
import { Menu } from "../shell/menu.tsx";
import { saveFile } from "../shell/save-file.ts";
import type { MapGraph } from "./map-graph.ts";

/** What is on the map, for other programs. */
export function SaveMenu({ drawn }: Pick<MapGraph, "drawn">) {
  const edges = drawn.edges.filter(({ change }) => change?.kind !== "gone");
  const named = new Set(edges.flatMap(({ client, server }) => [client, server]));
  const graph = { nodes: drawn.nodes.filter(({ name }) => named.has(name)), edges };
  const dot = (): string => dotOf(graph, formatDuration);
  const mermaid = (): string => mermaidOf(graph, formatDuration);
  const label = (
    <>
      <DownloadIcon />
      <span>Save</span>
    </>
  );
  return (
    <Menu class="choices" summaryClass="button" name="Save the map" label={label} closes>
      <button type="button" onClick={() => saveFile(dot(), "map.dot", "text/vnd.graphviz")}>
        DOT, for Graphviz
      </button>
      <button type="button" onClick={() => saveFile(mermaid(), "map.mmd", "text/plain")}>
        Mermaid
      </button>
      <button type="button" onClick={() => void copyText(mermaid())}>
        Mermaid, on the clipboard
      </button>
    </Menu>
  );
}
