/**
 * What OTLP answers with, in protobuf and in JSON: google.rpc.Status with its details for a
 * failure, ExportTraceServiceResponse otherwise. Both doors say the same.
 */
import { ProtoWriter } from "../base/protobuf.ts";
import type { Received } from "../ingest/receive.ts";
import { grpcStatus } from "./status.ts";
import type { Failure } from "./status.ts";

// The message goes into a trailer three times its size at worst (percent-encoded), and senders cap
// all trailers at 8 to 16 kB.
const MAX_MESSAGE_BYTES = 1024;

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";

/** The failed field in a BadRequest: the decoder's message has the place within it. */
const VIOLATED_FIELD = "ExportTraceServiceRequest";

/**
 * google.rpc.Status in protobuf: code, message, and as details a RetryInfo if the sender is to try
 * again or a BadRequest if what it sent cannot be read. Source: googleapis google/rpc/status.proto,
 * google/rpc/error_details.proto.
 */
export function encodeStatus(failure: Failure): Uint8Array {
  const { code, retryAfterSeconds } = failure;
  const message = clipMessage(failure.message);
  const status = new ProtoWriter();
  status.varint(0x08);
  status.varint(grpcStatus[code]);
  if (message !== "") status.text(0x12, message);
  if (retryAfterSeconds !== undefined) {
    // RetryInfo.retry_delay is a Duration, Duration.seconds a varint.
    writeDetail(status, RETRY_INFO, (detail) =>
      detail.message(0x0a, () => {
        detail.varint(0x08);
        detail.varint(retryAfterSeconds);
      }),
    );
  }
  if (code === "invalid") {
    writeDetail(status, BAD_REQUEST, (detail) =>
      detail.message(0x0a, () => {
        detail.text(0x0a, VIOLATED_FIELD);
        if (message !== "") detail.text(0x12, message);
      }),
    );
  }
  return status.finish();
}

/** Status.details: an Any, which is the type's name and the encoded message. */
function writeDetail(status: ProtoWriter, type: string, write: (detail: ProtoWriter) => void) {
  const detail = new ProtoWriter();
  write(detail);
  status.message(0x1a, () => {
    status.text(0x0a, type);
    status.bytes(0x12, detail.finish());
  });
}

/** The same Status in proto3's JSON mapping, details with their "@type". */
export function statusJson(failure: Failure): string {
  const { code, retryAfterSeconds } = failure;
  const message = clipMessage(failure.message);
  const details: unknown[] = [];
  if (retryAfterSeconds !== undefined) {
    details.push({ "@type": RETRY_INFO, retryDelay: `${retryAfterSeconds}s` });
  }
  if (code === "invalid") {
    const fieldViolations = [{ field: VIOLATED_FIELD, description: message }];
    details.push({ "@type": BAD_REQUEST, fieldViolations });
  }
  const status = { code: grpcStatus[code], message };
  return JSON.stringify(details.length === 0 ? status : { ...status, details });
}

/** ExportTraceServiceResponse in protobuf: no bytes at all if every span was taken without a word. */
export function encodeExportResponse({ rejectedSpans, message }: Received): Uint8Array {
  const response = new ProtoWriter();
  if (rejectedSpans === 0 && message === "") return response.finish();
  response.message(0x0a, () => {
    if (rejectedSpans !== 0) {
      response.varint(0x08);
      response.varint(rejectedSpans);
    }
    if (message !== "") response.text(0x12, clipMessage(message));
  });
  return response.finish();
}

/** The same response in JSON, where rejectedSpans is a string because it is 64 bits wide. */
export function exportResponseJson({ rejectedSpans, message }: Received): string {
  if (rejectedSpans === 0 && message === "") return "{}";
  return JSON.stringify({
    partialSuccess: {
      ...(rejectedSpans === 0 ? {} : { rejectedSpans: String(rejectedSpans) }),
      ...(message === "" ? {} : { errorMessage: clipMessage(message) }),
    },
  });
}

/** The message in at most 1 kB of valid UTF-8, cut between characters, with "…" if it was cut. */
export function clipMessage(message: string): string {
  const whole = message.toWellFormed();
  if (Buffer.byteLength(whole) <= MAX_MESSAGE_BYTES) return whole;
  const ellipsis = "…";
  const room = new Uint8Array(MAX_MESSAGE_BYTES - Buffer.byteLength(ellipsis));
  const { read } = new TextEncoder().encodeInto(whole, room);
  return whole.slice(0, read) + ellipsis;
}
