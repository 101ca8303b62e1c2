/**
 * What takes time: fetching a trace and what is known of it. It runs in a Worker (`engine-worker.ts`),
 * so that the page answers meanwhile; the page speaks to it through `engine-calls.ts`.
 */
import { buildTable, type SpanTable } from "../../../analysis/span-table.ts";
import { Fault } from "../../../base/fault.ts";
import { FrameReader, type SpanArrays, type TraceFrame } from "../../../model/trace-frames.ts";
import { readQuery } from "../../../traceql/check.ts";
import { neededFields } from "../../../traceql/evaluate/needed-fields.ts";
import { compileSearch } from "../../../traceql/evaluate/search.ts";
import type { Problem } from "../../../traceql/problem.ts";
import { fetchFrames, fetchValues, type Answer, type TraceAddress } from "../../api.ts";
import type { Calling } from "./engine-calls.ts";
import { ValueCollector, type ValueColumn } from "./value-column.ts";
import {
  columnsOf,
  columnText,
  rowsByStart,
  viewOfTable,
  type ColumnName,
} from "./view-of-table.ts";

/** How far a trace has come. */
export interface LoadProgress {
  readonly spans: number;
  readonly expectedSpans: number;
}

type NoAnswer = Exclude<Answer<unknown>, { kind: "ok" }>;

/** A trace that was asked for: its table, or why there is none. */
export type Loaded = { readonly kind: "ok"; readonly table: SpanTable } | NoAnswer;

/** What came of a filter. */
export type Filtered =
  /** By row: 1 if it matches. */
  | { readonly kind: "ok"; readonly matches: Uint8Array; readonly count: number }
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] }
  | NoAnswer;

/** The engine of one page, which has one trace. */
export class TraceEngine {
  #address: TraceAddress | undefined;
  #table: SpanTable | undefined;
  #rowsByStart: Int32Array | undefined;
  readonly #columns = new Map<string, ValueColumn>();

  /** Fetches a trace and keeps it. */
  async load(address: TraceAddress, { signal, progress }: Calling): Promise<Loaded> {
    const answer = await fetchFrames(address, signal);
    if (answer.kind !== "ok") return answer;
    return whole("The trace", async () => {
      const table = await readTable(address.traceId, answer.value, progress);
      this.#address = address;
      this.#table = table;
      this.#rowsByStart = undefined;
      this.#columns.clear();
      return { kind: "ok", table };
    });
  }

  /** The values that the spans have for one attribute. */
  async values(name: ColumnName, { signal }: Calling): Promise<Answer<ValueColumn>> {
    const known = this.#columns.get(columnText(name));
    if (known !== undefined) return { kind: "ok", value: known };
    const answer = await fetchValues(this.#address!, name, signal);
    if (answer.kind !== "ok") return answer;
    return whole("The values", async () => {
      const collector = new ValueCollector(this.#table!);
      await readFrames(answer.value, (frame) => collector.take(frame));
      const column = collector.column();
      this.#columns.set(columnText(name), column);
      return { kind: "ok", value: column };
    });
  }

  /** The spans that a query of TraceQL selects; bare conditions stand for `{ … }`. */
  async filter({ text }: { readonly text: string }, calling: Calling): Promise<Filtered> {
    const asked = /^\s*[{(]/.test(text) ? text : `{ ${text} }`;
    const { query, problems } = readQuery(asked);
    if (query === undefined) return { kind: "wrong", problems };
    const fields = neededFields(query).fields.map(({ field }) => field);
    for (const name of columnsOf(fields)) {
      const column = await this.values(name, calling);
      if (column.kind !== "ok") return column;
    }
    const table = this.#table!;
    const rows = (this.#rowsByStart ??= rowsByStart(table));
    const matches = new Uint8Array(table.length);
    try {
      const sets = compileSearch(query).evaluate(viewOfTable(table, rows, this.#columns));
      for (const set of sets) for (const at of set.rows) matches[rows[at]!] = 1;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { kind: "failed", status: 0, message: error.message };
    }
    return { kind: "ok", matches, count: matches.reduce((sum, match) => sum + match, 0) };
  }
}

/** What `read` gives, or that it did not come whole. */
async function whole<T>(what: string, read: () => Promise<T>): Promise<T | NoAnswer> {
  try {
    return await read();
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
