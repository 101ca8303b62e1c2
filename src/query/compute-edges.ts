/** Edges of the service graph, computed from the spans that are stored. */
import { Names } from "../base/names.ts";
import { inSlices } from "../base/slices.ts";
import { type EdgeSum, EdgeSums } from "../model/edge-sums.ts";
import { capInferred } from "../model/graph-cap.ts";
import { addServiceEdges } from "../model/service-edges.ts";
import {
  type CallSpansReading,
  type CallSpansRequest,
  readCallSpans,
} from "../store/graph/read-call-spans.ts";

/** Spans that are held at once: some 100 bytes each. */
const SHARE_SPANS = 500_000;
const BREATH_MS = 5;

/** Edges, and the names that they have numbers of. */
export interface ComputedEdges {
  readonly edges: readonly EdgeSum[];
  readonly names: Names;
}

/** The edges of the spans filed in `[from, to)`; `spans` is about how many these are. */
export async function computeEdges(
  reading: CallSpansReading,
  request: Omit<CallSpansRequest, "share">,
  spans: number,
): Promise<ComputedEdges> {
  const sums = new EdgeSums();
  const names = new Names();
  const of = Math.max(1, Math.ceil(spans / SHARE_SPANS));
  for (let number = 0; number < of; number++) {
    const share = { number, of };
    const read = await readCallSpans(reading, { ...request, share }, names);
    await inSlices(addServiceEdges(read, sums), BREATH_MS);
  }
  return { edges: capInferred(sums.sums(), names), names };
}
