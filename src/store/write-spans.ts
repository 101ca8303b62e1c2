import type { ByteArena } from "../base/arena.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import type { StoreClient } from "./client.ts";
import { spanBlock } from "./native/span-block.ts";
import type { SpansTable } from "./schema.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";

/** An insert made ready: it can be sent again and again and counts once. */
export interface SpanInsert {
  readonly rows: number;
  readonly block: Uint8Array;
  /** The table that the block was made for. It may have got more columns since: those are computed
   * from what the block has. */
  readonly table: SpansTable;
  /** The same for the same spans only: ClickHouse takes a token once. */
  readonly token: string;
}

interface InsertOptions {
  readonly token: string;
  readonly table: SpansTable;
  /** Where the block is written, if it need not be new; it must be left alone while the insert is used. */
  readonly memory?: ByteArena;
}

/** Turns spans into the insert that will carry them. */
export function spanInsert(columns: SpanColumns, options: InsertOptions): SpanInsert {
  const { token, table, memory } = options;
  return { rows: columns.length, block: spanBlock(columns, table, memory), token, table };
}

/** Sends an insert; settles when its rows are stored. Throws what the client throws. */
export async function writeSpans(
  client: StoreClient,
  database: string,
  { block, token, table }: SpanInsert,
): Promise<void> {
  await client.insertBytes(insertStatement(database, table), [block], {
    insert_deduplication_token: token,
    insert_deduplicate: 1,
    // Trace ids are asked for at once; the other indexes are made when parts are merged.
    exclude_materialize_skip_indexes_on_insert: "string_pair_bloom,int_pair_bloom",
    max_insert_threads: "1",
  });
}

function insertStatement(database: string, table: SpansTable): Sql {
  const names = joinSql(
    table.columns.map(([name]) => identifier(name)),
    sql`, `,
  );
  return sql`INSERT INTO ${identifier(database)}.spans (${names}) FORMAT Native`;
}
