import type { Reading } from "./list-traces.ts";
import type { Sql } from "./sql.ts";

/** What a statement took. */
export interface Cost {
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly ms: number;
}

/** A row: by column, what JSON has for it. */
export type Columns = readonly unknown[];

/** The answer in ClickHouse's format JSONCompact. */
interface CompactAnswer {
  readonly data: readonly Columns[];
  readonly statistics: {
    readonly elapsed: number;
    readonly rows_read: number;
    readonly bytes_read: number;
  };
}

/** What `rowOf` makes of each row, in which 64-bit integers are decimal text, and what it took. Throws
 * what the client throws. */
export async function measuredRows<Row>(
  {
    client,
    settings,
    signal,
  }: Omit<Reading, "database"> & { readonly signal?: AbortSignal | undefined },
  statement: Sql,
  rowOf: (columns: Columns) => Row,
): Promise<{ readonly rows: Row[]; readonly cost: Cost }> {
  const bytes = await client.queryBytes(statement, "JSONCompact", settings, { signal });
  const { data, statistics } = JSON.parse(Buffer.from(bytes).toString()) as CompactAnswer;
  const { elapsed, rows_read: rowsRead, bytes_read: bytesRead } = statistics;
  return { rows: data.map(rowOf), cost: { rowsRead, bytesRead, ms: elapsed * 1000 } };
}
