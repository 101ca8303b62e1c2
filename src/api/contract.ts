/**
 * Clew's own HTTP API under `/api/clew/v1`, as types: what the page and the `clew` command speak.
 * Errors are `{"error": {"code", "message"}}` with the status of `api/status.ts`.
 */
import type { FaultCode } from "../base/fault.ts";
import type { Trace, TraceSummary } from "../model/trace.ts";

/** Where the API is. */
export const apiBase = "/api/clew/v1";

/** `GET /api/clew/v1/traces?service=<name>&limit=<1..1000, default 50>&since=<seconds, default 3600>`:
 * newest first by start. */
export interface TracesAnswer {
  readonly traces: readonly TraceSummary[];
  /** Every service seen in the time asked for, sorted; for the filter. */
  readonly services: readonly string[];
}

/** `GET /api/clew/v1/traces/{traceId}`: 404 with an `ErrorAnswer` if no span of it is known. With
 * `/otlp` at the end, the same as OTLP/JSON (TracesData, ids in hex), to keep or to send again. */
export type TraceAnswer = Trace;

/** `GET /api/clew/v1/status`. */
export interface StatusAnswer {
  readonly version: string;
  /** Where this Clew takes OTLP, as ports on the host that was asked. */
  readonly otlp: { readonly grpcPort: number; readonly httpPort: number };
  /** Spans taken since this Clew started. */
  readonly spansReceived: number;
  /** False until the first span is in the store: the page then shows how to send one. */
  readonly hasSpans: boolean;
  /** What keeps Clew from its work, or will soon, in sentences; empty if nothing does. */
  readonly trouble: readonly string[];
}

/** What every failure answers. */
export interface ErrorAnswer {
  readonly error: { readonly code: FaultCode | "internal"; readonly message: string };
}
