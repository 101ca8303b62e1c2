import { every } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { StoreClient } from "../store/client.ts";
import { readTables } from "../store/promote.ts";
import type { SpansTable } from "../store/schema.ts";
import type { Config } from "./config.ts";

/** The spans table for those who read it. */
export interface TableWatch {
  /** As it was when last looked at. */
  table(): SpansTable;
  close(): void;
}

/** Looks at the table now, and again and again. Throws what the client throws. */
export async function watchTable(
  client: StoreClient,
  { clickhouse, ingest }: Config,
  log: Logger,
): Promise<TableWatch> {
  const settleSeconds = ingest.promotionSeconds;
  const look = () => readTables(client, { database: clickhouse.database, settleSeconds });
  let tables = await look();
  const repeated = every(
    settleSeconds * 1000,
    async () => void (tables = await look()),
    (error) => log.warn("columns of the spans table cannot be read, tried again", { error }),
  );
  return { table: () => tables.read, close: () => repeated.close() };
}
