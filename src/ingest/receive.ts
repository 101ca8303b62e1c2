// What the doors hand requests to; the receiver in `receiver.ts` is the one there is.

import type { Lease } from "../base/memory-budget.ts";

/** How a request is encoded. */
export type OtlpEncoding = "protobuf" | "json";

/** An ExportTraceServiceRequest as it came in. */
export interface ExportRequest {
  /** Whose spans it brings; a valid name. */
  readonly tenant: string;
  readonly encoding: OtlpEncoding;
  readonly body: Uint8Array;
  /** Holds the body's memory; whoever takes the request takes it over. */
  readonly memory: Lease;
}

/** The outcome of a request whose spans (all but the rejected) are safe on disk. */
export interface Received {
  readonly acceptedSpans: number;
  /** Spans refused for good, with `message` saying which and why. */
  readonly rejectedSpans: number;
  readonly message: string;
}

/**
 * Takes one request; settles when its spans are in the ingest log. Throws Fault: "invalid" or
 * "tooLarge" for what cannot be taken at all, "exhausted" for a tenant or service that sends too
 * much, "unavailable" when the log is full or cannot be written. Nothing of the request is kept then.
 */
export type Receive = (request: ExportRequest) => Promise<Received>;
