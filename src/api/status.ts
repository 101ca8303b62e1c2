/** From why something failed to how each protocol says it: the one place where statuses are chosen. */
import { status as GrpcCode } from "@grpc/grpc-js";
import { Fault } from "../base/fault.ts";
import type { FaultCode } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";

/** A fault's code, or "internal" for a bug of ours. */
export type FailureCode = FaultCode | "internal";

/** HTTP status by code. OTLP senders try again after 429, 502, 503 and 504 only. */
export const httpStatus = {
  invalid: 400,
  unauthenticated: 401,
  notFound: 404,
  tooLarge: 413,
  unsupported: 415,
  exhausted: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
} as const satisfies Record<FailureCode, number>;

/**
 * gRPC status by code (google.rpc.Code). OTLP senders try again after RESOURCE_EXHAUSTED only if a
 * RetryInfo comes with it: "exhausted" has one, "tooLarge" has none.
 */
export const grpcStatus = {
  invalid: GrpcCode.INVALID_ARGUMENT,
  unauthenticated: GrpcCode.UNAUTHENTICATED,
  notFound: GrpcCode.NOT_FOUND,
  tooLarge: GrpcCode.RESOURCE_EXHAUSTED,
  unsupported: GrpcCode.UNIMPLEMENTED,
  exhausted: GrpcCode.RESOURCE_EXHAUSTED,
  internal: GrpcCode.INTERNAL,
  unavailable: GrpcCode.UNAVAILABLE,
  timeout: GrpcCode.DEADLINE_EXCEEDED,
} as const satisfies Record<FailureCode, GrpcCode>;

/** A failure as a door may tell it to anybody. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  /** Whole seconds, at least 1; always there for "exhausted" and "unavailable". */
  readonly retryAfterSeconds?: number;
}

const DEFAULT_RETRY_AFTER_SECONDS = 1;

/**
 * What to say about something caught. A Fault speaks for itself; anything else is our bug: its
 * stack goes to the log, and the sender learns no more than that it happened.
 */
export function toFailure(error: unknown, logger: Logger, request: string): Failure {
  if (!(error instanceof Fault)) {
    logger.error("request failed unexpectedly", { request, error });
    return { code: "internal", message: "internal error; Clew's log has more" };
  }
  const { code, message } = error;
  logger.debug("request refused", { request, code, reason: message });
  const waits = code === "exhausted" || code === "unavailable";
  const seconds = error.retryAfterSeconds ?? (waits ? DEFAULT_RETRY_AFTER_SECONDS : undefined);
  if (seconds === undefined) return { code, message };
  return { code, message, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) };
}
