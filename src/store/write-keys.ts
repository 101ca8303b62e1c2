import type { AttributeKey } from "../model/attribute-key.ts";
import type { StoreClient } from "./client.ts";
import { keyBlock } from "./native/key-block.ts";
import { identifier, joinSql, sql } from "./sql.ts";

/** Stores that there are these attributes, of which there is at least one; those stored before count
 * once. Throws what the client throws. */
export async function writeKeys(
  client: StoreClient,
  database: string,
  keys: readonly AttributeKey[],
): Promise<void> {
  const { bytes, columns } = keyBlock(keys);
  const names = joinSql(columns.map(identifier), sql`, `);
  await client.insertBytes(
    sql`INSERT INTO ${identifier(database)}.attribute_keys (${names}) FORMAT Native`,
    [bytes],
    // Spans of long ago, in one batch, are of many days.
    { max_insert_threads: "1", max_partitions_per_insert_block: "0" },
  );
}
