/**
 * Serves gRPC on a port of its own, with an end that waits for answers. We accept the connections
 * ourselves: so there is a limit on them, a taken port is told plainly, and a sender that speaks HTTP/1.1
 * here learns its mistake.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { createGrpcServer, type GrpcServerOptions } from "./grpc-server.ts";
import { bind } from "./listener.ts";
import type { Listener } from "./listener.ts";
import { awaitPreface } from "./preface.ts";

interface GrpcListenOptions extends GrpcServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** What somebody is told who speaks HTTP/1 here, with a line's end. */
  readonly otherwise: string;
}

/** Serves gRPC without TLS; rejects with Fault "unavailable" if the port cannot be had. */
export async function listenGrpc(options: GrpcListenOptions): Promise<Listener> {
  const { host, limits, onCut, otherwise } = options;
  const server = createGrpcServer(options);
  const unbegun = new Set<Socket>();
  const acceptor = createServer({ noDelay: true }, (socket) => {
    unbegun.add(socket);
    socket.once("close", () => unbegun.delete(socket));
    awaitPreface(socket, { timeoutMs: limits.requestTimeoutMs, onCut }, (isHttp2) => {
      unbegun.delete(socket);
      if (isHttp2) return server.take(socket);
      onCut("malformed");
      seeOff(socket, otherwise);
    });
  });
  acceptor.maxConnections = limits.connections;
  acceptor.on("drop", () => onCut("too_many"));
  const port = await bind(acceptor, host, options.port);
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    const closed = once(acceptor, "close"); // when the last connection has ended
    acceptor.close();
    for (const socket of unbegun) socket.destroy();
    server.close();
    const timer = setTimeout(() => server.destroy(), limits.closeGraceMs);
    await closed;
    clearTimeout(timer);
  };
  return { host, port, close: () => (closing ??= closeAll()) };
}

function seeOff(socket: Socket, body: string): void {
  const head = `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close`;
  socket.resume().end(`HTTP/1.1 400 Bad Request\r\n${head}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), 1000).unref();
}
