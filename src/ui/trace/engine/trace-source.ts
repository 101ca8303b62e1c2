/** Where a trace comes from: a Clew that stores it, or objects in memory. */
import { buildTable, type SpanTable } from "../../../analysis/span-table.ts";
import type { TraceAnswer, TraceKeysAnswer } from "../../../api/contract.ts";
import { Fault } from "../../../base/fault.ts";
import { FrameReader, type SpanArrays, type TraceFrame } from "../../../model/trace-frames.ts";
import {
  askKeys,
  askSpans,
  askTrace,
  fetchFrames,
  fetchValues,
  type Answer,
  type TraceAddress,
} from "../../api.ts";
import { ValueCollector, type ValueColumn } from "./value-column.ts";
import type { ColumnName } from "./view-of-table.ts";

/** How far a trace has come. */
export interface LoadProgress {
  readonly spans: number;
  readonly expectedSpans: number;
}

/** Asks for one trace and what is known of it. */
export interface TraceSource {
  readonly table: (
    signal: AbortSignal,
    progress: (told: LoadProgress) => void,
  ) => Promise<Answer<SpanTable>>;
  /** The values that its spans have for one attribute; `table` is what `table()` gave. */
  readonly values: (
    name: ColumnName,
    table: SpanTable,
    signal: AbortSignal,
  ) => Promise<Answer<ValueColumn>>;
  /** The attributes that its spans have. */
  readonly keys: (signal: AbortSignal) => Promise<Answer<TraceKeysAnswer>>;
  /** Spans by their ids, with everything that is known of them. */
  readonly spans: (ids: readonly string[], signal: AbortSignal) => Promise<Answer<TraceAnswer>>;
  /** All of it as objects. */
  readonly whole: (signal: AbortSignal) => Promise<Answer<TraceAnswer>>;
}

/** A trace that Clew stores. */
export function storedTrace(address: TraceAddress): TraceSource {
  return {
    async table(signal, progress) {
      const answer = await fetchFrames(address, signal);
      if (answer.kind !== "ok") return answer;
      return unbroken("The trace", () => readTable(address.traceId, answer.value, progress));
    },
    async values(name, table, signal) {
      const answer = await fetchValues(address, name, signal);
      if (answer.kind !== "ok") return answer;
      return unbroken("The values", async () => {
        const collector = new ValueCollector(table);
        await readFrames(answer.value, (frame) => collector.take(frame));
        return collector.column();
      });
    },
    keys: (signal) => askKeys(address, signal),
    spans: (ids, signal) => askSpans(address, ids, signal),
    whole: (signal) => askTrace(address.traceId, signal),
  };
}

/** What `read` gives, or that it did not come whole. */
async function unbroken<T>(what: string, read: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: "ok", value: await read() };
  } catch (error) {
    const reason = error instanceof Fault ? error.message : "the answer broke off";
    return { kind: "failed", status: 0, message: `${what} did not come whole: ${reason}.` };
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
  let [spans, expectedSpans, toldMs] = [0, 0, performance.now()];
  const isPartial = await readFrames(response, (frame) => {
    if (frame.kind === "begin") ({ expectedSpans } = frame);
    else if (frame.kind === "strings") for (const text of frame.texts) texts.push(text);
    else if (frame.kind === "spans") {
      parts.push(frame.arrays);
      spans += frame.arrays.spans;
    }
    if (performance.now() - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = performance.now();
    onProgress({ spans, expectedSpans });
  });
  return buildTable({ traceId, isPartial, texts, parts });
}

/** Reads a stream to its end; gives whether there is more than it has. */
async function readFrames(response: Response, take: (frame: TraceFrame) => void): Promise<boolean> {
  let end: { readonly isPartial: boolean } | undefined;
  const frames = new FrameReader();
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    frames.push(value, (frame) => {
      if (frame.kind === "end") end = frame;
      take(frame);
    });
  }
  if (end === undefined) throw new Fault("unavailable", "the answer ended early");
  return end.isPartial;
}
