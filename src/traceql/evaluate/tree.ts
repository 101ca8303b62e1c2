/**
 * The spans of a trace as a tree, numbered as the `nestedSet*` intrinsics say: depth first from every
 * root, left on entry, right on exit.
 *
 *     a            left 1, right 6     orphan   left 0, right 0: its parent is not there
 *     ├ b               2        3     └ c           0        0: nor is anything below connected
 *     └ d               4        5
 *
 * Rows keep their order among siblings and among roots. What no root leads to (missing parents,
 * cycles) is unconnected. Nothing recurses and all is linear in the number of spans.
 */
import { spanKinds } from "../../model/trace.ts";
import type { TraceView } from "./trace-view.ts";

/** No row. */
export const NONE = -1;

const CLIENT = spanKinds.indexOf("client");
const SERVER = spanKinds.indexOf("server");

/** A tree that is built again for each trace, in the same memory. */
export class Tree {
  /** Row of the parent, NONE for a root and where the parent is missing. */
  parents = new Int32Array(64);
  /** Nested set bounds; zero where unconnected. */
  lefts = new Int32Array(64);
  rights = new Int32Array(64);
  childCounts = new Int32Array(64);
  /** The connected rows, parents before children, `connected` of them. */
  order = new Int32Array(64);
  connected = 0;
  /** The spans are so many that share one id that nobody can say whose children are whose. */
  isAmbiguous = false;

  readonly #ids = new IdTable();
  #firstChild = new Int32Array(64);
  #nextSibling = new Int32Array(64);

  build(view: TraceView): void {
    const count = view.length;
    this.#reserve(count);
    this.isAmbiguous = !this.#ids.fill(view.spanId, count);
    const parentWords = wordsOf(view.parentSpanId, count);
    this.connected = 0;
    const roots: number[] = [];
    for (let row = 0; row < count; row++) {
      this.lefts[row] = this.rights[row] = this.childCounts[row] = 0;
      this.#firstChild[row] = this.#nextSibling[row] = NONE;
      const [high, low] = [parentWords[2 * row]!, parentWords[2 * row + 1]!];
      const isRoot = high === 0 && low === 0;
      if (isRoot) roots.push(row);
      this.parents[row] =
        isRoot || this.isAmbiguous ? NONE : this.#findParent(view.kind, row, high, low);
    }
    if (this.isAmbiguous) return;
    for (let row = count - 1; row >= 0; row--) {
      const parent = this.parents[row]!;
      if (parent === NONE) continue;
      this.#nextSibling[row] = this.#firstChild[parent]!;
      this.#firstChild[parent] = row;
      this.childCounts[parent]!++;
    }
    let bound = 1;
    for (const root of roots) bound = this.#number(root, bound);
  }

  /** The nested set's left bound of the row's parent, -1 for a root, 0 where unconnected. */
  parentBound(row: number): number {
    if (this.lefts[row] === 0) return 0;
    const parent = this.parents[row]!;
    return parent === NONE ? -1 : this.lefts[parent]!;
  }

  /** Of two spans of one id, a server's parent is the client, every other span's the server. */
  #findParent(kinds: Uint8Array, row: number, high: number, low: number): number {
    const first = this.#ids.first(high, low);
    if (first === NONE) return NONE;
    const second = this.#ids.twin(first);
    if (second === NONE) return first;
    const wanted = kinds[row] === SERVER ? CLIENT : SERVER;
    if (kinds[first] === wanted) return first;
    return kinds[second] === wanted ? second : NONE;
  }

  /** Numbers what is under `root` from `bound` on; gives the next number. */
  #number(root: number, bound: number): number {
    let next = bound;
    let row = root;
    this.#enter(row, next++);
    while (row !== NONE) {
      const child = this.#firstChild[row]!;
      if (child !== NONE) {
        // Taken off the list: the walk comes back to this row and goes on with the next one.
        this.#firstChild[row] = this.#nextSibling[child]!;
        row = child;
        this.#enter(row, next++);
      } else {
        this.rights[row] = next++;
        row = row === root ? NONE : this.parents[row]!;
      }
    }
    return next;
  }

  #enter(row: number, left: number): void {
    this.lefts[row] = left;
    this.order[this.connected++] = row;
  }

  #reserve(count: number): void {
    if (count <= this.parents.length) return;
    const length = Math.max(count, 2 * this.parents.length);
    this.parents = new Int32Array(length);
    this.lefts = new Int32Array(length);
    this.rights = new Int32Array(length);
    this.childCounts = new Int32Array(length);
    this.order = new Int32Array(length);
    this.#firstChild = new Int32Array(length);
    this.#nextSibling = new Int32Array(length);
  }
}

/** Rows by span id: open addressing over the ids' two words. At most two rows have one id. */
class IdTable {
  #slots = new Int32Array(128);
  #mask = 127;
  #twins = new Int32Array(64);
  #words: Uint32Array = new Uint32Array(0);

  /** Forgets what was there; says whether no id came three times. */
  fill(ids: Uint8Array, count: number): boolean {
    this.#words = wordsOf(ids, count);
    let size = 128;
    while (size < 2 * count) size *= 2;
    if (size > this.#slots.length) this.#slots = new Int32Array(size);
    if (count > this.#twins.length) this.#twins = new Int32Array(size);
    this.#mask = size - 1;
    this.#slots.fill(NONE, 0, size);
    this.#twins.fill(NONE, 0, count);
    let isClear = true;
    for (let row = 0; row < count; row++) {
      const slot = this.#slot(this.#words[2 * row]!, this.#words[2 * row + 1]!);
      const first = this.#slots[slot]!;
      if (first === NONE) this.#slots[slot] = row;
      else if (this.#twins[first] === NONE) this.#twins[first] = row;
      else isClear = false;
    }
    return isClear;
  }

  /** The first row with the id, or NONE. */
  first(high: number, low: number): number {
    return this.#slots[this.#slot(high, low)]!;
  }

  /** The other row with the id of a first row, or NONE. */
  twin(first: number): number {
    return this.#twins[first]!;
  }

  /** Where the id is, or where it would be. */
  #slot(high: number, low: number): number {
    let slot = mix(high, low) & this.#mask;
    for (;;) {
      const row = this.#slots[slot]!;
      if (row === NONE) return slot;
      if (this.#words[2 * row] === high && this.#words[2 * row + 1] === low) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }
}

/** So that nobody can make ids that all meet in one slot; it changes nothing but where they stand. */
const seed = Math.floor(Math.random() * 2 ** 32);

/** Scatters an id; many are made by counting. Source: murmurhash3's finalizer. */
function mix(high: number, low: number): number {
  let bits = Math.imul(high ^ seed, 0x9e3779b1) ^ low ^ (seed >>> 7);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Ids of eight bytes as pairs of words, in whatever byte order the machine has. */
function wordsOf(ids: Uint8Array, count: number): Uint32Array {
  if (ids.byteOffset % 4 === 0) return new Uint32Array(ids.buffer, ids.byteOffset, 2 * count);
  const copy = new Uint8Array(8 * count);
  copy.set(ids.subarray(0, 8 * count));
  return new Uint32Array(copy.buffer, 0, 2 * count);
}
