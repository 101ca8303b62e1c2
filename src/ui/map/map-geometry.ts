/** Where nodes and edges of the map are, in pixels before zooming. */
import type { Place } from "../../analysis/graph-layout.ts";

/** The size of a node, and the distances between columns and between the tops of rows. Above the first row
 * there is room for an edge and its words. */
export const sizes = { width: 176, height: 44, column: 296, row: 60, margin: 16, top: 30 } as const;

/** A point, or the top left corner of a node. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where a node's top left corner is. */
export function cornerOf({ column, row }: Place): Point {
  return { x: sizes.margin + column * sizes.column, y: sizes.top + row * sizes.row };
}

/** How much room places take. */
export function roomOf(places: Iterable<Place>): {
  readonly width: number;
  readonly height: number;
} {
  let [right, bottom] = [0, 0];
  for (const place of places) {
    const { x, y } = cornerOf(place);
    right = Math.max(right, x + sizes.width);
    bottom = Math.max(bottom, y + sizes.height);
  }
  return { width: right + sizes.margin, height: bottom + sizes.margin };
}

/** An edge's curve, and where a word on it stands. */
export interface Curve {
  readonly path: string;
  readonly middle: Point;
}

const LEAST_BEND = 48;
/** So far from the middle of a node, in rows, an edge passes it by. */
const CLEAR_ROWS = 0.45;

/** The rows of the nodes of each column: what edges have to pass by. */
export function rowsByColumn(places: Iterable<Place>): ReadonlyMap<number, readonly number[]> {
  const rows = new Map<number, number[]>();
  for (const { column, row } of places) rows.set(column, [...(rows.get(column) ?? []), row]);
  return rows;
}

/** The curve from one node to another: from right edge to left edge, between the nodes of the columns that it
 * passes; round the side where both are in one column, the other way where the called one is further left. */
export function curveOf(
  from: Place,
  to: Place,
  taken: ReadonlyMap<number, readonly number[]>,
): Curve {
  const [a, b] = [cornerOf(from), cornerOf(to)];
  const isBack = to.column < from.column;
  const isBeside = to.column === from.column;
  const start = { x: a.x + (isBack ? 0 : sizes.width), y: a.y + sizes.height / 2 };
  const end = { x: b.x + (isBack || isBeside ? sizes.width : 0), y: b.y + sizes.height / 2 };
  if (isBeside) return cubic(start, end, LEAST_BEND, -LEAST_BEND);
  const [left, right] = isBack ? [to.column, from.column] : [from.column, to.column];
  const passed = Array.from({ length: right - left - 1 }, (_, i) => left + 1 + i);
  const sign = isBack ? -1 : 1;
  if (passed.length === 0) {
    const bend = (sign * Math.max(Math.abs(end.x - start.x), 2 * LEAST_BEND)) / 2;
    return cubic(start, end, bend, bend);
  }
  const row = freeRow(
    (from.row + to.row) / 2,
    passed.flatMap((column) => taken.get(column) ?? []),
  );
  const y = cornerOf({ column: 0, row }).y + sizes.height / 2;
  const near = { x: cornerOf({ column: passed.at(isBack ? -1 : 0)!, row }).x, y };
  const far = { x: cornerOf({ column: passed.at(isBack ? 0 : -1)!, row }).x, y };
  const [first, last] = isBack
    ? [{ ...near, x: near.x + sizes.width }, far]
    : [near, { ...far, x: far.x + sizes.width }];
  const [into, out] = [
    cubic(start, first, undefined, undefined),
    cubic(last, end, undefined, undefined),
  ];
  return {
    path: `${into.path}L${last.x} ${last.y}${out.path.slice(out.path.indexOf("C"))}`,
    middle: { x: (first.x + last.x) / 2, y },
  };
}

/** A curve that begins and ends level, by so many pixels each; by half of the way if it is not said. */
function cubic(
  start: Point,
  end: Point,
  begins = (end.x - start.x) / 2,
  ends = (end.x - start.x) / 2,
): Curve {
  const [out, into] = [start.x + begins, end.x - ends];
  return {
    path: `M${start.x} ${start.y}C${out} ${start.y} ${into} ${end.y} ${end.x} ${end.y}`,
    // Of a cubic curve at its half.
    middle: { x: (start.x + 3 * out + 3 * into + end.x) / 8, y: (start.y + end.y) / 2 },
  };
}

/** The row nearest to the one wanted at which no node is in the way. */
function freeRow(wanted: number, taken: readonly number[]): number {
  const isFree = (row: number): boolean =>
    taken.every((other) => Math.abs(other - row) >= CLEAR_ROWS);
  for (let away = 0; ; away += 0.25) {
    if (isFree(wanted + away)) return wanted + away;
    if (isFree(wanted - away)) return wanted - away;
  }
}

/** A direction in which keys move. */
export type Direction = "left" | "right" | "up" | "down";

/** The node that is next in a direction; undefined at the edge. */
export function nextNode(
  places: ReadonlyMap<string, Place>,
  id: string,
  direction: Direction,
): string | undefined {
  const here = places.get(id);
  if (here === undefined) return [...places.keys()][0];
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const isAcross = direction === "left" || direction === "right";
  let best: string | undefined;
  let least = Infinity;
  for (const [other, place] of places) {
    const along = sign * (isAcross ? place.column - here.column : place.row - here.row);
    const aside = Math.abs(isAcross ? place.row - here.row : place.column - here.column);
    if (along <= 0) continue;
    // The nearest column or row counts more than being in line.
    const distance = isAcross ? 100 * along + aside : along + 100 * aside;
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

/** How many pixels wide the line of so many calls a second is, if the busiest has so many. */
export function lineWidth(rate: number, most: number): number {
  if (rate <= 0 || most <= 0) return 1;
  return 1 + 6 * Math.sqrt(rate / most);
}
