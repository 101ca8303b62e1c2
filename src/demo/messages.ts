/** What travels through the queue between payment and notification, and the way there. */
import type { ChannelModel } from "amqplib";
import { portOf } from "./protocol.ts";
import type { Addresses } from "./protocol.ts";
import { loadAmqplib } from "./tracing.ts";

/** Where payment publishes. */
export const paymentsExchange = "payments";
/** The routing key of a payment that the bank has accepted. */
export const paymentCompletedKey = "payment.completed";
/** The queue of mails to send. */
export const notificationsQueue = "notifications";

/** The body of a message with the key `paymentCompletedKey`, as JSON. */
export interface PaymentCompleted {
  readonly paymentId: string;
  readonly orderId: string;
  readonly userId: string;
  readonly totalCents: number;
}

/** A connection to the shop's broker through the instrumented amqplib; close it when done. */
export async function openQueue(addresses: Addresses): Promise<ChannelModel> {
  const connection = await loadAmqplib().connect({
    protocol: "amqp",
    hostname: "127.0.0.1",
    port: portOf(addresses, "broker"),
  });
  // A broker that ends is noticed by whoever started it; here it only must not crash the service.
  connection.on("error", () => {});
  return connection;
}
