/** Clients that say exactly what a test wants said, over plain TCP and HTTP/2. */
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** A connection, and all that it has been sent; `closed` settles when it is cut. */
export function dial(port: number, first = "") {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const state = { socket, closed, got: "" };
  socket.on("data", (part) => (state.got += part.toString("latin1"))).on("error", () => {});
  if (first !== "") socket.write(first);
  return state;
}

/** Sends a byte every few milliseconds until the connection is cut. */
export async function trickle(socket: Socket, everyMs: number): Promise<void> {
  while (!socket.destroyed && socket.writable) {
    socket.write("x");
    await sleep(everyMs);
  }
}

/** The headers of an export request by HTTP whose body is said to have so many bytes. */
export const bodyHead = (length: number): string =>
  "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n" +
  `Content-Length: ${length}\r\n\r\n`;

/** What an HTTP/2 connection begins with. */
export const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** The settings that must follow. */
export const settings = "\0\0\0\x04\0\0\0\0\0";

/** A call of which a test sends what it likes; `status` is the one in its trailers. */
export function openCall(
  session: ReturnType<typeof connectHttp2>,
  headers: Record<string, string> = {},
) {
  const stream = session.request({
    ":method": "POST",
    ":path": EXPORT,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const status = new Promise<number>((resolve) => {
    const look = (found: IncomingHttpHeaders): void => {
      if (found["grpc-status"] !== undefined) resolve(Number(found["grpc-status"]));
    };
    stream.on("response", look).on("trailers", look);
    stream.once("close", () => resolve(-1));
  });
  stream.on("error", () => {}).resume();
  return { stream, status };
}

/** An HTTP/2 connection for such calls, ended with the test. */
export function openSession(t: TestContext, port: number) {
  // Our own side may hold as much as it likes (the unit is a million bytes).
  const session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 1000 });
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

/** What stands before a gRPC message of so many bytes. */
export function frameHead(length: number, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return head;
}
