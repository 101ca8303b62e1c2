/**
 * Two traces as one tree: spans of one service and name whose parents are merged, too, are one node.
 *
 *     here            there             merged, here and there
 *     a ─┬─ b         a ─┬─ b           a   1  1
 *        ├─ b            └─ c ── d      ├ b 2  1
 *        └─ c                           └ c 1  1
 *                                         └ d 0  1
 */
import { FAILED, type SpanTable } from "./span-table.ts";
import { selfTimes } from "./statistics.ts";

/** What one of the traces has, by node. */
export interface ComparedSide {
  /** The first of its rows, or -1 if it has none. */
  readonly row: Int32Array;
  readonly spans: Uint32Array;
  readonly errors: Uint32Array;
  /** Nanoseconds of its spans together, and without their children. */
  readonly totalNano: Float64Array;
  readonly selfNano: Float64Array;
}

/** See the top of this file. Nodes are in order: parents before children, siblings by their first start. */
export interface ComparedTraces {
  readonly length: number;
  /** Services and names by number. */
  readonly texts: readonly string[];
  readonly service: Uint32Array;
  readonly name: Uint32Array;
  readonly depth: Int32Array;
  readonly here: ComparedSide;
  readonly there: ComparedSide;
}

/** How a node differs: in one of the traces only, or in what its spans took there and here. */
export type Difference = "onlyHere" | "onlyThere" | "slower" | "faster" | "same";

interface Node {
  readonly service: number;
  readonly name: number;
  readonly depth: number;
  readonly children: Map<string, Node>;
  readonly sides: readonly [Sums, Sums];
  /** Start within its trace of its first span, of the first trace that has it. */
  readonly firstNano: number;
}

interface Sums {
  row: number;
  spans: number;
  errors: number;
  total: number;
  self: number;
}

/** Compares a trace (here) with another one (there); linear in their spans but for sorting siblings. */
export function compareTraces(here: SpanTable, there: SpanTable): ComparedTraces {
  const numbers = new Map<string, number>();
  const roots = new Map<string, Node>();
  addSide(roots, numbers, here, 0);
  addSide(roots, numbers, there, 1);
  const nodes = inOrder(roots);
  return {
    length: nodes.length,
    texts: [...numbers.keys()],
    service: Uint32Array.from(nodes, ({ service }) => service),
    name: Uint32Array.from(nodes, ({ name }) => name),
    depth: Int32Array.from(nodes, ({ depth }) => depth),
    here: sideOf(nodes, 0),
    there: sideOf(nodes, 1),
  };
}

function addSide(
  roots: Map<string, Node>,
  numbers: Map<string, number>,
  table: SpanTable,
  side: 0 | 1,
): void {
  const { length, texts, service, name, parent, startNano, spanNano, status } = table;
  const number = (text: string): number => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
  const self = selfTimes(table);
  const nodes: Node[] = [];
  for (let row = 0; row < length; row++) {
    const up = parent[row]! < 0 ? undefined : nodes[parent[row]!]!;
    const siblings = up?.children ?? roots;
    const [ofService, ofName] = [number(texts[service[row]!]!), number(texts[name[row]!]!)];
    const key = `${ofService} ${ofName}`;
    let node = siblings.get(key);
    if (node === undefined) {
      node = {
        service: ofService,
        name: ofName,
        depth: up === undefined ? 0 : up.depth + 1,
        children: new Map(),
        sides: [noSums(), noSums()],
        firstNano: startNano[row]!,
      };
      siblings.set(key, node);
    }
    nodes.push(node);
    const sums = node.sides[side];
    if (sums.row < 0) sums.row = row;
    sums.spans++;
    if (status[row] === FAILED) sums.errors++;
    sums.total += Math.max(spanNano[row]!, 0);
    sums.self += self[row]!;
  }
}

function noSums(): Sums {
  return { row: -1, spans: 0, errors: 0, total: 0, self: 0 };
}

function inOrder(roots: ReadonlyMap<string, Node>): Node[] {
  const sorted = (nodes: ReadonlyMap<string, Node>): Node[] =>
    [...nodes.values()].sort((a, b) => b.firstNano - a.firstNano);
  const nodes: Node[] = [];
  // The last is the next; of equal starts, what came first.
  const open = sorted(new Map([...roots].toReversed()));
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    nodes.push(node);
    for (const child of sorted(new Map([...node.children].toReversed()))) open.push(child);
  }
  return nodes;
}

function sideOf(nodes: readonly Node[], side: 0 | 1): ComparedSide {
  return {
    row: Int32Array.from(nodes, ({ sides }) => sides[side].row),
    spans: Uint32Array.from(nodes, ({ sides }) => sides[side].spans),
    errors: Uint32Array.from(nodes, ({ sides }) => sides[side].errors),
    totalNano: Float64Array.from(nodes, ({ sides }) => sides[side].total),
    selfNano: Float64Array.from(nodes, ({ sides }) => sides[side].self),
  };
}

/** How a node differs. */
export function differenceOf({ here, there }: ComparedTraces, node: number): Difference {
  if (there.spans[node] === 0) return "onlyHere";
  if (here.spans[node] === 0) return "onlyThere";
  const by = here.totalNano[node]! - there.totalNano[node]!;
  return by === 0 ? "same" : by > 0 ? "slower" : "faster";
}
