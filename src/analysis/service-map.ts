/** Who calls whom within one trace, laid out from left to right. */
import { FAILED, type SpanTable } from "./span-table.ts";

/** A service in the map. */
export interface MapNode {
  /** The number of its name. */
  readonly service: number;
  readonly spans: number;
  readonly errors: number;
  /** Column and place within it, from 0. */
  readonly column: number;
  readonly place: number;
}

/** Calls from one service to another. */
export interface MapEdge {
  readonly from: number;
  readonly to: number;
  readonly calls: number;
  readonly errors: number;
  /** Average duration of the called spans. */
  readonly averageNano: number;
}

/** The map; edges name services by their numbers. */
export interface ServiceMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

/**
 * The map of a trace. A service stands one column to the right of those that call it, as far as calls
 * do not go in circles; within columns, services stand near their callers.
 */
export function serviceMap(table: SpanTable): ServiceMap {
  const counts = new Map<number, { spans: number; errors: number }>();
  const calls = new Map<
    string,
    { from: number; to: number; calls: number; errors: number; total: number }
  >();
  for (let row = 0; row < table.length; row++) {
    const to = table.service[row]!;
    const failed = table.status[row] === FAILED ? 1 : 0;
    const count = counts.get(to) ?? { spans: 0, errors: 0 };
    counts.set(to, { spans: count.spans + 1, errors: count.errors + failed });
    const up = table.parent[row]!;
    if (up < 0 || table.service[up] === to) continue;
    const from = table.service[up]!;
    const key = `${from} ${to}`;
    const edge = calls.get(key) ?? { from, to, calls: 0, errors: 0, total: 0 };
    edge.calls++;
    edge.errors += failed;
    edge.total += Math.max(table.spanNano[row]!, 0);
    calls.set(key, edge);
  }
  const edges = Array.from(calls.values(), ({ total, ...edge }) => {
    return { ...edge, averageNano: total / edge.calls };
  });
  const columns = columnsOf([...counts.keys()], edges);
  const nodes = placed([...counts.keys()], edges, columns).map(([service, column, place]) => {
    return { service, ...counts.get(service)!, column, place };
  });
  return { nodes, edges };
}

/** The column of each service: the longest way to it along edges that close no circle. */
function columnsOf(services: readonly number[], edges: readonly MapEdge[]): Map<number, number> {
  const called = new Map<number, number[]>();
  for (const { from, to } of edges) called.set(from, [...(called.get(from) ?? []), to]);
  const hasCaller = new Set(edges.map(({ to }) => to));
  const roots = services.filter((service) => !hasCaller.has(service));
  const columns = new Map<number, number>();
  const walk = (service: number, column: number, above: ReadonlySet<number>): void => {
    if (above.has(service) || (columns.get(service) ?? -1) >= column) return;
    columns.set(service, column);
    const path = new Set(above).add(service);
    for (const next of called.get(service) ?? []) walk(next, column + 1, path);
  };
  for (const root of roots) walk(root, 0, new Set());
  // What is only in circles.
  for (const service of services) if (!columns.has(service)) walk(service, 0, new Set());
  return columns;
}

/** Services with column and place: by the middle of their callers' places, then as they came. */
function placed(
  services: readonly number[],
  edges: readonly MapEdge[],
  columns: ReadonlyMap<number, number>,
): [service: number, column: number, place: number][] {
  const places = new Map<number, number>();
  const result: [number, number, number][] = [];
  const last = Math.max(0, ...columns.values());
  for (let column = 0; column <= last; column++) {
    const here = services.filter((service) => columns.get(service) === column);
    const middle = (service: number): number => {
      const callers = edges.filter(({ to }) => to === service).map(({ from }) => places.get(from));
      const known = callers.filter((place) => place !== undefined);
      return known.length === 0 ? 0 : known.reduce((a, b) => a + b, 0) / known.length;
    };
    const sorted = here.map((service) => [service, middle(service)] as const);
    sorted.sort((a, b) => a[1] - b[1]);
    sorted.forEach(([service], place) => {
      places.set(service, place);
      result.push([service, column, place]);
    });
  }
  return result;
}
