/** notification: takes payments from the queue and sends (simulated) mail about them. */
import type { ConsumeMessage } from "amqplib";
import {
  notificationsQueue,
  openQueue,
  paymentCompletedKey,
  paymentsExchange,
} from "../messages.ts";
import type { PaymentCompleted } from "../messages.ts";
import { portOf } from "../protocol.ts";
import type { Addresses, Running } from "../protocol.ts";
import { activeScenario, simulate } from "../scenario.ts";
import { callByHttp, serve } from "../web.ts";

const MAIL_TAKES_MS = [20, 60] as const;
/** Messages in work at a time. */
const PREFETCH = 8;

/** Starts the service; it needs the broker and auth. */
export async function start(addresses: Addresses): Promise<Running> {
  const authPort = portOf(addresses, "auth");
  const queue = await openQueue(addresses);
  const channel = await queue.createChannel();
  await channel.assertExchange(paymentsExchange, "direct", { durable: false });
  await channel.assertQueue(notificationsQueue, { durable: false });
  await channel.bindQueue(notificationsQueue, paymentsExchange, paymentCompletedKey);
  await channel.prefetch(PREFETCH);

  async function notify(message: ConsumeMessage): Promise<void> {
    const { userId } = JSON.parse(message.content.toString()) as PaymentCompleted;
    await callByHttp<{ readonly email: string }>({
      method: "GET",
      port: authPort,
      path: `/users/${encodeURIComponent(userId)}`,
    });
    await simulate(activeScenario(), MAIL_TAKES_MS);
  }
  await channel.consume(notificationsQueue, (message) => {
    if (message === null) return; // the queue was deleted
    notify(message).then(
      () => channel.ack(message),
      // Not put back: what failed once would fail for ever.
      () => channel.nack(message, false, false),
    );
  });
  const server = await serve({}); // for /health only
  return {
    port: server.port,
    stop: async () => {
      await server.close();
      await queue.close();
    },
  };
}
