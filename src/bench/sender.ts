import { ProtoReader } from "../base/protobuf.ts";

/** What became of one attempt to send a request. */
export type Outcome =
  | { readonly kind: "acknowledged"; readonly spansRejected: number }
  /** Not taken; to be sent again, after the time the answer names. */
  | { readonly kind: "refused"; readonly retryAfterMs?: number }
  /** No answer came. */
  | { readonly kind: "unanswered"; readonly reason: string }
  /** Not taken, and never will be: the benchmark is wrong or talks to the wrong place. */
  | { readonly kind: "wrong"; readonly reason: string };

/** A way to send requests. */
export interface Sender {
  /** Sends on the connection of this number. Never rejects. */
  send(connection: number, body: Buffer): Promise<Outcome>;
  close(): void;
}

/** Longest wait for an answer. */
export const ANSWER_LIMIT_MS = 60_000;

/** The spans that an ExportTraceServiceResponse says were rejected. */
export function rejectedSpans(answer: Uint8Array): number {
  const reader = new ProtoReader(answer);
  let rejected = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== 0x0a) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) {
      if (inner === 0x08) rejected = reader.varint32();
      else reader.skip(inner);
    }
    reader.leave(outer);
  }
  return rejected;
}
