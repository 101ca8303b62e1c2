/** Connections and requests that a door cuts off or refuses before there is anything to answer. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Why: a closed set, the labels of the counter. */
export type CutReason =
  /** More connections than there may be. */
  | "too_many"
  /** Nothing was asked for so long that the connection was closed. */
  | "idle"
  /** The connection did not begin, or the headers were not whole in time. */
  | "headers_timeout"
  /** The request was not whole in time. */
  | "body_timeout"
  /** Nothing moved in the middle of a request or an answer. */
  | "stalled"
  /** The answer was not taken in time. */
  | "answer_timeout"
  /** Already answered, it went on sending. */
  | "lingering"
  /** The client left in the middle of a request, or before it had its answer. */
  | "aborted"
  /** What came is not the door's protocol. */
  | "malformed"
  | "headers_too_large"
  /** A probe was left unanswered: the client is gone without a word (gRPC). */
  | "unanswered";

/** Told of each, once. */
export type OnCut = (reason: CutReason) => void;

/** What is going on on a socket. */
interface Traffic {
  /** Requests whose answers are not out yet. */
  open: number;
  /** The latest request, which may still be coming in. */
  latest: IncomingMessage | undefined;
  isCut: boolean;
}

/** Watches over the connections of an HTTP server, and cuts them off as node:http does by itself. */
export class HttpCuts {
  readonly #server: Server;
  readonly #onCut: OnCut;
  readonly #traffic = new WeakMap<Socket, Traffic>();

  constructor(server: Server, onCut: OnCut) {
    this.#server = server;
    this.#onCut = onCut;
    server.on("drop", () => onCut("too_many"));
    server.on("timeout", (socket) => {
      this.cut(socket, this.#of(socket).open > 0 ? "stalled" : "idle");
    });
    server.on("clientError", (error, socket) => this.#refuse(error, socket as Socket));
  }

  /** Notes that a request's headers are there. */
  watch(message: IncomingMessage, reply: ServerResponse): void {
    const { socket } = message;
    const traffic = this.#of(socket);
    traffic.open++;
    traffic.latest = message;
    reply.once("close", () => {
      traffic.open--;
      if (!reply.writableFinished) this.#count(socket, "aborted");
    });
  }

  /** Ends a connection at once. */
  cut(socket: Socket, reason: CutReason): void {
    this.#count(socket, reason);
    socket.destroy();
  }

  #of(socket: Socket): Traffic {
    let traffic = this.#traffic.get(socket);
    if (traffic === undefined) {
      traffic = { open: 0, latest: undefined, isCut: false };
      this.#traffic.set(socket, traffic);
    }
    return traffic;
  }

  #count(socket: Socket, reason: CutReason): void {
    const traffic = this.#of(socket);
    // Once for a connection, and not when it is Clew that stops.
    if (traffic.isCut || !this.#server.listening) return;
    traffic.isCut = true;
    this.#onCut(reason);
  }

  /** What node:http found wrong with a connection: the client is told, if nothing has been said yet. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const { open, latest } = this.#of(socket);
    const isReceiving = latest?.complete === false;
    const [reason, status] = problemOf(error.code ?? "", isReceiving);
    // A connection that ends between two requests is nobody's loss.
    if (reason !== "aborted" || open > 0) this.#count(socket, reason);
    const { _httpMessage: reply } = socket as { _httpMessage?: { headersSent: boolean } | null };
    if (status !== undefined && socket.writable && reply?.headersSent !== true) {
      socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy(error);
  }
}

function problemOf(code: string, isReceiving: boolean): [reason: CutReason, status?: string] {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [isReceiving ? "body_timeout" : "headers_timeout", "408 Request Timeout"];
    case "HPE_HEADER_OVERFLOW":
      return ["headers_too_large", "431 Request Header Fields Too Large"];
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return ["malformed", "413 Payload Too Large"];
    case "HPE_INVALID_EOF_STATE":
      return ["aborted", "400 Bad Request"];
    default:
      return code.startsWith("HPE_") ? ["malformed", "400 Bad Request"] : ["aborted"];
  }
}
