import type { Server } from "node:net";
import { Fault } from "../base/fault.ts";

/** Something that listens on a port. */
export interface Listener {
  readonly host: string;
  /** The actual one if 0 was asked for. */
  readonly port: number;
  /** Takes no more requests, waits for those in flight as long as the limit says, cuts the rest. */
  close(): Promise<void>;
}

/** Binds a server; gives back its actual port, or rejects with Fault "unavailable" saying why not. */
export function bind(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const refuse = (error: Error) => {
    const message = `cannot listen on ${host}:${port}: ${error.message}`;
    reject(new Fault("unavailable", message, { cause: error }));
  };
  server.once("error", refuse);
  server.listen(port, host, () => {
    server.off("error", refuse);
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : port);
  });
  return promise;
}
