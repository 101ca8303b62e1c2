import type { ByteArena } from "../base/arena.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import type { StoreClient } from "./client.ts";
import { spanBlockSteps } from "./native/span-block.ts";
import type { SpansTable } from "./schema.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";

/** An insert made ready: it can be sent again and again and counts once. */
export interface SpanInsert {
  readonly rows: number;
  readonly block: Uint8Array;
  /** The block's columns. Of those that the table has besides, the rows have the defaults. */
  readonly columns: readonly string[];
  /** The same for the same spans only: ClickHouse takes a token once. */
  readonly token: string;
}

interface InsertOptions {
  readonly token: string;
  readonly table: SpansTable;
  /** Where the block is written; it must be left alone while the insert is used. */
  readonly memory: ByteArena;
}

/** Turns spans into the insert that will carry them, in steps of a few milliseconds. */
export function* spanInsertSteps(
  spans: SpanColumns,
  { token, table, memory }: InsertOptions,
): Generator<undefined, SpanInsert> {
  const rows = spans.length;
  const { bytes: block, columns } = yield* spanBlockSteps(spans, table, memory);
  return { rows, block, columns, token };
}

/** Indexes that need not be there at once, as those of trace ids must. */
const MADE_BY_MERGES = "span_string_bloom,resource_string_bloom,span_int_bloom";

/** Sends an insert; settles when its rows are stored. Throws what the client throws. */
export async function writeSpans(
  client: StoreClient,
  database: string,
  { block, token, columns }: SpanInsert,
): Promise<void> {
  const names = joinSql(columns.map(identifier), sql`, `);
  const statement: Sql = sql`INSERT INTO ${identifier(database)}.spans (${names}) FORMAT Native`;
  await client.insertBytes(statement, [block], {
    insert_deduplication_token: token,
    insert_deduplicate: 1,
    exclude_materialize_skip_indexes_on_insert: MADE_BY_MERGES,
    max_insert_threads: "1",
  });
}
