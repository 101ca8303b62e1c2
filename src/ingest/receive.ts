/** What the doors hand request bodies to; the receiver in `receiver.ts` is the one there is. */
export type OtlpEncoding = "protobuf" | "json";

/** The outcome of a request whose spans (all but the rejected) are stored. */
export interface Received {
  readonly acceptedSpans: number;
  /** Spans refused for good, with `message` saying which and why. */
  readonly rejectedSpans: number;
  readonly message: string;
}

/**
 * Decodes and stores one ExportTraceServiceRequest; settles when its spans are safe.
 * Throws Fault: "invalid" for bytes that cannot be decoded (nothing of the request is kept),
 * "exhausted" or "unavailable" (with `retryAfterSeconds`) when there is no room or no store.
 */
export type Receive = (body: Uint8Array, encoding: OtlpEncoding) => Promise<Received>;
