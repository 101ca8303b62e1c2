/** The spans of a trace, as objects, in waterfall order: see `tree-order.ts`. */
import { type Span, spanKinds } from "./trace.ts";
import { treeOrder } from "./tree-order.ts";

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

/** One row per span, in the order of `treeOrder`. */
export function treeRows(spans: readonly Span[]): TreeRow[] {
  const numbers = new Map<string, number>();
  /** Ids as numbers from 1, each in two words. */
  const words = (ids: readonly (string | undefined)[]): Uint32Array => {
    const all = new Uint32Array(ids.length * 2);
    ids.forEach((id, i) => {
      if (id === undefined) return;
      const number = numbers.get(id) ?? numbers.size + 1;
      numbers.set(id, number);
      all[2 * i] = number;
    });
    return all;
  };
  const order = treeOrder({
    length: spans.length,
    spanId: words(spans.map(({ spanId }) => spanId)),
    parentSpanId: words(spans.map(({ parentSpanId }) => parentSpanId)),
    startNano: Float64Array.from(spans, ({ startNano }) => startNano),
    kind: Uint8Array.from(spans, ({ kind }) => spanKinds.indexOf(kind)),
    resource: Uint32Array.from(spans, ({ resource }) => resource),
  });
  return Array.from(order.span, (at, row) => ({
    span: spans[at]!,
    depth: order.depth[row]!,
    parent: order.parent[row]!,
    subtreeSize: order.subtreeSize[row]!,
    orphan: order.orphan[row] === 1,
  }));
}
