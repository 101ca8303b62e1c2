/** Use cases over stored traces: one by its id, and the newest ones. */
import { Fault } from "../base/fault.ts";
import type { TraceSummary } from "../model/trace.ts";
import { hasSpans, type ListedTrace, listServices, listTraces } from "../store/list-traces.ts";
import { asked, askedAll } from "../store/query-faults.ts";
import { readTrace, type StoredTrace } from "../store/read-trace.ts";
import { streamTrace } from "../store/stream-trace.ts";
import {
  readTraceKeys,
  streamValues,
  type TraceKeys,
  type ValuesRequest,
} from "../store/trace-values.ts";
import { type QueryOptions, statementSettings } from "./query-options.ts";
import type { TimeRange } from "./red.ts";
import { createSearch, type SearchQueries } from "./search.ts";

/** Which trace, and where in time to look for it. */
export interface TraceQuery {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly startSeconds?: number;
  readonly endSeconds?: number;
  /** Only these spans, 16 lower-case hex digits each. */
  readonly spanIds?: readonly string[];
}

/** Which attribute of which trace. */
export type ValuesQuery = Omit<ValuesRequest, "tenants">;

/** Which traces to list. */
export interface TracesQuery {
  readonly service?: string;
  readonly range: TimeRange;
  readonly limit: number;
}

/** Pieces of an answer, to be sent as they are. */
export type TraceFrames = AsyncGenerator<Uint8Array>;

/** What the doors may ask. All throw Fault "timeout" or "unavailable" when the store cannot answer. */
export interface Queries extends SearchQueries {
  /** The trace's spans, each once; no rows if it is not known. */
  trace(query: TraceQuery): Promise<StoredTrace>;
  /** The trace as frames of `model/trace-frames.ts`; undefined if it is not known. They throw as
   * the rest does, when they are read. */
  traceFrames(query: TraceQuery, signal: AbortSignal): Promise<TraceFrames | undefined>;
  /** What spans of the trace have for one attribute, as frames. */
  traceValues(query: ValuesQuery, signal: AbortSignal): TraceFrames;
  /** The attributes that spans of the trace have, by owner, sorted. */
  traceKeys(query: TraceQuery): Promise<TraceKeys>;
  /** Newest first. */
  traces(query: TracesQuery): Promise<TraceSummary[]>;
  /** The services with spans in a stretch of time, sorted. */
  services(range: TimeRange): Promise<string[]>;
  hasSpans(): Promise<boolean>;
}

/** The use cases over one store. */
export function createQueries(options: QueryOptions): Queries {
  const { client, database, table, tenants, limits, nowSeconds } = options;
  const settings = statementSettings(limits);
  const reading = { client, database, settings };
  const edges = (range: TimeRange) => {
    if (range.kind === "since") {
      const untilSeconds = nowSeconds();
      const sinceSeconds = Math.max(0, untilSeconds - range.seconds);
      return { sinceSeconds, untilSeconds, isOpenEnded: true };
    }
    const { fromSeconds, toSeconds } = range;
    if (fromSeconds < toSeconds) {
      return { sinceSeconds: fromSeconds, untilSeconds: toSeconds, isOpenEnded: false };
    }
    throw new Fault("invalid", `start ${fromSeconds} is not before end ${toSeconds}`);
  };
  return {
    ...createSearch(options),
    trace: (query) =>
      asked(() =>
        readTrace(
          { client, database, table: table() },
          { tenants, ...query },
          { maxSpans: limits.traceSpans, settings },
        ),
      ),
    traceFrames: async (query, signal) => {
      const frames = await asked(() =>
        streamTrace(
          { client, database, table: table() },
          { tenants, ...query },
          { maxSpans: limits.framedSpans, settings, signal },
        ),
      );
      return frames && askedAll(frames);
    },
    traceValues: (query, signal) =>
      askedAll(
        streamValues(
          { client, database, table: table() },
          { tenants, ...query },
          { maxSpans: limits.framedSpans, settings, signal },
        ),
      ),
    traceKeys: (query) =>
      asked(() =>
        readTraceKeys({ client, database, table: table() }, { tenants, ...query }, settings),
      ),
    traces: ({ range, ...query }) =>
      asked(async () => {
        const listed = await listTraces(reading, { tenants, ...edges(range), ...query });
        return listed.map(summary);
      }),
    services: (range) => asked(() => listServices(reading, { tenants, ...edges(range) })),
    hasSpans: () => asked(() => hasSpans(reading, tenants)),
  };
}

function summary(listed: ListedTrace): TraceSummary {
  const traceStart = BigInt(listed.startUnixNano);
  const services = listed.services.map(([name, spans, errors, start, end]) => ({
    name,
    spanCount: Number(spans),
    errorCount: Number(errors),
    startNano: Number(BigInt(start) - traceStart),
    durationNano: Number(BigInt(end) - BigInt(start)),
  }));
  return {
    traceId: listed.traceId,
    rootService: listed.rootService,
    rootName: listed.rootName,
    startUnixNano: listed.startUnixNano,
    durationNano: Number(BigInt(listed.endUnixNano) - BigInt(listed.startUnixNano)),
    spanCount: services.reduce((sum, { spanCount }) => sum + spanCount, 0),
    errorCount: services.reduce((sum, { errorCount }) => sum + errorCount, 0),
    services,
  };
}
