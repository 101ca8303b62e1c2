/**
 * Serves unary gRPC methods over raw bytes on a port, with every limit set and an end that waits
 * for answers. We accept the connections ourselves and hand them to grpc-js: so there is a limit on
 * them, a taken port is told plainly, and a sender that speaks HTTP/1.1 here learns its mistake.
 */
import { once } from "node:events";
import { createServer } from "node:net";
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
  StatusObject,
} from "@grpc/grpc-js";
import type { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Lease, MemoryBudget } from "../base/memory-budget.ts";
import type { OnCut } from "./cuts.ts";
import { GrpcCuts } from "./grpc-cuts.ts";
import { guardIntake } from "./grpc-intake.ts";
import { bind } from "./listener.ts";
import type { Listener } from "./listener.ts";
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

interface GrpcListenOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** By path, "/package.Service/Method"; all others are UNIMPLEMENTED. */
  readonly methods: Readonly<Record<string, GrpcMethod>>;
  /** Told of every call of `methods` that was answered. */
  readonly onAnswered: (path: string, outcome: "ok" | FailureCode) => void;
  readonly limits: GrpcLimits;
  /** Memory for request messages; one budget can be shared by several doors. */
  readonly budget: MemoryBudget;
  /** Told of connections and calls that are cut off or refused. */
  readonly onCut: OnCut;
  readonly logger: Logger;
}

/** Serves `methods` without TLS; rejects with Fault "unavailable" if the port cannot be had. */
export async function listenGrpc(options: GrpcListenOptions): Promise<Listener> {
  const { host, limits, methods } = options;
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
  for (const [path, method] of Object.entries(methods)) {
    server.register(path, serveMethod(path, method, { ...options, memories }), asIs, asIs, "unary");
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const unbegun = new Set<Socket>();
  const acceptor = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    unbegun.add(socket);
    socket.once("close", () => sockets.delete(socket) && unbegun.delete(socket));
    awaitPreface(socket, { timeoutMs: limits.requestTimeoutMs, onCut: options.onCut }, () => {
      unbegun.delete(socket);
      cuts.watch(socket);
      injector.injectConnection(socket);
    });
  });
  acceptor.maxConnections = limits.connections;
  acceptor.on("drop", () => options.onCut("too_many"));
  const port = await bind(acceptor, host, options.port);
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    const closed = once(acceptor, "close"); // when the last connection has ended
    acceptor.close();
    cuts.close();
    for (const socket of unbegun) socket.destroy();
    // Sends GOAWAY. Its callback comes at once on Node 24, whatever is in flight.
    server.tryShutdown(() => {});
    const destroyAll = () => sockets.forEach((socket) => socket.destroy());
    const timer = setTimeout(destroyAll, limits.closeGraceMs);
    await closed;
    clearTimeout(timer);
  };
  return { host, port, close: () => (closing ??= closeAll()) };
}

// What an HTTP/2 connection begins with (RFC 9113 §3.4); three bytes tell it from all of HTTP/1.
const PREFACE_START = "PRI";

/** Calls `accept` once the client has begun as HTTP/2 does; sees any other off. */
function awaitPreface(
  socket: Socket,
  { timeoutMs, onCut }: { readonly timeoutMs: number; readonly onCut: OnCut },
  accept: () => void,
): void {
  socket.on("error", () => {}); // a connection that breaks is the client's affair
  socket.setTimeout(timeoutMs, () => {
    onCut("headers_timeout");
    socket.destroy();
  });
  let first = Buffer.alloc(0);
  const onData = (part: Buffer) => {
    first = Buffer.concat([first, part]);
    if (first.length < PREFACE_START.length) return;
    socket.off("data", onData).pause();
    socket.setTimeout(0);
    socket.removeAllListeners("timeout");
    if (first.toString("latin1", 0, PREFACE_START.length) === PREFACE_START) {
      socket.unshift(first);
      accept();
      return;
    }
    onCut("malformed");
    const body = "This port takes OTLP over gRPC. OTLP over HTTP has another, 4318 by default.\n";
    const head = `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close`;
    socket.resume().end(`HTTP/1.1 400 Bad Request\r\n${head}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), 1000).unref();
  };
  socket.on("data", onData);
}

/** The memory of each call's request, by the call's metadata: the one thing that both those around a
 * call and its handler see. */
type Memories = WeakMap<Metadata, Lease>;

interface Serving extends GrpcListenOptions {
  readonly memories: Memories;
}

function serveMethod(path: string, method: GrpcMethod, options: Serving) {
  const { logger, onAnswered, memories } = options;
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
  options: GrpcListenOptions,
  { memories, cuts }: { readonly memories: Memories; readonly cuts: GrpcCuts },
): ServerInterceptor {
  const { limits, budget, onAnswered, onCut, logger } = options;
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
