/** How a connection begins: as HTTP/2 does, or otherwise. */
import type { Socket } from "node:net";
import type { OnCut } from "./cuts.ts";

// What an HTTP/2 connection begins with (RFC 9113 §3.4); three bytes tell it from all of HTTP/1.
const PREFACE_START = "PRI";

interface PrefaceOptions {
  /** Longest time until the connection has begun; then it is cut. */
  readonly timeoutMs: number;
  readonly onCut: OnCut;
}

/** Tells how the connection begins, once it does; what has come of it is there to be read again, and the
 * socket is paused. */
export function awaitPreface(
  socket: Socket,
  { timeoutMs, onCut }: PrefaceOptions,
  tell: (isHttp2: boolean) => void,
): void {
  socket.on("error", () => {}); // a connection that breaks is the client's affair
  const onTimeout = () => {
    onCut("headers_timeout");
    socket.destroy();
  };
  const onEnd = () => socket.destroy(); // who has said nothing is owed nothing
  socket.setTimeout(timeoutMs, onTimeout).once("end", onEnd);
  let first = Buffer.alloc(0);
  const onData = (part: Buffer) => {
    first = Buffer.concat([first, part]);
    if (first.length < PREFACE_START.length) return;
    socket.off("data", onData).pause();
    socket.setTimeout(0);
    socket.off("timeout", onTimeout).off("end", onEnd);
    socket.unshift(first);
    tell(first.toString("latin1", 0, PREFACE_START.length) === PREFACE_START);
  };
  socket.on("data", onData);
}
