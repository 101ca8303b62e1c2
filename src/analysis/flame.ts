/**
 * Spans as boxes in lanes: children below their parents, in a lane of their own where they overlap.
 *
 *     lane 0   a ────────────────────
 *     lane 1    b ──────   d ───
 *     lane 2     c ──        e ────     e began while d ran: a lane further down
 *
 * Boxes of a lane never overlap and stand in the order of time, so that those in sight are found by
 * halving, and of a thousand in one pixel only one is looked at.
 */
import type { SpanTable } from "./span-table.ts";

/** Boxes; item `i` of an array is of box `i`. Boxes of one lane are together. */
export interface Boxes {
  readonly lanes: number;
  /** Where the boxes of each lane end. */
  readonly laneEnds: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** The row that a box is of; of several, the first. */
  readonly row: Int32Array;
}

/** The boxes of the rows `[first, end)` by time. */
export function boxesByTime(table: SpanTable, first: number, end: number): Boxes {
  const { startNano, spanNano, parent } = table;
  const count = end - first;
  const lane = new Int32Array(count);
  const laneTo: number[] = [];
  for (let row = first; row < end; row++) {
    const up = row === first ? -1 : parent[row]! - first;
    let at = up < 0 ? 0 : lane[up]! + 1;
    const start = startNano[row]!;
    while (at < laneTo.length && laneTo[at]! > start) at++;
    lane[row - first] = at;
    laneTo[at] = start + Math.max(spanNano[row]!, 0);
  }
  return packed(
    lane,
    laneTo.length,
    (i) => first + i,
    (i) => startNano[first + i]!,
    (i) => Math.max(spanNano[first + i]!, 0),
  );
}

/** Equal paths of calls as one box each. */
export interface MergedBoxes extends Boxes {
  /** How many spans each box is of, how long they took together, and that without their children. */
  readonly spans: Uint32Array;
  readonly totalNano: Float64Array;
  readonly selfNano: Float64Array;
}

/**
 * The boxes of the rows `[first, end)` with equal paths merged: spans of one service and name whose
 * parents are merged, too. The longest in all is leftmost; widths are nanoseconds, no times.
 */
export function mergedBoxes(table: SpanTable, first: number, end: number): MergedBoxes {
  const nodes = mergeNodes(table, first, end);
  const { parent, total, depth, count } = nodes;
  const width = new Float64Array(count);
  const childrenWidth = new Float64Array(count);
  // Children were made after their parents.
  for (let node = count - 1; node >= 0; node--) {
    width[node] = Math.max(total[node]!, childrenWidth[node]!);
    if (parent[node]! >= 0) childrenWidth[parent[node]!]! += width[node]!;
  }
  const order = Array.from({ length: count }, (_, node) => node);
  order.sort((a, b) => depth[a]! - depth[b]! || width[b]! - width[a]! || a - b);
  const from = new Float64Array(count);
  const taken = new Float64Array(count);
  let rootsTo = 0;
  for (const node of order) {
    const up = parent[node]!;
    from[node] = up < 0 ? rootsTo : from[up]! + taken[up]!;
    if (up < 0) rootsTo += width[node]!;
    else taken[up]! += width[node]!;
  }
  order.sort((a, b) => depth[a]! - depth[b]! || from[a]! - from[b]! || a - b);
  const by = (array: ArrayLike<number>): number[] => order.map((node) => array[node]!);
  const boxes = packed(
    Int32Array.from(by(depth)),
    order.length === 0 ? 0 : depth[order.at(-1)!]! + 1,
    (i) => nodes.row[order[i]!]!,
    (i) => from[order[i]!]!,
    (i) => width[order[i]!]!,
  );
  return {
    ...boxes,
    spans: Uint32Array.from(by(nodes.spans)),
    totalNano: Float64Array.from(by(total)),
    selfNano: Float64Array.from(by(nodes.self)),
  };
}

interface Nodes {
  readonly count: number;
  readonly parent: number[];
  readonly depth: number[];
  readonly row: number[];
  readonly spans: number[];
  readonly total: number[];
  readonly self: number[];
}

function mergeNodes(table: SpanTable, first: number, end: number): Nodes {
  const { service, name, texts, spanNano, parent } = table;
  const nodes = { parent: [], depth: [], row: [], spans: [], total: [], self: [] } as Omit<
    { [K in keyof Nodes]: number[] },
    "count"
  >;
  const known = new Map<number, Map<number, number>>();
  const nodeOf = new Int32Array(end - first);
  const inChildren = new Float64Array(end - first);
  for (let row = end - 1; row > first; row--) {
    const up = parent[row]! - first;
    if (up >= 0) inChildren[up]! += Math.max(spanNano[row]!, 0);
  }
  for (let row = first; row < end; row++) {
    const up = row === first || parent[row]! < first ? -1 : nodeOf[parent[row]! - first]!;
    let children = known.get(up);
    if (children === undefined) known.set(up, (children = new Map<number, number>()));
    const path = service[row]! * texts.length + name[row]!;
    let node = children.get(path);
    if (node === undefined) {
      node = nodes.parent.push(up) - 1;
      children.set(path, node);
      nodes.depth.push(up < 0 ? 0 : nodes.depth[up]! + 1);
      nodes.row.push(row);
      nodes.spans.push(0);
      nodes.total.push(0);
      nodes.self.push(0);
    }
    nodeOf[row - first] = node;
    const took = Math.max(spanNano[row]!, 0);
    nodes.spans[node]!++;
    nodes.total[node]! += took;
    nodes.self[node]! += Math.max(took - inChildren[row - first]!, 0);
  }
  return { ...nodes, count: nodes.parent.length };
}

/** Boxes sorted into their lanes; within a lane they keep their order. */
function packed(
  lane: Int32Array,
  lanes: number,
  rowOf: (i: number) => number,
  fromOf: (i: number) => number,
  widthOf: (i: number) => number,
): Boxes {
  const laneEnds = new Uint32Array(lanes);
  for (const at of lane) laneEnds[at]!++;
  for (let at = 1; at < lanes; at++) laneEnds[at]! += laneEnds[at - 1]!;
  const next = Uint32Array.from(laneEnds, (_, at) => (at === 0 ? 0 : laneEnds[at - 1]!));
  const [from, to] = [new Float64Array(lane.length), new Float64Array(lane.length)];
  const row = new Int32Array(lane.length);
  for (let i = 0; i < lane.length; i++) {
    const box = next[lane[i]!]!++;
    from[box] = fromOf(i);
    to[box] = from[box] + widthOf(i);
    row[box] = rowOf(i);
  }
  return { lanes, laneEnds, from, to, row };
}

/** The boxes of a lane that show between two places, at most one for each `step`: the numbers of those
 * to draw are handed to `draw`, from left to right. */
export function boxesInSight(
  { laneEnds, from, to }: Boxes,
  lane: number,
  sight: { readonly from: number; readonly to: number; readonly step: number },
  draw: (box: number) => void,
): void {
  const end = laneEnds[lane]!;
  let box = firstAfter(to, lane === 0 ? 0 : laneEnds[lane - 1]!, end, sight.from);
  while (box < end && from[box]! < sight.to) {
    draw(box);
    // What begins within the pixel that is drawn already is not looked at.
    const reached = Math.max(to[box]!, from[box]! + sight.step);
    box = from[box + 1]! >= reached ? box + 1 : firstAfter(from, box + 1, end, reached);
  }
}

/** The first of `[low, high)` whose value is at least `least`; values ascend. */
function firstAfter(values: Float64Array, low: number, high: number, least: number): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle]! < least) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The box at a place in a lane, give or take `slack`, or -1. */
export function boxAt(
  { lanes, laneEnds, from, to }: Boxes,
  lane: number,
  at: number,
  slack: number,
): number {
  if (lane < 0 || lane >= lanes) return -1;
  const first = lane === 0 ? 0 : laneEnds[lane - 1]!;
  const box = firstAfter(to, first, laneEnds[lane]!, at - slack);
  return box < laneEnds[lane]! && from[box]! <= at + slack ? box : -1;
}
