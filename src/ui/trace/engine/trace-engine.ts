/**
 * What takes time: fetching a trace and working on it. It runs in a Worker (`engine-worker.ts`), so that
 * the page answers meanwhile; the page speaks to it through `engine-client.ts`.
 */
import { buildTable, type SpanTable } from "../../../analysis/span-table.ts";
import { Fault } from "../../../base/fault.ts";
import { FrameReader, type SpanArrays } from "../../../model/trace-frames.ts";
import { fetchFrames, type Answer, type TraceAddress } from "../../api.ts";
import type { Calling } from "./engine-calls.ts";

/** How far a trace has come. */
export interface LoadProgress {
  readonly spans: number;
  readonly expectedSpans: number;
}

/** A trace that was asked for: its table, or why there is none. */
export type Loaded =
  | { readonly kind: "ok"; readonly table: SpanTable }
  | Exclude<Answer<unknown>, { kind: "ok" }>;

/** The engine of one page. */
export class TraceEngine {
  #table: SpanTable | undefined;

  /** Fetches a trace and keeps it. */
  async load(asked: TraceAddress, { signal, progress }: Calling): Promise<Loaded> {
    const answer = await fetchFrames(asked, signal);
    if (answer.kind !== "ok") return answer;
    try {
      this.#table = await readTable(asked.traceId, answer.value, progress);
      return { kind: "ok", table: this.#table };
    } catch (error) {
      const reason = error instanceof Fault ? error.message : "the answer broke off";
      return { kind: "failed", status: 0, message: `The trace did not come whole: ${reason}.` };
    }
  }
}

const PROGRESS_EVERY_MS = 100;

async function readTable(
  traceId: string,
  response: Response,
  onProgress: (progress: LoadProgress) => void,
): Promise<SpanTable> {
  const parts: SpanArrays[] = [];
  const texts: string[] = [];
  let [spans, expectedSpans, toldMs] = [0, 0, 0];
  let end: { readonly isPartial: boolean } | undefined;
  const frames = new FrameReader();
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    frames.push(piece, (frame) => {
      if (frame.kind === "begin") expectedSpans = frame.expectedSpans;
      else if (frame.kind === "strings") for (const text of frame.texts) texts.push(text);
      else if (frame.kind === "end") end = frame;
      else if (frame.kind === "spans") {
        parts.push(frame.arrays);
        spans += frame.arrays.spans;
      }
    });
    if (performance.now() - toldMs < PROGRESS_EVERY_MS) continue;
    toldMs = performance.now();
    onProgress({ spans, expectedSpans });
  }
  if (end === undefined) throw new Fault("unavailable", "the answer ended early");
  return buildTable({ traceId, isPartial: end.isPartial, texts, parts });
}
