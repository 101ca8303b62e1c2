/** The shop's message broker: as much of AMQP 0-9-1 as the shop needs, in memory, on a loopback port,
 * since npm brings no broker. A process of its own, not traced. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { serveClient } from "./broker-connection.ts";
import { MessageQueues } from "./message-queues.ts";
import type { Running } from "./protocol.ts";

/** Messages that may wait in a queue before publishers are refused. */
const MAX_READY = 10_000;
/** How often a drain looks whether it is over. */
const DRAIN_POLL_MS = 20;

/** Starts an empty broker. */
export async function start(): Promise<Running> {
  const queues = new MessageQueues(MAX_READY);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveClient(socket, queues);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    drain: async () => {
      while (!queues.isIdle()) await wait(DRAIN_POLL_MS);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
