import { useMemo } from "preact/hooks";
import { serviceMap, type MapEdge, type MapNode } from "../../analysis/service-map.ts";
import { formatCount, formatDuration, formatSome } from "../format.ts";
import type { TraceView } from "./view.ts";

interface MapViewProps {
  readonly view: TraceView;
  /** Picks out the spans of a service. */
  readonly onService: (name: string) => void;
}

const [NODE_WIDTH, NODE_HEIGHT, COLUMN_GAP, ROW_GAP, MARGIN] = [184, 44, 128, 16, 16];

/** Who calls whom in this trace: callers on the left, edges as thick as there are calls. */
export function MapView({ view, onService }: MapViewProps) {
  const { table } = view;
  const { nodes, edges } = useMemo(() => serviceMap(table), [table]);
  const byService = new Map(nodes.map((node) => [node.service, node]));
  const columns = nodes.reduce((most, node) => Math.max(most, node.column + 1), 1);
  const places = nodes.reduce((most, node) => Math.max(most, node.place + 1), 1);
  const width = 2 * MARGIN + columns * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP;
  const height = 2 * MARGIN + places * (NODE_HEIGHT + ROW_GAP) - ROW_GAP;
  const most = edges.reduce((calls, edge) => Math.max(calls, edge.calls), 1);
  return (
    <div class="service-map" tabIndex={0} role="group" aria-label="Services of this trace">
      <svg width={width} height={height} role="img" aria-label={inWords(view, edges)}>
        {edges.map((edge) => (
          <Edge
            key={`${edge.from} ${edge.to}`}
            edge={edge}
            from={byService.get(edge.from)!}
            to={byService.get(edge.to)!}
            widthPx={1 + (4 * Math.log1p(edge.calls)) / Math.log1p(most)}
          />
        ))}
        {edges.map((edge) => (
          <EdgeLabel
            key={`${edge.from} ${edge.to}`}
            edge={edge}
            from={byService.get(edge.from)!}
            to={byService.get(edge.to)!}
          />
        ))}
      </svg>
      {nodes.map((node) => {
        const name = table.texts[node.service]!;
        const { x, y } = placeOf(node);
        return (
          <button
            key={node.service}
            type="button"
            class="map-node"
            title={`Pick out what ${name} did`}
            style={{
              "--service": `var(--service-${view.colours[node.service]})`,
              left: `${x}px`,
              top: `${y}px`,
              width: `${NODE_WIDTH}px`,
              height: `${NODE_HEIGHT}px`,
            }}
            onClick={() => onService(name)}
          >
            <span class="map-name">{name}</span>
            <span class="soft">
              {formatSome(node.spans, "span")}
              {node.errors > 0 && <span class="error">, {formatSome(node.errors, "error")}</span>}
            </span>
          </button>
        );
      })}
    </div>
  );
}

function placeOf({ column, place }: MapNode): { readonly x: number; readonly y: number } {
  return {
    x: MARGIN + column * (NODE_WIDTH + COLUMN_GAP),
    y: MARGIN + place * (NODE_HEIGHT + ROW_GAP),
  };
}

interface EdgeProps {
  readonly edge: MapEdge;
  readonly from: MapNode;
  readonly to: MapNode;
  readonly widthPx: number;
}

function Edge({ edge, from, to, widthPx }: EdgeProps) {
  const [a, b] = [placeOf(from), placeOf(to)];
  const isBack = to.column <= from.column;
  const start = { x: a.x + (isBack ? 0 : NODE_WIDTH), y: a.y + NODE_HEIGHT / 2 };
  const end = { x: b.x + (isBack ? NODE_WIDTH : 0), y: b.y + NODE_HEIGHT / 2 };
  const bend = Math.max(Math.abs(end.x - start.x) / 2, 48) * (isBack ? -1 : 1);
  const [out, into] = [start.x + bend, end.x - bend];
  const path = `M${start.x} ${start.y}C${out} ${start.y} ${into} ${end.y} ${end.x} ${end.y}`;
  return (
    <g class={edge.errors > 0 ? "map-edge failed" : "map-edge"}>
      <title>{`${edgeText(edge)} on average, ${formatSome(edge.errors, "error")}`}</title>
      <path d={path} stroke-width={widthPx} />
    </g>
  );
}

function edgeText({ calls, averageNano }: MapEdge): string {
  return `×${formatCount(calls)} ${formatDuration(averageNano)}`;
}

/** Labels stand over all edges. */
function EdgeLabel({ edge, from, to }: Omit<EdgeProps, "widthPx">) {
  const isBack = to.column <= from.column;
  const { x, y } = placeOf(to);
  return (
    <text
      class={edge.errors > 0 ? "map-label failed" : "map-label"}
      x={isBack ? x + NODE_WIDTH + 8 : x - 8}
      y={y + NODE_HEIGHT / 2 - 7}
      text-anchor={isBack ? "start" : "end"}
    >
      {edgeText(edge)}
    </text>
  );
}

const TOLD_EDGES = 40;

function inWords({ table: { texts } }: TraceView, edges: readonly MapEdge[]): string {
  if (edges.length === 0) return "No service calls another.";
  const told = edges.slice(0, TOLD_EDGES).map(({ from, to, calls }) => {
    return `${texts[from]} calls ${texts[to]} ${formatSome(calls, "time")}`;
  });
  return `${told.join("; ")}.`;
}
