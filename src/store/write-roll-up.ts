import type { RollUp } from "../model/roll-up.ts";
import type { StoreClient } from "./client.ts";
import type { WrittenBlock } from "./native/block-writer.ts";
import { redBlock } from "./native/red-block.ts";
import { type RedTable, redTables } from "./red-tables.ts";
import { identifier, joinSql, sql } from "./sql.ts";

/** An insert of a batch's roll-up into one table, made ready: it counts once, however often it is sent. */
export interface RollUpInsert {
  readonly table: RedTable;
  readonly block: WrittenBlock;
  readonly token: string;
}

/** Turns a roll-up into the inserts that will carry it; `token` is that of its batch. */
export function rollUpInserts(rollUp: RollUp, token: string): RollUpInsert[] {
  return redTables.map((table) => ({
    table,
    block: redBlock(rollUp, table),
    token: `${token}-${table.name}`,
  }));
}

/** Sends an insert; settles when its rows are stored. Throws what the client throws. */
export async function writeRollUp(
  client: StoreClient,
  database: string,
  { table, block, token }: RollUpInsert,
): Promise<void> {
  const names = joinSql(block.columns.map(identifier), sql`, `);
  const into = sql`${identifier(database)}.${identifier(table.name)}`;
  await client.insertBytes(sql`INSERT INTO ${into} (${names}) FORMAT Native`, [block.bytes], {
    insert_deduplication_token: token,
    insert_deduplicate: 1,
    // A batch's rows are added up already: doing so once more, as merges do, is half of the whole cost.
    optimize_on_insert: 0,
    max_insert_threads: "1",
    // Spans of long ago, in one batch, are of many days.
    max_partitions_per_insert_block: "0",
  });
}
