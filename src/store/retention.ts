import type { StoreClient } from "./client.ts";
import { identifier, programText, sql } from "./sql.ts";

/**
 * Makes the spans table keep its rows for so many days, if it does not already. Old parts follow
 * when ClickHouse next looks at them; nothing is rewritten for it.
 */
export async function applyRetention(
  client: StoreClient,
  { database, days, cluster }: { database: string; days: number; cluster?: string | undefined },
): Promise<void> {
  const tables = await client.query<{ engine_full: string }>(
    sql`SELECT engine_full FROM system.tables
      WHERE database = ${{ type: "String", value: database }} AND name = 'spans'`,
  );
  const engine = tables[0]?.engine_full ?? "";
  if (engine.includes(`toIntervalDay(${days})`)) return;
  const onCluster = cluster === undefined ? sql`` : sql`ON CLUSTER ${identifier(cluster)}`;
  await client.command(
    sql`ALTER TABLE ${identifier(database)}.spans ${onCluster}
      MODIFY TTL toDate(time_bucket) + ${programText(`toIntervalDay(${days})`)}`,
    { materialize_ttl_after_modify: 0 },
  );
}
