/** The map itself: nodes as links, edges as curves below them. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { assignColours } from "../colours.ts";
import { formatPercent } from "../explore/figures.ts";
import { ErrorIcon, FocusIcon } from "../shell/icons.tsx";
import { go } from "../shell/place.ts";
import { serviceHref } from "../services/services-route.ts";
import { exploreHref } from "../explore/explore-route.ts";
import { edgeQuery, nodeQuery } from "./edge-query.ts";
import type { Places } from "./layout-calls.ts";
import {
  cornerOf,
  curveOf,
  lineWidth,
  nextNode,
  type Point,
  roomOf,
  rowsByColumn,
  sizes,
} from "./map-geometry.ts";
import type { MapEdge, MapGraph, MapNode } from "./map-graph.ts";
import { mapHref, type MapQuery } from "./map-route.ts";
import { changeText, edgeLabel, edgeText, mapText, nodeText } from "./map-texts.ts";
import { useZoom } from "./use-zoom.tsx";

/** With more edges than that, words beside them are shown of the node at hand alone. */
const MOST_LABELS = 40;

interface MapViewProps {
  readonly graph: MapGraph;
  readonly places: Places;
  readonly query: MapQuery;
}

/** See the top of this file. */
export function MapView({ graph, places, query }: MapViewProps) {
  const { nodes, edges } = graph;
  const frame = useRef<HTMLDivElement>(null);
  const shown = nodes.filter(({ id }) => places.has(id));
  const room = roomOf(shown.map(({ id }) => places.get(id)!));
  const { scale, isMeasured, bar } = useZoom(frame, room);
  /** The node pointed at or in focus: what has nothing to do with it fades. */
  const at = useSignal<string | undefined>(undefined);
  const colours = useMemo(
    () => assignColours(nodes.filter(({ kind }) => kind === "service").map(({ name }) => name)),
    [graph],
  );
  useMoves(places, shown);
  useLayoutEffect(() => {
    if (!isMeasured) return;
    const middle = middleOf(shown, places, query.node);
    const box = frame.current!;
    box.scrollTo(middle.x * scale - box.clientWidth / 2, middle.y * scale - box.clientHeight / 2);
  }, [query.node, room.width, room.height, isMeasured]);
  const most = edges.reduce((rate, edge) => Math.max(rate, edge.rate), 0);
  const drawn = edges.filter(({ client, server }) => places.has(client) && places.has(server));
  const isNear = (edge: MapEdge): boolean => edge.client === at.value || edge.server === at.value;
  const near = new Set(drawn.filter(isNear).flatMap(({ client, server }) => [client, server]));
  const fades = at.value !== undefined && near.size > 0;
  const taken = rowsByColumn(shown.map(({ id }) => places.get(id)!));
  const hasLabels = drawn.length <= MOST_LABELS;
  return (
    <div class="graph-frame">
      <div class="graph" ref={frame} tabIndex={0} role="group" aria-label="Who calls whom">
        <p class="hidden">{mapText(graph)}</p>
        <div
          class="graph-room"
          style={{ width: `${room.width * scale}px`, height: `${room.height * scale}px` }}
        >
          <div class="graph-sheet" style={{ transform: `scale(${scale})` }}>
            <svg width={room.width} height={room.height} aria-hidden="true">
              {drawn.map((edge) => (
                <Edge
                  key={edge.key}
                  edge={edge}
                  places={places}
                  taken={taken}
                  most={most}
                  query={query}
                  isFaded={fades && !isNear(edge)}
                />
              ))}
              {drawn
                .filter((edge) => (fades ? isNear(edge) : hasLabels))
                .map((edge) => (
                  <Label key={edge.key} edge={edge} places={places} taken={taken} />
                ))}
            </svg>
            {shown.map((node) => (
              <Node
                key={node.id}
                node={node}
                places={places}
                colour={colours.get(node.name) ?? 0}
                query={query}
                isFaded={fades && !near.has(node.id)}
                onPoint={(isOn) => (at.value = isOn ? node.id : undefined)}
              />
            ))}
          </div>
        </div>
      </div>
      <p class="graph-legend">
        {query.against === undefined
          ? "Wide: many calls. Red: they fail. Dashed: sends no spans itself."
          : "Blue: new. Dashed: gone. Faint: as it was."}
      </p>
      {bar}
    </div>
  );
}

/** What is to be seen first of a map that does not fit: the node that it is about, else where it begins. */
function middleOf(shown: readonly MapNode[], places: Places, chosen: string): Point {
  const all = shown.map(({ id }) => places.get(id)!);
  const first = all.reduce((least, { column }) => Math.min(least, column), Infinity);
  const place = places.get(chosen);
  const wanted = place === undefined ? all.filter(({ column }) => column === first) : [place];
  const corners = wanted.map(cornerOf);
  const mean = (of: (corner: Point) => number): number =>
    corners.reduce((sum, corner) => sum + of(corner), 0) / Math.max(corners.length, 1);
  return { x: mean(({ x }) => x) + sizes.width / 2, y: mean(({ y }) => y) + sizes.height / 2 };
}

/** Arrows move the focus from node to node. */
function useMoves(places: Places, shown: readonly MapNode[]): void {
  const current = useRef(places);
  current.current = new Map(shown.map(({ id }) => [id, places.get(id)!]));
  useEffect(() => {
    const directions: Readonly<Record<string, Parameters<typeof nextNode>[2]>> = {
      ArrowLeft: "left",
      ArrowRight: "right",
      ArrowUp: "up",
      ArrowDown: "down",
    };
    const onKey = (event: KeyboardEvent): void => {
      const direction = directions[event.key];
      const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
      const focused = document.activeElement;
      if (direction === undefined || modified) return;
      // The frame itself scrolls by these keys; other things have uses of their own for them.
      const id = focused instanceof HTMLElement ? focused.dataset["node"] : undefined;
      if (id === undefined && focused !== document.body) return;
      const next = nextNode(current.current, id ?? "", direction);
      if (next === undefined) return;
      event.preventDefault();
      document.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

interface EdgeProps {
  readonly edge: MapEdge;
  readonly places: Places;
  /** What it has to pass by. */
  readonly taken: ReturnType<typeof rowsByColumn>;
}

interface EdgeLineProps extends EdgeProps {
  readonly most: number;
  readonly query: MapQuery;
  readonly isFaded: boolean;
}

/** Failures from that share on are as red as can be. */
const WORST_FAILURES = 0.2;

function Edge({ edge, places, taken, most, query, isFaded }: EdgeLineProps) {
  const { client, server, parts, rate, failures, change } = edge;
  const { path } = curveOf(places.get(client)!, places.get(server)!, taken);
  const [only] = parts;
  const redness = failures > 0 ? 40 + 60 * Math.min(1, failures / WORST_FAILURES) : 0;
  const classes = ["graph-edge", change?.kind ?? "", isFaded ? "faded" : ""].join(" ").trim();
  const line = (
    <>
      <title>{titleOf(edge)}</title>
      <path class="reach" d={path} />
      <path
        class="line"
        d={path}
        stroke-width={lineWidth(rate, most)}
        style={{ "--redness": `${redness}%` }}
      />
    </>
  );
  // Several edges are behind groups: one opens these.
  const href =
    parts.length === 1 && only !== undefined
      ? exploreHref({ q: edgeQuery(only), time: query.time, utc: query.utc, allSpans: true })
      : mapHref({ ...query, open: [...new Set([...query.open, ...groupsOf(edge)])] });
  return (
    <a class={classes} href={href} tabindex={-1}>
      {line}
    </a>
  );
}

function groupsOf({ client, server }: MapEdge): string[] {
  return [client, server].filter((id) => id.startsWith("\n"));
}

function titleOf(edge: MapEdge): string {
  const { client, server, parts, change } = edge;
  const [only] = parts;
  const ends = only === undefined || parts.length > 1 ? [client, server].map(nameOfId) : undefined;
  const [from, to] = ends ?? [only!.client, only!.server];
  const changed = changeText(change);
  const many = parts.length > 1 ? ` (${parts.length} connections)` : "";
  return `${from} → ${to}${many}: ${edgeText(edge)}${changed === "" ? "" : ` · ${changed}`}`;
}

/** "eu.*" of a group's id; the name of a node is its id. */
function nameOfId(id: string): string {
  return id.startsWith("\n") ? `${id.slice(id.indexOf(":") + 1)}*` : id;
}

/** Words stand over all edges. */
function Label({ edge, places, taken }: EdgeProps) {
  const { middle } = curveOf(places.get(edge.client)!, places.get(edge.server)!, taken);
  const isBad = edge.failures > 0 && edge.change?.kind !== "gone";
  return (
    <text class={isBad ? "graph-label failed" : "graph-label"} x={middle.x} y={middle.y - 6}>
      {edgeLabel(edge)}
    </text>
  );
}

interface NodeProps {
  readonly node: MapNode;
  readonly places: Places;
  readonly colour: number;
  readonly query: MapQuery;
  readonly isFaded: boolean;
  readonly onPoint: (isOn: boolean) => void;
}

function Node({ node, places, colour, query, isFaded, onPoint }: NodeProps) {
  const { id, name, kind, size, failures } = node;
  const { x, y } = cornerOf(places.get(id)!);
  const isGroup = size > 1;
  const classes = [
    "graph-node",
    kind === "service" ? "" : "inferred",
    isGroup ? "grouped" : "",
    id === query.node ? "chosen" : "",
    isFaded ? "faded" : "",
  ];
  return (
    <div
      class={classes.filter((one) => one !== "").join(" ")}
      style={{
        "--service": `var(--service-${colour})`,
        transform: `translate(${x}px, ${y}px)`,
        width: `${sizes.width}px`,
        height: `${sizes.height}px`,
      }}
      onPointerEnter={() => onPoint(true)}
      onPointerLeave={() => onPoint(false)}
      onFocusIn={() => onPoint(true)}
      onFocusOut={() => onPoint(false)}
    >
      <a class="graph-main" data-node={id} href={nodeHref(node, query)} title={titleOfNode(node)}>
        <span class="graph-name">
          {kind === "service" && !isGroup && <i class="swatch" />}
          <span>{name}</span>
        </span>
        <span class="soft">
          {nodeText(node)}
          {failures > 0 && (
            <span class="error">
              {" "}
              <ErrorIcon /> {formatPercent(failures)}
            </span>
          )}
        </span>
      </a>
      {!isGroup && id !== query.node && (
        <button
          type="button"
          class="icon-button graph-focus"
          tabIndex={-1}
          aria-label={`Only what is near ${name}`}
          title="Only what is near ( f )"
          onClick={() => go(mapHref({ ...query, node: name }))}
        >
          <FocusIcon />
        </button>
      )}
    </div>
  );
}

/** Where a node leads: to a service's page, to the spans that name it, or into the group. */
function nodeHref({ id, name, kind, size }: MapNode, query: MapQuery): string {
  const { time, utc } = query;
  if (size > 1) return mapHref({ ...query, open: [...query.open, id] });
  if (kind === "service") return serviceHref({ name, time, utc });
  return exploreHref({ q: nodeQuery(name, kind), time, utc, allSpans: true });
}

function titleOfNode({ name, kind, size }: MapNode): string {
  if (size > 1) return `${name}: show all ${size}`;
  return kind === "service" ? name : `${name}: spans that name it`;
}
