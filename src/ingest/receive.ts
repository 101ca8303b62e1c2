/** What the doors hand request bodies to; the receiver in `receiver.ts` is the one there is. */
export type OtlpEncoding = "protobuf" | "json";

/** The outcome of a request whose spans (all but the rejected) are safe on disk. */
export interface Received {
  readonly acceptedSpans: number;
  /** Spans refused for good, with `message` saying which and why. */
  readonly rejectedSpans: number;
  readonly message: string;
}

/**
 * Takes one ExportTraceServiceRequest; settles when its spans are in the ingest log. Throws Fault:
 * "invalid" or "tooLarge" for what cannot be taken at all, "exhausted" for a service that sends too
 * much, "unavailable" when the log is full or cannot be written. Nothing of the request is kept then.
 */
export type Receive = (body: Uint8Array, encoding: OtlpEncoding) => Promise<Received>;
