/**
 * The spans of a trace in waterfall order.
 *
 *   spans (by start)        rows (preorder)          depth  parent  subtreeSize
 *   a            root       a ───────────────────      0      -1        4
 *   b  of a                  ├ b ──────                1       0        2
 *   c  of a                  │ └ d ──                  2       1        1
 *   d  of b                  └ c     ─────────         1       0        1
 *
 * Real traces are not trees: parents are missing, ids are shared (Zipkin), and broken senders make
 * cycles. Every span gets exactly one row all the same. Nothing recurses, so that a chain of a
 * million spans is as good as a flat list.
 */
import type { Span, SpanKind } from "./trace.ts";

/** One span in its place: a line of a waterfall. */
export interface TreeRow {
  readonly span: Span;
  /** 0 for a root. */
  readonly depth: number;
  /** Row of the parent, or -1 for a root. */
  readonly parent: number;
  /** Rows of the subtree, this one included: the next sibling is this many rows further down. */
  readonly subtreeSize: number;
  /** It names a parent that is not among the spans, or that is one of its own descendants. */
  readonly orphan: boolean;
}

/** No span: the end of a linked list, or the parent of a root. */
const NONE = -1;

/** How many spans of one id are looked at; a sender that repeats one id for ever costs no more. */
const SHARED_ID_SPANS = 32;

/** Which kind of span the other half of a shared id has, seen from its receiving half. */
const sendingHalf: Partial<Record<SpanKind, SpanKind>> = { server: "client", consumer: "producer" };

/**
 * One row per span, parents before children, siblings and roots by start (then as they were given).
 * Of spans that share an id, the server is a child of the client. What names that id as its parent
 * goes under the half of its own resource, else under the server. A cycle is cut above its earliest
 * span, which becomes a root. Linear in the number of spans, if they are sorted by start.
 */
export function treeRows(spans: readonly Span[]): TreeRow[] {
  const order = startOrder(spans);
  const parents = findParents(spans, order);
  cutCycles(parents, order);
  return layOut(spans, order, parents);
}

/** Indices of the spans by start; of equal starts, by index. */
function startOrder(spans: readonly Span[]): Int32Array {
  const order = new Int32Array(spans.length);
  let sorted = true;
  for (let i = 0; i < order.length; i++) {
    order[i] = i;
    if (i > 0 && spans[i]!.startNano < spans[i - 1]!.startNano) sorted = false;
  }
  if (!sorted) order.sort((a, b) => spans[a]!.startNano - spans[b]!.startNano || a - b);
  return order;
}

/** The spans of one id as a linked list: nearly always of one. */
interface ById {
  readonly first: ReadonlyMap<string, number>;
  readonly next: Int32Array;
}

/** The index of each span's parent, or NONE. */
function findParents(spans: readonly Span[], order: Int32Array): Int32Array {
  const first = new Map<string, number>();
  const next = new Int32Array(spans.length);
  for (let i = order.length - 1; i >= 0; i--) {
    const at = order[i]!;
    next[at] = first.get(spans[at]!.spanId) ?? NONE;
    first.set(spans[at]!.spanId, at);
  }
  const byId: ById = { first, next };
  const parents = new Int32Array(spans.length);
  for (let i = 0; i < spans.length; i++) parents[i] = findParent(spans, i, byId);
  return parents;
}

function spansOf(spanId: string, { first, next }: ById): number[] {
  const found: number[] = [];
  let at = first.get(spanId) ?? NONE;
  for (; at !== NONE && found.length < SHARED_ID_SPANS; at = next[at]!) found.push(at);
  return found;
}

function findParent(spans: readonly Span[], at: number, byId: ById): number {
  const span = spans[at]!;
  const sending = sendingHalf[span.kind];
  if (sending !== undefined) {
    const half = spansOf(span.spanId, byId).find((other) => spans[other]!.kind === sending);
    if (half !== undefined) return half;
  }
  if (span.parentSpanId === undefined) return NONE;
  let best = NONE;
  for (const other of spansOf(span.parentSpanId, byId)) {
    if (best === NONE || fitness(span, spans[other]!) > fitness(span, spans[best]!)) best = other;
  }
  return best;
}

/** How well `parent` suits `child` among spans of one id; only the order of the numbers counts. */
function fitness(child: Span, parent: Span): number {
  const receives = sendingHalf[parent.kind] !== undefined;
  return (child.resource === parent.resource ? 2 : 0) + (receives ? 1 : 0);
}

/** Takes the parent from the earliest span of each cycle, so that all paths upwards end. */
function cutCycles(parents: Int32Array, order: Int32Array): void {
  const ranks = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) ranks[order[i]!] = i;
  // 0: not visited; otherwise the walk (from 1) that came by first.
  const walks = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const walk = i + 1;
    let at = i;
    while (at !== NONE && walks[at] === 0) {
      walks[at] = walk;
      at = parents[at]!;
    }
    if (at !== NONE && walks[at] === walk) parents[earliestOfCycle(parents, ranks, at)] = NONE;
  }
}

function earliestOfCycle(parents: Int32Array, ranks: Int32Array, on: number): number {
  let earliest = on;
  for (let at = parents[on]!; at !== on; at = parents[at]!) {
    if (ranks[at]! < ranks[earliest]!) earliest = at;
  }
  return earliest;
}

function layOut(spans: readonly Span[], order: Int32Array, parents: Int32Array): TreeRow[] {
  const count = spans.length;
  const firstChild = new Int32Array(count).fill(NONE);
  const nextSibling = new Int32Array(count).fill(NONE);
  let firstRoot = NONE;
  for (let i = count - 1; i >= 0; i--) {
    const at = order[i]!;
    const parent = parents[at]!;
    nextSibling[at] = parent === NONE ? firstRoot : firstChild[parent]!;
    if (parent === NONE) firstRoot = at;
    else firstChild[parent] = at;
  }

  const spanOfRow = new Int32Array(count);
  const rowOfSpan = new Int32Array(count);
  let row = 0;
  for (let at = firstRoot; at !== NONE; row++) {
    spanOfRow[row] = at;
    rowOfSpan[at] = row;
    at = following(at, firstChild, nextSibling, parents);
  }

  const sizes = new Int32Array(count).fill(1);
  for (row = count - 1; row >= 0; row--) {
    const parent = parents[spanOfRow[row]!]!;
    if (parent !== NONE) sizes[rowOfSpan[parent]!]! += sizes[row]!;
  }

  const rows: TreeRow[] = [];
  for (row = 0; row < count; row++) {
    const at = spanOfRow[row]!;
    const span = spans[at]!;
    const root = parents[at] === NONE;
    const parent = root ? NONE : rowOfSpan[parents[at]!]!;
    rows.push({
      span,
      depth: root ? 0 : rows[parent]!.depth + 1,
      parent,
      subtreeSize: sizes[row]!,
      orphan: root && span.parentSpanId !== undefined,
    });
  }
  return rows;
}

/** The span after `at` in preorder, or NONE. */
function following(
  at: number,
  firstChild: Int32Array,
  nextSibling: Int32Array,
  parents: Int32Array,
): number {
  if (firstChild[at] !== NONE) return firstChild[at]!;
  let up = at;
  while (up !== NONE && nextSibling[up] === NONE) up = parents[up]!;
  return up === NONE ? NONE : nextSibling[up]!;
}
