/**
 * Where the nodes of a service graph stand: in columns, callers to the left of whom they call.
 *
 *     columns   the longest way from a node that nobody calls, along edges that close no circle
 *     order     by the middle of the neighbours, to and fro, so that few edges cross
 *     height    as near to the neighbours as order and distance allow
 *
 * It depends on names and edges alone and not on their order. Nodes that had a place keep it.
 */
import type { Ends } from "./graph-difference.ts";

/** A place: the column from 0, and the height in rows, from the top. */
export interface Place {
  readonly column: number;
  readonly row: number;
}

const SWEEPS = 8;
const SETTLINGS = 12;
/** Beyond this share of new nodes, old places are worth nothing. */
const MOST_NEW = 0.34;

/** A place for each node. Those of a column are at least a row apart. */
export function layoutGraph(
  names: readonly string[],
  edges: readonly Ends[],
  before: ReadonlyMap<string, Place> = new Map(),
): Map<string, Place> {
  const graph = indexed(names, edges);
  const kept = graph.names.filter((name) => before.has(name));
  const isFamiliar = kept.length >= (1 - MOST_NEW) * graph.names.length && kept.length > 0;
  if (isFamiliar) return added(graph, before);
  const columns = columnsOf(graph);
  const rows = rowsOf(graph, columns);
  return new Map(graph.names.map((name, i) => [name, { column: columns[i]!, row: rows[i]! }]));
}

/** The graph by numbers of nodes, sorted by name; each edge once, and none from a node to itself. */
interface Indexed {
  readonly names: readonly string[];
  readonly out: readonly (readonly number[])[];
  readonly into: readonly (readonly number[])[];
}

function indexed(names: readonly string[], edges: readonly Ends[]): Indexed {
  const sorted = [...new Set(names)].sort();
  const numbers = new Map(sorted.map((name, i) => [name, i]));
  const out = sorted.map(() => new Set<number>());
  const into = sorted.map(() => new Set<number>());
  for (const { client, server } of edges) {
    const [from, to] = [numbers.get(client), numbers.get(server)];
    if (from === undefined || to === undefined || from === to) continue;
    out[from]!.add(to);
    into[to]!.add(from);
  }
  const lists = (sets: readonly Set<number>[]) => sets.map((set) => [...set].sort((a, b) => a - b));
  return { names: sorted, out: lists(out), into: lists(into) };
}

/** The longest way to each node. A walk from the nodes that nobody calls, then from the others, says which
 * edges close circles: those back to a node that it came through. */
function columnsOf({ names, out, into }: Indexed): number[] {
  const order = names.map((_, i) => i);
  order.sort(
    (a, b) => into[a]!.length - into[b]!.length || out[b]!.length - out[a]!.length || a - b,
  );
  const { finished, forward } = walk(order, out);
  const columns = names.map(() => 0);
  // Who finished last comes first.
  for (const node of finished.toReversed()) {
    for (const next of forward[node]!) {
      columns[next] = Math.max(columns[next]!, columns[node]! + 1);
    }
  }
  // Who is called by nobody stands beside the first one that it calls.
  for (const node of order) {
    const next = forward[node]!.map((to) => columns[to]!);
    if (into[node]!.length === 0 && next.length > 0) columns[node] = Math.min(...next) - 1;
  }
  return columns;
}

function walk(order: readonly number[], out: Indexed["out"]) {
  const state = new Uint8Array(order.length); // 0 not yet, 1 on the way, 2 done
  const finished: number[] = [];
  const forward = out.map((): number[] => []);
  for (const start of order) {
    if (state[start] !== 0) continue;
    const path: { readonly node: number; next: number }[] = [{ node: start, next: 0 }];
    state[start] = 1;
    while (path.length > 0) {
      const top = path.at(-1)!;
      const to = out[top.node]![top.next++];
      if (to === undefined) {
        state[top.node] = 2;
        finished.push(top.node);
        path.pop();
      } else if (state[to] !== 1) {
        forward[top.node]!.push(to);
        if (state[to] === 0) path.push({ node: to, next: 0 });
        state[to] ||= 1;
      }
    }
  }
  return { finished, forward };
}

function rowsOf({ names, out, into }: Indexed, columns: readonly number[]): number[] {
  const layers: number[][] = [];
  columns.forEach((column, node) => (layers[column] ??= []).push(node));
  const filled = Array.from(layers, (layer) => layer ?? []);
  const rows = names.map(() => 0);
  const spread = (layer: readonly number[]): void =>
    layer.forEach((node, i) => (rows[node] = i - (layer.length - 1) / 2));
  filled.forEach(spread);
  const near = (node: number, isWanted: (other: number) => boolean): number =>
    meanOf([...into[node]!, ...out[node]!].filter(isWanted).map((other) => rows[other]!)) ??
    rows[node]!;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const toRight = sweep % 2 === 0;
    for (const layer of toRight ? filled : filled.toReversed()) {
      const middles = new Map(
        layer.map((node) => [
          node,
          near(node, (other) =>
            toRight ? columns[other]! < columns[node]! : columns[other]! > columns[node]!,
          ),
        ]),
      );
      layer.sort((a, b) => middles.get(a)! - middles.get(b)! || a - b);
      spread(layer);
    }
  }
  for (let settling = 0; settling < SETTLINGS; settling++) {
    for (const layer of settling % 2 === 0 ? filled : filled.toReversed()) {
      const settled = apart(layer.map((node) => near(node, () => true)));
      layer.forEach((node, i) => (rows[node] = settled[i]!));
    }
  }
  const top = rows.reduce((least, row) => Math.min(least, row), Infinity);
  return rows.map((row) => row - top);
}

/** The rows nearest to those wanted, in the same order and at least one apart: neighbours that want the same
 * place share it around its middle. Multiples of a quarter. */
function apart(wanted: readonly number[]): number[] {
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((row, i) => {
    let block = { sum: row - i, count: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.count <= block.sum / block.count) break;
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  });
  const starts = blocks.flatMap(({ sum, count }) =>
    Array.from({ length: count }, () => Math.round((4 * sum) / count) / 4),
  );
  return starts.map((start, i) => start + i);
}

/** The graph with the places that are known, and the others beside their neighbours. */
function added({ names, out, into }: Indexed, before: ReadonlyMap<string, Place>) {
  const places = new Map<string, Place>();
  for (const name of names) if (before.has(name)) places.set(name, before.get(name)!);
  const known = (nodes: readonly number[]): Place[] =>
    nodes.flatMap((node) => places.get(names[node]!) ?? []);
  // Whoever has neighbours with a place comes first.
  let left = names.map((_, i) => i).filter((i) => !places.has(names[i]!));
  while (left.length > 0) {
    const node = left.find((i) => known(into[i]!).length + known(out[i]!).length > 0) ?? left[0]!;
    const [callers, called] = [known(into[node]!), known(out[node]!)];
    const column =
      callers.length > 0
        ? Math.max(...callers.map((place) => place.column)) + 1
        : Math.max(0, Math.min(Infinity, ...called.map((place) => place.column)) - 1);
    const wanted = meanOf([...callers, ...called].map(({ row }) => row)) ?? 0;
    const here = Number.isFinite(column) ? column : 0;
    places.set(names[node]!, { column: here, row: freeRow(places, here, wanted) });
    left = left.filter((i) => i !== node);
  }
  return places;
}

/** The row nearest to the one wanted that is a row away from all others of the column. */
function freeRow(places: ReadonlyMap<string, Place>, column: number, wanted: number): number {
  const taken = [...places.values()].filter((place) => place.column === column);
  const start = Math.max(0, Math.round(4 * wanted) / 4);
  const isFree = (row: number): boolean =>
    row >= 0 && taken.every((place) => Math.abs(place.row - row) >= 1);
  for (let away = 0; ; away += 0.25) {
    if (isFree(start + away)) return start + away;
    if (isFree(start - away)) return start - away;
  }
}

function meanOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((a, b) => a + b, 0) / values.length;
}
