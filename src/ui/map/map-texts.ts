/** What the map says of its nodes and edges, in words. */
import type { EdgeChange } from "../../analysis/graph-difference.ts";
import { formatNano, formatPercent, formatRate } from "../explore/figures.ts";
import { formatDuration } from "../format.ts";
import type { MapEdge, MapGraph, MapNode } from "./map-graph.ts";

/** "7.20 /min, 6.6 % failed, p95 136 ms". */
export function edgeText({ rate, failures, p95Nano, change }: MapEdge): string {
  if (change?.kind === "gone") return "gone";
  const parts = [
    formatRate(rate),
    ...(failures > 0 ? [`${formatPercent(failures)} failed`] : []),
    ...(p95Nano === undefined ? [] : [`p95 ${formatNano(p95Nano)}`]),
  ];
  return parts.join(", ");
}

/** "7.20 /min" and what failed: the line beside an edge. */
export function edgeLabel({ rate, failures, change }: MapEdge): string {
  const figures = [formatRate(rate), ...(failures > 0 ? [formatPercent(failures)] : [])].join(" ");
  switch (change?.kind) {
    case "gone":
      return "gone";
    case "new":
      return `new ${figures}`;
    case "changed":
      return changeLabel(change);
    case "same":
    case undefined:
      return figures;
  }
}

/** "×3.4, failed 5.0 %": what changed, in few characters. */
function changeLabel({ rate, failures, p95 }: EdgeChange & { readonly kind: "changed" }): string {
  const times = ([before, now]: readonly [number, number]): string =>
    `×${(now / before).toPrecision(2)}`;
  const parts = [
    ...(rate === undefined ? [] : [times(rate)]),
    ...(failures === undefined ? [] : [`failed ${formatPercent(failures[1])}`]),
    ...(p95 === undefined ? [] : [`p95 ${times(p95)}`]),
  ];
  return parts.join(", ") || "changed";
}

/** What became of an edge: "new", "gone", "rate 1.20 /s → 3.40 /s, failed 0 % → 5.0 %"; "" for nothing. */
export function changeText(change: EdgeChange | undefined): string {
  if (change === undefined || change.kind === "same") return "";
  if (change.kind !== "changed") return change.kind;
  const { rate, failures, p95 } = change;
  const arrow = (values: readonly [number, number] | undefined, text: (n: number) => string) =>
    values === undefined ? [] : [`${text(values[0])} → ${text(values[1])}`];
  return [
    ...arrow(rate, formatRate),
    ...arrow(failures, formatPercent).map((text) => `failed ${text}`),
    ...arrow(p95, formatDuration).map((text) => `p95 ${text}`),
  ].join(", ");
}

/** The second line of a node. */
export function nodeText({ kind, size, rate }: MapNode): string {
  const what = size > 1 ? `×${size}` : kind;
  const calls = rate > 0 ? formatRate(rate) : "";
  return size > 1 || kind !== "service" ? `${what} ${calls}`.trim() : calls;
}

const TOLD = 40;

/** The whole map in a sentence for each edge, for who cannot see it. */
export function mapText({ nodes, edges }: MapGraph): string {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const told = edges.slice(0, TOLD).map((edge) => {
    return `${names.get(edge.client)} calls ${names.get(edge.server)}: ${edgeText(edge)}`;
  });
  const rest = edges.length > TOLD ? [`and ${edges.length - TOLD} more, all in the table`] : [];
  return `${[...told, ...rest].join("; ")}.`;
}
