/** What ClickHouse says of itself: disks, tables, and what it is doing. */
import type { StoreClient } from "./client.ts";
import { sql } from "./sql.ts";

/** A table of Clew's. */
export interface TableState {
  readonly name: string;
  readonly rows: number;
  /** On disk. */
  readonly bytes: number;
  readonly parts: number;
  /** In the partition that has the most: inserts are slowed down at 1,000, and refused at 3,000. */
  readonly mostParts: number;
}

/** ClickHouse as it is now; of a cluster, the server that answers. */
export interface StoreState {
  /** As ClickHouse names it. */
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly disks: readonly {
    readonly name: string;
    readonly path: string;
    readonly freeBytes: number;
    readonly totalBytes: number;
  }[];
  /** The largest first. */
  readonly tables: readonly TableState[];
  /** Days of spans, the first and the last, like "2026-01-31"; absent without spans. */
  readonly days?: readonly [first: string, last: string];
  readonly merges: { readonly running: number; readonly bytes: number };
  /** Statements that are being answered, inserts included, but for this one. */
  readonly statements: {
    readonly running: number;
    readonly inserts: number;
    readonly longestSeconds: number;
    readonly memoryBytes: number;
  };
}

type Row<Text extends string> = Readonly<Record<Text, string>>;

const SETTINGS = { max_execution_time: 5 } as const;

/** Asks ClickHouse. Throws as the client does. */
export async function readStoreState(client: StoreClient, database: string): Promise<StoreState> {
  const name = { type: "String", value: database } as const;
  const ask = <R>(statement: Parameters<StoreClient["query"]>[0]): Promise<R[]> =>
    client.query<R>(statement, SETTINGS);
  const [about, disks, tables, days, merges, statements] = await Promise.all([
    ask<Row<"version" | "up">>(sql`SELECT version() AS version, toUInt64(uptime()) AS up`),
    ask<Row<"name" | "path" | "free" | "total">>(
      sql`SELECT name, path, unreserved_space AS free, total_space AS total FROM system.disks
        WHERE type = 'Local' ORDER BY name`,
    ),
    ask<Row<"name" | "rows" | "bytes" | "parts" | "most">>(
      sql`SELECT table AS name, sum(r) AS rows, sum(b) AS bytes, sum(n) AS parts, max(n) AS most
        FROM (
          SELECT table, partition, sum(rows) AS r, sum(bytes_on_disk) AS b, count() AS n
          FROM system.parts WHERE active AND database = ${name} GROUP BY table, partition
        )
        GROUP BY name ORDER BY bytes DESC, name`,
    ),
    ask<Row<"first" | "last" | "count">>(
      sql`SELECT min(partition) AS first, max(partition) AS last, count() AS count
        FROM system.parts WHERE active AND database = ${name} AND table = 'spans'`,
    ),
    ask<Row<"running" | "bytes">>(
      sql`SELECT count() AS running, sum(total_size_bytes_compressed) AS bytes FROM system.merges
        WHERE database = ${name}`,
    ),
    ask<Row<"running" | "inserts" | "memory"> & { readonly longest: number }>(
      // The embedded engine's own statement, which keeps it up, has no user.
      sql`SELECT count() AS running, countIf(query_kind = 'Insert') AS inserts,
          max(elapsed) AS longest, toUInt64(greatest(sum(memory_usage), 0)) AS memory
        FROM system.processes
        WHERE user != '' AND query_id != queryID() AND NOT startsWith(query, 'SELECT version() AS version')
          AND position(query, 'FROM system.') = 0`,
    ),
  ]);
  const [spans, merging, running] = [days[0], merges[0], statements[0]];
  return {
    version: about[0]?.version ?? "",
    uptimeSeconds: Number(about[0]?.up ?? 0),
    disks: disks.map(({ name: disk, path, free, total }) => {
      return { name: disk, path, freeBytes: Number(free), totalBytes: Number(total) };
    }),
    tables: tables.map((row) => ({
      name: row.name,
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      parts: Number(row.parts),
      mostParts: Number(row.most),
    })),
    ...(spans !== undefined && spans.count !== "0" && { days: [spans.first, spans.last] as const }),
    merges: { running: Number(merging?.running ?? 0), bytes: Number(merging?.bytes ?? 0) },
    statements: {
      running: Number(running?.running ?? 0),
      inserts: Number(running?.inserts ?? 0),
      longestSeconds: running?.longest ?? 0,
      memoryBytes: Number(running?.memory ?? 0),
    },
  };
}
