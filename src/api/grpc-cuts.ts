/** Why connections of the gRPC door end that no client has ended: grpc-js closes them without a word. */
import type { Socket } from "node:net";
import type { OnCut } from "./cuts.ts";

interface Limits {
  readonly idleMs: number;
  readonly probeMs: number;
}

interface Connection {
  readonly begunMs: number;
  calls: number;
  /** When the last call ended, or the connection began. */
  quietMs: number;
}

/** Times are not exact to the millisecond on both sides. */
const SLACK_MS = 100;

/** Watches over connections that have begun. */
export class GrpcCuts {
  readonly #limits: Limits;
  readonly #onCut: OnCut;
  /** By the client's address and port, as grpc-js names it. */
  readonly #connections = new Map<string, Connection>();
  #isClosing = false;

  /** Whether connections are being ended by Clew. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  constructor(limits: Limits, onCut: OnCut) {
    this.#limits = limits;
    this.#onCut = onCut;
  }

  /** To be called before anything is done with the connection. */
  watch(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const now = performance.now();
    const connection = { begunMs: now, calls: 0, quietMs: now };
    this.#connections.set(peer, connection);
    let isClientsEnd = false; // it says so before we do
    socket.once("end", () => (isClientsEnd = !socket.writableEnded));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      isClientsEnd = code !== undefined && !code.startsWith("ERR_HTTP2");
    });
    socket.once("close", () => {
      this.#connections.delete(peer);
      if (!this.#isClosing) this.#ended(connection, isClientsEnd);
    });
  }

  /** Notes that a call has begun; what it gives is to be called when the call is over. */
  begin(peer: string): () => void {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return () => {};
    connection.calls++;
    return () => {
      connection.calls--;
      connection.quietMs = performance.now();
    };
  }

  /** What ends from now on is ended by Clew, which stops. */
  close(): void {
    this.#isClosing = true;
  }

  #ended({ begunMs, calls, quietMs }: Connection, isClientsEnd: boolean): void {
    const now = performance.now();
    // A client that is told to go away because of it ends the connection itself.
    if (calls === 0 && now - quietMs >= this.#limits.idleMs - SLACK_MS) return this.#onCut("idle");
    if (isClientsEnd) return;
    // Before the first probe there is only one reason: a breach of HTTP/2.
    const isProbed = now - begunMs >= this.#limits.probeMs - SLACK_MS;
    this.#onCut(isProbed ? "unanswered" : "malformed");
  }
}
