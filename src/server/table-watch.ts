import { every } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { StoreClient } from "../store/client.ts";
import { readTables, type SpansTables } from "../store/promote.ts";
import { builtInTable, type SpansTable } from "../store/schema.ts";
import type { Config } from "./config.ts";

/** The spans table, as it was when last looked at. */
export interface TableWatch {
  table(): SpansTable;
  close(): void;
}

/** Looks at the table for those who read it, now, and again and again. Throws what the client throws. */
export async function watchTable(
  client: StoreClient,
  config: Config,
  log: Logger,
): Promise<TableWatch> {
  let { read } = await look(client, config);
  const repeated = again(client, config, log, (tables) => ({ read } = tables));
  return { table: () => read, close: () => repeated.close() };
}

/** The same for those who write. Until ClickHouse answers it is the table built in, which is never
 * wrong. */
export function watchTableToWrite(client: StoreClient, config: Config, log: Logger): TableWatch {
  let write = builtInTable;
  const repeated = again(client, config, log, (tables) => ({ write } = tables));
  return { table: () => write, close: () => repeated.close() };
}

function look(client: StoreClient, { clickhouse, ingest }: Config): Promise<SpansTables> {
  const settleSeconds = ingest.promotionSeconds;
  return readTables(client, { database: clickhouse.database, settleSeconds });
}

function again(
  client: StoreClient,
  config: Config,
  log: Logger,
  onTables: (tables: SpansTables) => void,
) {
  return every(
    config.ingest.promotionSeconds * 1000,
    async () => onTables(await look(client, config)),
    (error) => log.warn("columns of the spans table cannot be read, tried again", { error }),
  );
}
