/**
 * The spans of a trace in waterfall order, as arrays.
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
import { spanKinds } from "./trace.ts";

/** What the order depends on; item `i` of each array is of span `i`. Ids are two words each. */
export interface SpanLinks {
  readonly length: number;
  readonly spanId: Uint32Array;
  /** All zero for a root. */
  readonly parentSpanId: Uint32Array;
  readonly startNano: Float64Array;
  /** Indices of `spanKinds`. */
  readonly kind: Uint8Array;
  /** The same for spans of one resource. */
  readonly resource: Uint32Array;
}

/** Rows of a waterfall; item `row` of each array is of that row. */
export interface TreeOrder {
  /** The span in the row. */
  readonly span: Int32Array;
  /** 0 for a root. */
  readonly depth: Int32Array;
  /** Row of the parent, or -1 for a root. */
  readonly parent: Int32Array;
  /** Rows of the subtree, the row included: the next sibling is this many rows further down. */
  readonly subtreeSize: Int32Array;
  /** 1 if it names a parent that is not among the spans, or that is one of its own descendants. */
  readonly orphan: Uint8Array;
}

/** No span: the end of a linked list, or the parent of a root. */
const NONE = -1;

/** How many spans of one id are looked at; a sender that repeats one id for ever costs no more. */
const SHARED_ID_SPANS = 32;

/** Which kind of span the other half of a shared id has, seen from its receiving half; else -1. */
const sendingHalf = new Int8Array(256).fill(-1);
sendingHalf[spanKinds.indexOf("server")] = spanKinds.indexOf("client");
sendingHalf[spanKinds.indexOf("consumer")] = spanKinds.indexOf("producer");

/**
 * One row per span, parents before children, siblings and roots by start (then as they were given).
 * Of spans that share an id, the server is a child of the client. What names that id as its parent
 * goes under the half of its own resource, else under the server. A cycle is cut above its earliest
 * span, which becomes a root. Linear in the number of spans, if they are sorted by start.
 */
export function treeOrder(spans: SpanLinks): TreeOrder {
  const order = startOrder(spans);
  const parents = findParents(spans, order);
  cutCycles(parents, order);
  return layOut(spans, order, parents);
}

/** Indices of the spans by start; of equal starts, by index. */
function startOrder({ length, startNano }: SpanLinks): Int32Array {
  const order = new Int32Array(length);
  let sorted = true;
  for (let i = 0; i < length; i++) {
    order[i] = i;
    if (i > 0 && startNano[i]! < startNano[i - 1]!) sorted = false;
  }
  if (!sorted) order.sort((a, b) => startNano[a]! - startNano[b]! || a - b);
  return order;
}

/** Spans by id: a hash table, and the spans of one id as a linked list, nearly always of one. */
export class SpansById {
  readonly #ids: Uint32Array;
  /** By slot: the first span of an id, or NONE. A power of two, at most half full. */
  readonly #slots: Int32Array;
  readonly #next: Int32Array;

  /** Of spans with one id, the one that comes first in `order` is first. */
  constructor(ids: Uint32Array, order: Int32Array) {
    this.#ids = ids;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, order.length * 2)))).fill(
      NONE,
    );
    this.#next = new Int32Array(order.length);
    for (let i = order.length - 1; i >= 0; i--) {
      const at = order[i]!;
      const slot = this.#slot(ids[2 * at]!, ids[2 * at + 1]!);
      this.#next[at] = this.#slots[slot]!;
      this.#slots[slot] = at;
    }
  }

  /** The first span with an id, or -1. */
  first(low: number, high: number): number {
    return this.#slots[this.#slot(low, high)]!;
  }

  /** The next span with the same id, or -1. */
  next(span: number): number {
    return this.#next[span]!;
  }

  #slot(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    const hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const at = this.#slots[slot]!;
      if (at === NONE || (this.#ids[2 * at] === low && this.#ids[2 * at + 1] === high)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** The index of each span's parent, or NONE. */
function findParents(spans: SpanLinks, order: Int32Array): Int32Array {
  const byId = new SpansById(spans.spanId, order);
  const parents = new Int32Array(spans.length);
  for (let i = 0; i < spans.length; i++) parents[i] = findParent(spans, i, byId);
  return parents;
}

function findParent(spans: SpanLinks, at: number, byId: SpansById): number {
  const { spanId, parentSpanId, kind } = spans;
  const sending = sendingHalf[kind[at]!]!;
  if (sending !== -1) {
    let half = byId.first(spanId[2 * at]!, spanId[2 * at + 1]!);
    for (let n = 0; half !== NONE && n < SHARED_ID_SPANS; n++, half = byId.next(half)) {
      if (kind[half] === sending) return half;
    }
  }
  const [low, high] = [parentSpanId[2 * at]!, parentSpanId[2 * at + 1]!];
  if (low === 0 && high === 0) return NONE;
  let best = NONE;
  let other = byId.first(low, high);
  for (let n = 0; other !== NONE && n < SHARED_ID_SPANS; n++, other = byId.next(other)) {
    if (best === NONE || fitness(spans, at, other) > fitness(spans, at, best)) best = other;
  }
  return best;
}

/** How well `parent` suits `child` among spans of one id; only the order of the numbers counts. */
function fitness({ kind, resource }: SpanLinks, child: number, parent: number): number {
  const receives = sendingHalf[kind[parent]!] !== -1;
  return (resource[child] === resource[parent] ? 2 : 0) + (receives ? 1 : 0);
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

function layOut(spans: SpanLinks, order: Int32Array, parents: Int32Array): TreeOrder {
  const { length, parentSpanId } = spans;
  const span = preorder(order, parents);
  const rowOfSpan = new Int32Array(length);
  for (let row = 0; row < length; row++) rowOfSpan[span[row]!] = row;
  const parent = new Int32Array(length);
  const depth = new Int32Array(length);
  const orphan = new Uint8Array(length);
  for (let row = 0; row < length; row++) {
    const at = span[row]!;
    const above = parents[at]!;
    parent[row] = above === NONE ? NONE : rowOfSpan[above]!;
    depth[row] = above === NONE ? 0 : depth[parent[row]!]! + 1;
    const namesParent = parentSpanId[2 * at] !== 0 || parentSpanId[2 * at + 1] !== 0;
    orphan[row] = above === NONE && namesParent ? 1 : 0;
  }
  const subtreeSize = new Int32Array(length).fill(1);
  for (let row = length - 1; row >= 0; row--) {
    if (parent[row] !== NONE) subtreeSize[parent[row]!]! += subtreeSize[row]!;
  }
  return { span, depth, parent, subtreeSize, orphan };
}

/** The spans, parents before children, siblings in `order`. */
function preorder(order: Int32Array, parents: Int32Array): Int32Array {
  const count = order.length;
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
  const rows = new Int32Array(count);
  let row = 0;
  for (let at = firstRoot; at !== NONE; row++) {
    rows[row] = at;
    if (firstChild[at] !== NONE) {
      at = firstChild[at]!;
      continue;
    }
    while (at !== NONE && nextSibling[at] === NONE) at = parents[at]!;
    if (at !== NONE) at = nextSibling[at]!;
  }
  return rows;
}
