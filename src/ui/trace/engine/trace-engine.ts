/**
 * What takes time: fetching or reading a trace and what is known of it. It runs in a Worker
 * (`engine-worker.ts`), so that the page answers meanwhile; the page speaks to it through `engine-calls.ts`.
 */
import { compareTraces, type ComparedTraces } from "../../../analysis/compare-traces.ts";
import type { SpanTable } from "../../../analysis/span-table.ts";
import type { TraceAnswer, TraceKeysAnswer } from "../../../api/contract.ts";
import { Fault } from "../../../base/fault.ts";
import type { Trace } from "../../../model/trace.ts";
import { readQuery } from "../../../traceql/check.ts";
import { neededFields } from "../../../traceql/evaluate/needed-fields.ts";
import { compileSearch } from "../../../traceql/evaluate/search.ts";
import type { Problem } from "../../../traceql/problem.ts";
import type { Answer, TraceAddress } from "../../api.ts";
import type { Calling } from "./engine-calls.ts";
import {
  briefly,
  readCarried,
  readFileTraces,
  type TraceFile,
  type TraceInFile,
} from "./file-traces.ts";
import { heldTrace } from "./held-trace.ts";
import { storedTrace, type TraceSource } from "./trace-source.ts";
import type { ValueColumn } from "./value-column.ts";
import {
  columnsOf,
  columnText,
  rowsByStart,
  viewOfTable,
  type ColumnName,
} from "./view-of-table.ts";

/** Where a trace is to be had. */
export type TraceOrigin =
  | ({ readonly kind: "stored" } & TraceAddress)
  /** `traceId` says which of its traces; "" the one of most spans. */
  | { readonly kind: "file"; readonly file: TraceFile; readonly traceId: string }
  | { readonly kind: "carried"; readonly content: Blob };

type NoAnswer = Exclude<Answer<unknown>, { kind: "ok" }>;

/** A trace that was asked for: its table, or why there is none. */
export type Loaded =
  | {
      readonly kind: "ok";
      readonly table: SpanTable;
      /** All traces of its file, if it is from one. */
      readonly inFile: readonly TraceInFile[];
    }
  | NoAnswer;

/** What came of a filter. */
export type Filtered =
  /** By row: 1 if it matches. */
  | { readonly kind: "ok"; readonly matches: Uint8Array; readonly count: number }
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] }
  | NoAnswer;

/** The trace of the page beside another one (there), and what that is. */
export type ComparedWith =
  | {
      readonly kind: "ok";
      readonly compared: ComparedTraces;
      readonly rootService: string;
      readonly rootName: string;
      /** Decimal nanoseconds since 1970. */
      readonly startUnixNano: string;
      readonly durationNano: number;
      readonly spanCount: number;
    }
  | NoAnswer;

/** The engine of one page, which has one trace. */
export class TraceEngine {
  #source: TraceSource | undefined;
  #table: SpanTable | undefined;
  #rowsByStart: Int32Array | undefined;
  #inFile: readonly Trace[] = [];
  readonly #columns = new Map<string, ValueColumn>();

  /** Fetches or reads a trace and keeps it. */
  async load(origin: TraceOrigin, { signal, progress }: Calling): Promise<Loaded> {
    try {
      const { source, inFile = [] } = await openOrigin(origin);
      const answer = await source.table(signal, progress);
      if (answer.kind !== "ok") return answer;
      this.#source = source;
      this.#table = answer.value;
      this.#inFile = inFile;
      this.#rowsByStart = undefined;
      this.#columns.clear();
      return { kind: "ok", table: answer.value, inFile: inFile.map(briefly) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const status = error.code === "notFound" ? 404 : 0;
      return { kind: "failed", status, message: error.message };
    }
  }

  /** The values that the spans have for one attribute. */
  async values(name: ColumnName, { signal }: Calling): Promise<Answer<ValueColumn>> {
    const known = this.#columns.get(columnText(name));
    if (known !== undefined) return { kind: "ok", value: known };
    const answer = await this.#source!.values(name, this.#table!, signal);
    if (answer.kind === "ok") this.#columns.set(columnText(name), answer.value);
    return answer;
  }

  /** The attributes that the spans have. */
  keys(_: undefined, { signal }: Calling): Promise<Answer<TraceKeysAnswer>> {
    return this.#source!.keys(signal);
  }

  /** Spans with everything that is known of them. */
  spans(ids: readonly string[], { signal }: Calling): Promise<Answer<TraceAnswer>> {
    return this.#source!.spans(ids, signal);
  }

  /** What differs from another trace, by its id: of the same file, or stored. */
  async compare(traceId: string, { signal, progress }: Calling): Promise<ComparedWith> {
    const held = this.#inFile.find((trace) => trace.traceId === traceId);
    const source = held === undefined ? storedTrace({ traceId }) : heldTrace(held);
    const answer = await source.table(signal, progress);
    if (answer.kind !== "ok") return answer;
    const table = answer.value;
    const root = Math.max(table.orphan.indexOf(0), 0);
    return {
      kind: "ok",
      compared: compareTraces(this.#table!, table),
      rootService: table.texts[table.service[root]!] ?? "",
      rootName: table.texts[table.name[root]!] ?? "",
      startUnixNano: table.startUnixNano.toString(),
      durationNano: table.durationNano,
      spanCount: table.length,
    };
  }

  /** The whole trace as objects. */
  whole(_: undefined, { signal }: Calling): Promise<Answer<TraceAnswer>> {
    return this.#source!.whole(signal);
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

async function openOrigin(
  origin: TraceOrigin,
): Promise<{ source: TraceSource; inFile?: readonly Trace[] }> {
  switch (origin.kind) {
    case "stored":
      return { source: storedTrace(origin) };
    case "carried":
      return { source: heldTrace(await readCarried(origin.content)) };
    case "file": {
      const { file, traceId } = origin;
      const traces = await readFileTraces(file);
      const trace = traces.find((one) => traceId === "" || one.traceId === traceId);
      if (trace === undefined) {
        throw new Fault("invalid", `${file.name}: there is no trace ${traceId} in it`);
      }
      return { source: heldTrace(trace), inFile: traces };
    }
  }
}
