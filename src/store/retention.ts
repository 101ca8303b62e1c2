import type { StoreClient } from "./client.ts";
import { identifier, programText, sql } from "./sql.ts";

/** How long a table keeps its rows, by the day of one of its columns. */
export interface Retention {
  readonly table:
    | "spans"
    | "attribute_keys"
    | "sampling_decisions"
    | "red_1m"
    | "red_1h"
    | "service_graph_1m"
    | "service_graph_slices";
  readonly column: "time_bucket" | "day" | "time" | "slice";
  readonly days: number;
}

/**
 * Makes a table keep its rows for so many days, if it does not already: a day is deleted when all of it
 * is that old, as rows of its last hour may still come. Old parts follow when ClickHouse next looks at
 * them; nothing is rewritten for it.
 */
export async function applyRetention(
  client: StoreClient,
  { database, cluster }: { database: string; cluster?: string | undefined },
  { table, column, days }: Retention,
): Promise<void> {
  const tables = await client.query<{ engine_full: string }>(
    sql`SELECT engine_full FROM system.tables
      WHERE database = ${{ type: "String", value: database }}
        AND name = ${{ type: "String", value: table }}`,
  );
  const engine = tables[0]?.engine_full ?? "";
  const interval = `toIntervalDay(${days + 1})`;
  if (engine.includes(interval)) return;
  const onCluster = cluster === undefined ? sql`` : sql`ON CLUSTER ${identifier(cluster)}`;
  await client.command(
    sql`ALTER TABLE ${identifier(database)}.${identifier(table)} ${onCluster}
      MODIFY TTL toDate(${identifier(column)}) + ${programText(interval)}`,
    { materialize_ttl_after_modify: 0 },
  );
}
