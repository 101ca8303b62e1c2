/** cart: what a customer has chosen, with today's prices, which it asks inventory for. */
import { portOf } from "../protocol.ts";
import type { Addresses, Running } from "../protocol.ts";
import { openPool } from "../sql.ts";
import { callByHttp, serve } from "../web.ts";
import type { ProductBody } from "./inventory.ts";

/** The answer to `GET /carts/:user`. */
export interface CartBody {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly totalCents: number;
}

/** Starts the service; it needs the database and inventory. */
export async function start(addresses: Addresses): Promise<Running> {
  const inventoryPort = portOf(addresses, "inventory");
  const pool = await openPool(addresses);
  const server = await serve({
    "GET /carts/:user": async ({ params }) => {
      const { rows: items } = await pool.query<{ sku: string; quantity: number }>(
        "SELECT sku, quantity FROM carts WHERE user_id = $1 ORDER BY sku",
        [params["user"]],
      );
      const skus = items.map(({ sku }) => sku).join(",");
      const products = await callByHttp<readonly ProductBody[]>({
        method: "GET",
        port: inventoryPort,
        path: `/products?skus=${encodeURIComponent(skus)}`,
      });
      const prices = new Map(products.map(({ sku, priceCents }) => [sku, priceCents]));
      const totalCents = items
        .map(({ sku, quantity }) => quantity * (prices.get(sku) ?? 0))
        .reduce((sum, cents) => sum + cents, 0);
      return { status: 200, body: { items, totalCents } satisfies CartBody };
    },
  });
  return {
    port: server.port,
    stop: async () => {
      await server.close();
      await pool.end();
    },
  };
}
