import type { Connection, EdgeSide } from "../../model/edge-sums.ts";
import type { Reading } from "../list-traces.ts";
import { histogramOf } from "../read-red.ts";
import { ofTenants } from "../of-tenants.ts";
import { identifier, sql } from "../sql.ts";
import { sliceOf } from "./slice-ledger.ts";

/** Edges asked for. */
export interface EdgesRequest {
  readonly tenants: readonly string[];
  /** Seconds since 1970, whole minutes; the end is not included. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Slices that are left out. */
  readonly without: readonly number[];
}

/** An edge and all its calls in some time. */
export interface StoredEdge {
  readonly client: string;
  readonly server: string;
  readonly connection: Connection;
  readonly via: string;
  readonly calls: number;
  readonly failed: number;
  readonly clientSide: EdgeSide;
  readonly serverSide: EdgeSide;
}

type Cells = Readonly<Record<string, number>>;
interface EdgeRow extends Pick<StoredEdge, "client" | "server" | "connection" | "via"> {
  readonly all_calls: number;
  readonly all_failed: number;
  readonly client: string;
  readonly client_sum: number;
  readonly client_time: number;
  readonly client_cells: Cells;
  readonly server_sum: number;
  readonly server_time: number;
  readonly server_cells: Cells;
}

/** The edges of all slices that have been computed. */
export async function readEdges(
  { client, database, settings }: Reading,
  { tenants, fromSeconds, toSeconds, without }: EdgesRequest,
): Promise<StoredEdge[]> {
  const from = { type: "UInt32", value: fromSeconds } as const;
  const to = { type: "UInt32", value: toSeconds } as const;
  const inSlices = sql`slice >= toDateTime(${{ type: "UInt32", value: sliceOf(fromSeconds) }})
    AND slice < toDateTime(${to})
    AND toUnixTimestamp(slice) NOT IN ${{ type: "Array(UInt32)", value: without }}`;
  const rows = await client.query<EdgeRow>(
    sql`SELECT client, server, connection, via, sum(calls) AS all_calls, sum(failed) AS all_failed,
        sum(client_calls) AS client_sum, sum(client_nano) AS client_time,
        sumMap(client_histogram) AS client_cells,
        sum(server_calls) AS server_sum, sum(server_nano) AS server_time,
        sumMap(server_histogram) AS server_cells
      FROM ${identifier(database)}.service_graph_1m
      WHERE ${ofTenants(tenants)} AND ${inSlices}
        AND time >= toDateTime(${from}) AND time < toDateTime(${to})
        AND (slice, run) IN (SELECT slice, max(run) FROM ${identifier(database)}.service_graph_slices
          WHERE ${inSlices} GROUP BY slice)
      GROUP BY client, server, connection, via`,
    settings,
  );
  return rows.map((row) => ({
    client: row.client,
    server: row.server,
    connection: row.connection,
    via: row.via,
    calls: row.all_calls,
    failed: row.all_failed,
    clientSide: {
      calls: row.client_sum,
      nano: row.client_time,
      histogram: histogramOf(row.client_cells),
    },
    serverSide: {
      calls: row.server_sum,
      nano: row.server_time,
      histogram: histogramOf(row.server_cells),
    },
  }));
}
