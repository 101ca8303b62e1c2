/** The shop's database: PGlite, which is Postgres compiled to WebAssembly, in memory, speaking
 * Postgres's own protocol on a loopback port. A process of its own, not traced. */
import type { AddressInfo } from "node:net";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { customers, products } from "./data.ts";
import type { Running } from "./protocol.ts";

/** Connections of all services' pools together (`POOL_CONNECTIONS` each), and some to spare. */
const MAX_CONNECTIONS = 24;

/** Postgres starts with 128 MB of buffers and keeps up to 1 GB of log: too much for some dozen rows,
 * the more so as the file system is memory, too. */
const settings = [
  "shared_buffers = 1MB",
  "wal_buffers = 64kB",
  "min_wal_size = 32MB",
  "max_wal_size = 32MB",
  "fsync = off",
];

/** Tables are UNLOGGED: nothing is to survive, so nothing need be written twice. */
const schema = `
CREATE UNLOGGED TABLE users (
  id text PRIMARY KEY,
  email text NOT NULL,
  card text NOT NULL
);
CREATE UNLOGGED TABLE sessions (
  token text PRIMARY KEY,
  user_id text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE UNLOGGED TABLE carts (
  user_id text NOT NULL,
  sku text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (user_id, sku)
);
CREATE UNLOGGED TABLE stock (
  sku text PRIMARY KEY,
  name text NOT NULL,
  price_cents integer NOT NULL,
  on_hand integer NOT NULL,
  reserved integer NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND on_hand)
);
CREATE UNLOGGED TABLE payments (
  id text PRIMARY KEY,
  order_id text NOT NULL,
  user_id text NOT NULL,
  amount_cents integer NOT NULL,
  status text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);`;

/** Starts an empty database, fills it and opens its port. */
export async function start(): Promise<Running> {
  const db = await PGlite.create({ postgresqlconf: settings });
  await db.exec(schema);
  await seed(db);
  const server = new PGLiteSocketServer({
    db,
    host: "127.0.0.1",
    port: 0,
    maxConnections: MAX_CONNECTIONS,
  });
  const listening = new Promise<number>((resolve) => {
    server.addEventListener("listening", (event) => {
      resolve((event as CustomEvent<Pick<AddressInfo, "port">>).detail.port);
    });
  });
  await server.start();
  // Setting up left hundreds of megabytes behind (--expose-gc: see `children.ts`).
  globalThis.gc?.();
  return { port: await listening, stop: () => server.stop() };
}

async function seed(db: PGlite): Promise<void> {
  await insert(db, "stock (sku, name, price_cents, on_hand)", products, (product) => [
    product.sku,
    product.name,
    product.priceCents,
    product.onHand,
  ]);
  await insert(db, "users (id, email, card)", customers, ({ id, email, card }) => [
    id,
    email,
    card,
  ]);
  await insert(db, "sessions (token, user_id, expires_at)", customers, (customer) => [
    customer.token,
    customer.id,
    customer.sessionExpired ? "-infinity" : "infinity",
  ]);
  const cartItems = customers.flatMap(({ id, cart }) => cart.map((item) => ({ id, ...item })));
  await insert(db, "carts (user_id, sku, quantity)", cartItems, ({ id, sku, quantity }) => [
    id,
    sku,
    quantity,
  ]);
}

/** Inserts a row for each item; `into` is a table with its columns, in the order of the values. */
async function insert<Item>(
  db: PGlite,
  into: string,
  items: readonly Item[],
  valuesOf: (item: Item) => readonly unknown[],
): Promise<void> {
  const rows = items.map(valuesOf);
  let place = 0;
  const places = rows.map((row) => `(${row.map(() => `$${++place}`).join(", ")})`).join(", ");
  await db.query(`INSERT INTO ${into} VALUES ${places}`, rows.flat());
}
