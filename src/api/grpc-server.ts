/**
 * gRPC over connections that somebody else accepts: methods over raw bytes, by grpc-js, with every limit
 * set.
 */
import type { Socket } from "node:net";
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status as GrpcCode,
} from "@grpc/grpc-js";
import type {
  sendUnaryData,
  ServerInterceptor,
  ServerUnaryCall,
  ServerWritableStream,
  StatusObject,
} from "@grpc/grpc-js";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Lease, MemoryBudget } from "../base/memory-budget.ts";
import type { OnCut } from "./cuts.ts";
import { GrpcCuts } from "./grpc-cuts.ts";
import { guardIntake } from "./grpc-intake.ts";
import { clipMessage, encodeStatus } from "./rpc-status.ts";
import { grpcStatus, toFailure } from "./status.ts";
import type { Failure, FailureCode } from "./status.ts";

/** What a gRPC port takes before it refuses. */
export interface GrpcLimits {
  /** Bytes of one message, before and after decompression; more is RESOURCE_EXHAUSTED. */
  readonly bodyBytes: number;
  /** Open connections; further ones are closed at once. */
  readonly connections: number;
  /** Calls at the same time on one connection; clients keep further ones waiting. */
  readonly callsPerConnection: number;
  /** Longest time a client may take to send a whole request; then it is DEADLINE_EXCEEDED. */
  readonly requestTimeoutMs: number;
  /** Longest time a client may leave a part of a streamed answer unread; then it is cut off. */
  readonly answerTimeoutMs: number;
  /** A connection without a call for so long is closed. */
  readonly idleMs: number;
  /** A connection is probed this often, and closed when a probe stays unanswered for a third of it. */
  readonly probeMs: number;
  /** How long `close` waits for calls in flight. */
  readonly closeGraceMs: number;
}

/** 64 MiB is OTLP's recommended limit; 100 calls are what HTTP/2 recommends at least. */
export const defaultGrpcLimits: GrpcLimits = {
  bodyBytes: 64 * 1024 * 1024,
  connections: 4096,
  callsPerConnection: 100,
  requestTimeoutMs: 60_000,
  answerTimeoutMs: 60_000,
  idleMs: 30 * 60_000,
  probeMs: 60_000,
  closeGraceMs: 10_000,
};

/** Answers the bytes of a request message with those of a response message; may throw a Fault. */
export type GrpcMethod = (
  request: Uint8Array,
  around: GrpcRequest,
) => Promise<Uint8Array> | Uint8Array;

/** What comes with a request message. */
export interface GrpcRequest {
  readonly metadata: Metadata;
  /** Holds the message's memory until the answer is out, or whoever it is handed on to lets go. */
  readonly memory: Lease;
}

/** Answers a request message with any number of messages, which it sends; may throw a Fault. */
export type GrpcStream = (request: Uint8Array, around: GrpcStreamRequest) => Promise<void>;

/** What comes with a request message that a stream answers. */
export interface GrpcStreamRequest extends GrpcRequest {
  /** Aborted when the client has given up, or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Settles when there is room for the next message. Rejects with Fault "timeout" if the client does
   * not read. */
  readonly send: (message: Uint8Array) => Promise<void>;
}

/** What a gRPC server needs. */
export interface GrpcServerOptions {
  /** By path, "/package.Service/Method"; paths that are in neither list are UNIMPLEMENTED. */
  readonly methods?: Readonly<Record<string, GrpcMethod>>;
  readonly streams?: Readonly<Record<string, GrpcStream>>;
  /** Told of every call that was answered. */
  readonly onAnswered?: (path: string, outcome: "ok" | FailureCode) => void;
  readonly limits: GrpcLimits;
  /** Memory for request messages; one budget can be shared by several doors. */
  readonly budget: MemoryBudget;
  /** Told of connections and calls that are cut off or refused. */
  readonly onCut: OnCut;
  readonly logger: Logger;
}

/** Serves gRPC on connections that are handed to it. */
export interface GrpcServer {
  /** Serves a connection that begins as HTTP/2 does; nothing of it has been taken. */
  take(socket: Socket): void;
  /** Takes no more calls; connections end when those in flight are answered. */
  close(): void;
  /** Ends the connections at once. */
  destroy(): void;
}

/** A server without TLS. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { limits, methods = {}, streams = {} } = options;
  const memories: Memories = new WeakMap();
  const cuts = new GrpcCuts(limits, options.onCut);
  const server = new Server({
    "grpc.max_receive_message_length": limits.bodyBytes,
    "grpc.max_concurrent_streams": limits.callsPerConnection,
    "grpc.max_connection_idle_ms": limits.idleMs,
    "grpc.keepalive_time_ms": limits.probeMs,
    "grpc.keepalive_timeout_ms": limits.probeMs / 3,
    "grpc.enable_channelz": 0,
    interceptors: [guardCall(options, { memories, cuts })],
  });
  const asIs = (bytes: Buffer): Buffer => bytes;
  const serving = { ...options, memories };
  for (const [path, method] of Object.entries(methods)) {
    server.register(path, serveMethod(path, method, serving), asIs, asIs, "unary");
  }
  for (const [path, stream] of Object.entries(streams)) {
    server.register(path, serveStream(path, stream, serving), asIs, asIs, "serverStream");
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  return {
    take(socket) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      cuts.watch(socket);
      injector.injectConnection(socket);
    },
    close() {
      cuts.close();
      // Sends GOAWAY. Its callback comes at once on Node 24, whatever is in flight.
      server.tryShutdown(() => {});
    },
    destroy: () => sockets.forEach((socket) => socket.destroy()),
  };
}

/** The memory of each call's request, by the call's metadata: the one thing that both those around a
 * call and its handler see. */
type Memories = WeakMap<Metadata, Lease>;

interface Serving extends GrpcServerOptions {
  readonly memories: Memories;
}

function serveMethod(path: string, method: GrpcMethod, options: Serving) {
  const { logger, onAnswered = () => {}, memories } = options;
  return (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    const { request, metadata } = call;
    const respond = async () => method(request, { metadata, memory: memories.get(metadata)! });
    void respond()
      .then((response) => {
        if (!call.cancelled) onAnswered(path, "ok");
        return answer(null, Buffer.from(response));
      })
      .catch((error: unknown) => {
        const failure = toFailure(error, logger, path);
        if (!call.cancelled) onAnswered(path, failure.code);
        answer(toGrpcError(failure));
      });
  };
}

function serveStream(path: string, stream: GrpcStream, options: Serving) {
  const { logger, onAnswered = () => {}, memories, limits } = options;
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    const { request, metadata } = call;
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort());
    const { signal } = gone;
    const send = (message: Uint8Array) => sendPart(call, message, limits.answerTimeoutMs, signal);
    const respond = async () => {
      await stream(request, { metadata, memory: memories.get(metadata)!, signal, send });
      if (call.cancelled) return;
      onAnswered(path, "ok");
      call.end();
    };
    void respond().catch((error: unknown) => {
      if (call.cancelled) return; // nobody is there to be told
      const failure = toFailure(error, logger, path);
      onAnswered(path, failure.code);
      call.emit("error", toGrpcError(failure));
    });
  };
}

async function sendPart(
  call: ServerWritableStream<Buffer, Buffer>,
  message: Uint8Array,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (call.write(Buffer.from(message))) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    reject(new Fault("timeout", `the answer was not read within ${timeoutMs} ms`));
  }, timeoutMs);
  const onAbort = () => reject(signal.reason as Error);
  call.once("drain", resolve);
  signal.addEventListener("abort", onAbort);
  await promise.finally(() => {
    clearTimeout(timer);
    call.off("drain", resolve);
    signal.removeEventListener("abort", onAbort);
  });
}

const DETAILS = "grpc-status-details-bin";

function toGrpcError(failure: Failure): StatusObject {
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(encodeStatus(failure)));
  const code = grpcStatus[failure.code];
  return { code, details: clipMessage(failure.message), metadata };
}

/**
 * Around every call: a time limit for receiving it, memory for it, and our own words for what grpc-js
 * refuses by itself (too large). Those statuses it sends past all interceptors by calling its own
 * sendStatus, hence that is replaced on the call.
 */
function guardCall(
  options: GrpcServerOptions,
  { memories, cuts }: { readonly memories: Memories; readonly cuts: GrpcCuts },
): ServerInterceptor {
  const { limits, budget, onAnswered = () => {}, onCut, logger } = options;
  return (method, call) => {
    const refuse = (fault: Fault): void => {
      const failure = toFailure(fault, logger, method.path);
      onAnswered(method.path, failure.code);
      call.sendStatus(toGrpcError(failure));
    };
    const memory = budget.lease("bodies");
    const onOver = cuts.begin(call.getPeer());
    const onAborted = (): void => {
      if (!cuts.isClosing) onCut("aborted");
    };
    const intake = { bodyBytes: limits.bodyBytes, memory, refuse, onAborted, onOver };
    const endIntake = guardIntake(call, intake);
    const sendOnly = call.sendStatus.bind(call);
    const send = (status: Parameters<typeof sendOnly>[0]): void => {
      sendOnly(status);
      endIntake();
    };
    call.sendStatus = (status) => {
      const isOurs = status.code === GrpcCode.OK || (status.metadata?.get(DETAILS).length ?? 0) > 0;
      if (isOurs) return send(status);
      const failure = explain(status.code ?? GrpcCode.UNKNOWN, status.details ?? "");
      logger.debug("call refused", { path: method.path, ...failure });
      onAnswered(method.path, failure.code);
      send(toGrpcError(failure));
    };
    const timer = setTimeout(() => {
      onCut("body_timeout");
      const details = `no whole request within ${limits.requestTimeoutMs} ms`;
      call.sendStatus({ code: GrpcCode.DEADLINE_EXCEEDED, details });
    }, limits.requestTimeoutMs).unref();
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        memories.set(metadata, memory);
        next(metadata);
      })
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(() => clearTimeout(timer))
      .build();
    return new ServerInterceptingCall(call, { start: (next) => next(listener) });
  };
}

/** What grpc-js refused, as a failure of ours; its own code for corrupt data would be INTERNAL. */
function explain(code: GrpcCode, details: string): Failure {
  switch (code) {
    case GrpcCode.RESOURCE_EXHAUSTED:
      return { code: "tooLarge", message: details };
    case GrpcCode.DEADLINE_EXCEEDED:
      return { code: "timeout", message: details };
    case GrpcCode.UNIMPLEMENTED:
      return { code: "unsupported", message: details };
    default:
      return { code: "invalid", message: details };
  }
}
