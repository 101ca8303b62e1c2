/** Serves a Handler on a port: node:http with every limit set, and an end that waits for answers. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "../base/log.ts";
import type { MemoryBudget } from "../base/memory-budget.ts";
import { readBody } from "./body.ts";
import type { BodyLimits } from "./body.ts";
import { HttpCuts, type OnCut } from "./cuts.ts";
import type { Handler, HttpRequest, HttpResponse } from "./http.ts";
import type { GrpcServer } from "./grpc-server.ts";
import { sendAnswer } from "./http-answer.ts";
import { bind } from "./listener.ts";
import type { Listener } from "./listener.ts";
import { awaitPreface } from "./preface.ts";

/** What an HTTP port takes before it refuses. */
export interface HttpLimits extends BodyLimits {
  /** Open connections; further ones are closed at once. */
  readonly connections: number;
  /** Bytes of all request headers together; more is answered 431. */
  readonly headerBytes: number;
  /** Longest time a client may take to send its headers; then it is answered 408. */
  readonly headersTimeoutMs: number;
  /** Longest time a client may take to send a whole request; then it is answered 408. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection is kept for the next request. */
  readonly keepAliveMs: number;
  /** A connection on which nothing moves for so long is closed, waiting for our answer included. */
  readonly stalledMs: number;
  /** Longest time a client may take to read an answer; then it is cut off. */
  readonly answerTimeoutMs: number;
  /** Bytes of all answers that clients have not read yet; further large ones become a 503. */
  readonly answersBytes: number;
  /** How long a client that was answered early may go on sending its body before it is cut off. */
  readonly lingerMs: number;
  /** How long `close` waits for requests in flight. */
  readonly closeGraceMs: number;
}

/** 64 MiB is OTLP's recommended limit, before and after decompression. */
export const defaultHttpLimits: HttpLimits = {
  wireBytes: 64 * 1024 * 1024,
  bodyBytes: 64 * 1024 * 1024,
  connections: 4096,
  headerBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  // Longer than senders' usual export interval (5 s) and common proxies' idle time (60 s), so that
  // the client is the one that closes: the other way round, a request can meet a closing socket.
  keepAliveMs: 75_000,
  stalledMs: 180_000,
  answerTimeoutMs: 300_000, // a trace of 200,000 spans is some 200 MB: 700 kB/s
  answersBytes: 256 * 1024 * 1024,
  lingerMs: 2000,
  closeGraceMs: 10_000,
};

interface ListenOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly limits: HttpLimits;
  /** Memory for request bodies; one budget can be shared by several doors. */
  readonly budget: MemoryBudget;
  /** Told of connections that are cut off or refused. */
  readonly onCut: OnCut;
  /** Serves the connections that begin as HTTP/2 does. */
  readonly grpc?: GrpcServer;
  readonly logger: Logger;
}

/** Serves `handler`; rejects with Fault "unavailable" if the port cannot be had. */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listener> {
  const { limits, host } = options;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    // How exact the two timeouts above are.
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs) / 4,
  });
  server.maxConnections = limits.connections;
  server.timeout = limits.stalledMs;
  const cuts = new HttpCuts(server, options.onCut);
  const unread: UnreadAnswers = { bytes: 0 };
  const serve = (expectsContinue: boolean) => (message: IncomingMessage, reply: ServerResponse) => {
    void serveOne(handler, options, { server, message, reply, expectsContinue, unread, cuts });
  };
  server.on("request", serve(false));
  server.on("checkContinue", serve(true));
  const { grpc } = options;
  const closeUnbegun = grpc && shareWithGrpc(server, grpc, options);
  const port = await bind(server, host, options.port);
  const close = () => {
    closeUnbegun?.();
    grpc?.close();
    return closeServer(server, limits.closeGraceMs, () => grpc?.destroy());
  };
  return { host, port, close };
}

/** Hands connections that begin as HTTP/2 does to `grpc`, and all others on to node:http. What it gives
 * back ends those that have not begun. */
function shareWithGrpc(
  server: Server,
  grpc: GrpcServer,
  { limits, onCut }: Pick<ListenOptions, "limits" | "onCut">,
): () => void {
  const serveHttp1 = server.listeners("connection");
  server.removeAllListeners("connection");
  const unbegun = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    unbegun.add(socket);
    socket.once("close", () => unbegun.delete(socket));
    awaitPreface(socket, { timeoutMs: limits.headersTimeoutMs, onCut }, (isHttp2) => {
      unbegun.delete(socket);
      if (isHttp2) return grpc.take(socket);
      for (const listener of serveHttp1) listener.call(server, socket);
      socket.resume();
    });
  });
  return () => unbegun.forEach((socket) => socket.destroy());
}

interface Exchange {
  readonly server: Server;
  readonly message: IncomingMessage;
  readonly reply: ServerResponse;
  /** The client waits for "100 Continue" before it sends the body. */
  readonly expectsContinue: boolean;
  readonly unread: UnreadAnswers;
  readonly cuts: HttpCuts;
}

/** The memory of answers that wait for their clients. */
interface UnreadAnswers {
  bytes: number;
}

async function serveOne(
  handler: Handler,
  { limits, budget, logger }: ListenOptions,
  exchange: Exchange,
): Promise<void> {
  const { server, message, reply, expectsContinue, cuts } = exchange;
  cuts.watch(message, reply);
  const gone = new AbortController();
  const memory = budget.lease("bodies");
  let reading: Promise<Buffer> | undefined;
  const body = () => {
    if (expectsContinue && reading === undefined) reply.writeContinue();
    reading ??= readBody(message, limits, memory);
    return reading;
  };
  reply.once("close", () => {
    if (!reply.writableFinished) gone.abort();
    if (!server.listening) server.closeIdleConnections();
  });
  reply.on("error", (error) => logger.debug("answer not delivered", { error }));
  try {
    const request = toRequest(message, { body, memory, signal: gone.signal });
    const made = await answerOf(handler, request, logger);
    const answer = gone.signal.aborted ? made : admitAnswer(made, limits, exchange);
    // A client still waiting for its "continue" may or may not send the body now: there is no
    // telling where its next request would begin.
    const mustClose = !server.listening || (expectsContinue && reading === undefined);
    if (mustClose) reply.setHeader("connection", "close");
    reply.once("finish", () => discardRest(message, limits.lingerMs, cuts));
    await sendAnswer(answer, { message, reply });
  } catch (error) {
    if (!isDisconnect(error)) logger.error("answer failed", { path: message.url, error });
    reply.destroy();
  } finally {
    reading?.catch(() => undefined); // nobody waits for it any more
    memory.free();
  }
}

async function answerOf(handler: Handler, request: HttpRequest, logger: Logger) {
  try {
    return await handler(request);
  } catch (error) {
    logger.error("handler failed", { method: request.method, path: request.path, error });
    return { status: 500, body: "internal error\n" } satisfies HttpResponse;
  }
}

// Refusals and the like are let out whatever the clients do.
const SMALL_ANSWER_BYTES = 64 * 1024;

/** Counts the answer until its client has it, and gives the client a time for that; or another
 * answer if clients leave too much unread already. */
function admitAnswer(
  answer: HttpResponse,
  limits: HttpLimits,
  { message, reply, unread, cuts }: Exchange,
): HttpResponse {
  const { body } = answer;
  const isStream = typeof body === "object" && "pipe" in body;
  const bytes = body === undefined || isStream ? 0 : Buffer.byteLength(body);
  const isTooMuch = unread.bytes > 0 && unread.bytes + bytes > limits.answersBytes;
  if (bytes > SMALL_ANSWER_BYTES && isTooMuch) {
    const text = "too many bytes of other answers are waiting to be read; try again soon\n";
    return {
      status: 503,
      headers: { "retry-after": "1", "content-type": "text/plain" },
      body: text,
    };
  }
  unread.bytes += bytes;
  const timer = setTimeout(
    () => cuts.cut(message.socket, "answer_timeout"),
    limits.answerTimeoutMs,
  );
  reply.once("close", () => {
    clearTimeout(timer);
    unread.bytes -= bytes;
  });
  return answer;
}

const disconnectCodes = ["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"];

function isDisconnect(error: unknown): boolean {
  return error instanceof Error && disconnectCodes.includes(String("code" in error && error.code));
}

/** Throws away what is unread of a request; closes the connection if that does not end soon. */
function discardRest(message: IncomingMessage, lingerMs: number, cuts: HttpCuts): void {
  message.resume();
  if (message.complete) return;
  const timer = setTimeout(() => cuts.cut(message.socket, "lingering"), lingerMs);
  message.once("close", () => clearTimeout(timer));
}

function toRequest(
  message: IncomingMessage,
  parts: Pick<HttpRequest, "body" | "memory" | "signal">,
): HttpRequest {
  // Proxies may send the absolute form, "http://host:port/path?query".
  const target = (message.url ?? "/").replace(/^https?:\/\/[^/?]*/i, "");
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  return {
    method: message.method ?? "GET",
    path: path === "" ? "/" : path,
    params: {},
    query: new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1)),
    headers: message.headers,
    ...parts,
  };
}

function closeServer(server: Server, graceMs: number, destroyOthers: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    server.closeAllConnections();
    destroyOthers();
  }, graceMs);
  server.close(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
