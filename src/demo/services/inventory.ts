/** inventory: products, their prices, and what of them is promised to whom. */
import type { Pool } from "pg";
import type { Addresses, Running } from "../protocol.ts";
import { activeScenario } from "../scenario.ts";
import { openPool } from "../sql.ts";
import { HttpError, serve } from "../web.ts";

/** One product in the answer to `GET /products`. */
export interface ProductBody {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  readonly available: number;
}

interface Items {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
}

/** What a slow query takes longer, in seconds. Short, because the database does nothing else meanwhile. */
const SLOW_QUERY_SECONDS = [0.3, 0.6] as const;

/** Starts the service; it needs the database. */
export async function start(addresses: Addresses): Promise<Running> {
  const pool = await openPool(addresses);
  const server = await serve({
    "GET /products": async ({ query }) => {
      const skus = query.get("skus");
      const products = await findProducts(pool, skus === null ? undefined : skus.split(","));
      return { status: 200, body: products };
    },
    "POST /reservations": async ({ body }) => {
      await reserve(pool, (body as Items).items);
      return { status: 201, body: {} };
    },
    "POST /releases": async ({ body }) => {
      for (const item of (body as Items).items) await release(pool, item);
      return { status: 200, body: {} };
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

/** The products with these keys, or all of them. Here is where a scenario's trouble with the stock
 * shows: a query that names a column there is none of, or one that takes its time. */
async function findProducts(
  pool: Pool,
  skus: readonly string[] | undefined,
): Promise<readonly ProductBody[]> {
  const { fault, delay, jitter } = activeScenario();
  if (fault === "inventoryError") {
    await pool.query("SELECT sku, warehouse_id FROM stock WHERE sku = ANY ($1)", [skus ?? []]);
  }
  if (delay === "stockQuery") {
    const [from, to] = SLOW_QUERY_SECONDS;
    await pool.query("SELECT count(*), pg_sleep($1) FROM stock", [from + (to - from) * jitter]);
  }
  const { rows } = await pool.query<ProductBody>(
    `SELECT sku, name, price_cents AS "priceCents", on_hand - reserved AS available
       FROM stock WHERE $1::text[] IS NULL OR sku = ANY ($1) ORDER BY sku`,
    [skus],
  );
  return rows;
}

/** Reserves all the items or none: 409 if one of them is sold out. */
async function reserve(pool: Pool, items: Items["items"]): Promise<void> {
  const reserved: Items["items"][number][] = [];
  for (const item of items) {
    const { rowCount } = await pool.query(
      `UPDATE stock SET reserved = reserved + $2
        WHERE sku = $1 AND on_hand - reserved >= $2`,
      [item.sku, item.quantity],
    );
    if (rowCount === 0) {
      for (const earlier of reserved) await release(pool, earlier);
      throw new HttpError(409, `${item.sku} is sold out`);
    }
    reserved.push(item);
  }
}

async function release(pool: Pool, { sku, quantity }: Items["items"][number]): Promise<void> {
  await pool.query("UPDATE stock SET reserved = reserved - $2 WHERE sku = $1", [sku, quantity]);
}
