/** The services' way to the database: the pg client, instrumented, with a small pool. */
import type { Pool } from "pg";
import { portOf } from "./protocol.ts";
import type { Addresses } from "./protocol.ts";
import { loadPg } from "./tracing.ts";

/** Few: the database answers one query at a time anyway. */
const POOL_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 5_000;

/** A pool for the shop's database with one connection already open; end it when done. */
export async function openPool(addresses: Addresses): Promise<Pool> {
  const pool = new (loadPg().Pool)({
    host: "127.0.0.1",
    port: portOf(addresses, "database"),
    user: "postgres",
    database: "postgres",
    max: POOL_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 0,
  });
  // A database that ends is noticed by whoever started it; here it only must not crash the service.
  pool.on("error", () => {});
  await pool.query("SELECT 1");
  return pool;
}
