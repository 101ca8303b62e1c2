/** payment: charges the customer's card at a simulated bank and tells the queue. */
import { randomUUID } from "node:crypto";
import type { ConfirmChannel } from "amqplib";
import { trace } from "@opentelemetry/api";
import { DECLINED_CARD_END } from "../data.ts";
import { openQueue, paymentsExchange, paymentCompletedKey } from "../messages.ts";
import type { PaymentCompleted } from "../messages.ts";
import type { Addresses, Running } from "../protocol.ts";
import { activeScenario, simulate } from "../scenario.ts";
import type { Scenario } from "../scenario.ts";
import { openPool } from "../sql.ts";
import { HttpError, serve } from "../web.ts";

interface Charge {
  readonly orderId: string;
  readonly userId: string;
  readonly totalCents: number;
}

const BANK_ANSWERS_MS = [30, 120] as const;
const SLOW_BANK_ANSWERS_MS = [1_000, 2_000] as const;
/** When payment stops waiting for a bank that does not answer. */
const BANK_GIVEN_UP_MS = [700, 800] as const;

/** Starts the service; it needs the database and the broker. */
export async function start(addresses: Addresses): Promise<Running> {
  const pool = await openPool(addresses);
  const queue = await openQueue(addresses);
  const channel = await queue.createConfirmChannel();
  await channel.assertExchange(paymentsExchange, "direct", { durable: false });

  const server = await serve({
    "POST /payments": async ({ body }) => {
      const charge = body as Charge;
      const { rows } = await pool.query<{ card: string }>("SELECT card FROM users WHERE id = $1", [
        charge.userId,
      ]);
      const card = rows[0]?.card;
      if (card === undefined) throw new HttpError(404, `no user ${charge.userId}`);
      const accepted = await askBank(card, activeScenario());
      const paymentId = randomUUID();
      await pool.query(
        `INSERT INTO payments (id, order_id, user_id, amount_cents, status)
         VALUES ($1, $2, $3, $4, $5)`,
        [
          paymentId,
          charge.orderId,
          charge.userId,
          charge.totalCents,
          accepted ? "paid" : "declined",
        ],
      );
      trace.getActiveSpan()?.setAttribute("shop.payment.accepted", accepted);
      if (!accepted) throw new HttpError(402, "the bank declined the card");
      await announce(channel, { paymentId, ...charge });
      return { status: 201, body: { paymentId } };
    },
  });
  return {
    port: server.port,
    stop: async () => {
      await server.close();
      await queue.close();
      await pool.end();
    },
  };
}

/** True if the bank accepts the card. Throws 503 if it does not answer. */
async function askBank(card: string, scenario: Scenario): Promise<boolean> {
  if (scenario.fault === "bankTimeout") {
    const waitedMs = await simulate(scenario, BANK_GIVEN_UP_MS);
    throw new HttpError(503, `the bank did not answer within ${waitedMs} ms`);
  }
  await simulate(scenario, scenario.delay === "bank" ? SLOW_BANK_ANSWERS_MS : BANK_ANSWERS_MS);
  return !card.endsWith(DECLINED_CARD_END);
}

/** Publishes the payment; settles when the broker has confirmed that it has the message. */
function announce(channel: ConfirmChannel, payment: PaymentCompleted): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.publish(
      paymentsExchange,
      paymentCompletedKey,
      Buffer.from(JSON.stringify(payment)),
      { contentType: "application/json", messageId: payment.paymentId },
      (error: unknown) => {
        if (error === null || error === undefined) resolve();
        else reject(new HttpError(503, "the broker refused the message", { cause: error }));
      },
    );
  });
}
