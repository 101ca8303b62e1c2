import type { Names } from "../../base/names.ts";
import type { EdgeSum } from "../../model/edge-sums.ts";
import type { LatencyHistogram } from "../../model/latency-buckets.ts";
import { identifier, sql } from "../sql.ts";
import type { LedgerPlace } from "./slice-ledger.ts";

/** Edges of one slice. */
export interface SliceEdges {
  readonly slice: number;
  /** Later ones count instead of earlier ones. */
  readonly run: string;
  /** Spans that were counted around it before its own were read. */
  readonly countedAround: number;
  readonly edges: readonly EdgeSum[];
  readonly names: Names;
}

/**
 * Makes these the edges of the slice: all of them or, if it fails or Clew dies on the way, none. Throws
 * what the client throws.
 */
export async function writeEdges(
  { client, database }: LedgerPlace,
  { slice, run, countedAround, edges, names }: SliceEdges,
): Promise<void> {
  const graph = sql`${identifier(database)}.service_graph_1m`;
  if (edges.length > 0) {
    const lines = edges.map((edge) => JSON.stringify({ slice, run, ...row(edge, names) }));
    const body = Buffer.from(lines.join("\n"));
    await client.insertBytes(sql`INSERT INTO ${graph} FORMAT JSONEachRow`, [body]);
  }
  await client.command(
    sql`INSERT INTO ${identifier(database)}.service_graph_slices (slice, run, spans)
      SELECT toDateTime(${{ type: "UInt32", value: slice }}), ${{ type: "UInt64", value: run }},
        ${{ type: "UInt64", value: countedAround }}`,
  );
}

/** Deletes what a slice had before this run. */
export async function deleteOldEdges(
  { client, database }: LedgerPlace,
  { slice, run, cluster }: Pick<SliceEdges, "slice" | "run"> & { cluster?: string | undefined },
): Promise<void> {
  const onCluster = cluster === undefined ? sql`` : sql`ON CLUSTER ${identifier(cluster)}`;
  await client.command(
    sql`ALTER TABLE ${identifier(database)}.service_graph_1m ${onCluster}
      DELETE WHERE slice = toDateTime(${{ type: "UInt32", value: slice }})
        AND run < ${{ type: "UInt64", value: run }}`,
  );
}

function row(edge: EdgeSum, names: Names): object {
  const { clientSide, serverSide } = edge;
  return {
    tenant: names.text(edge.tenant),
    time: edge.minute,
    client: names.text(edge.client),
    server: names.text(edge.server),
    connection: edge.connection,
    via: names.text(edge.via),
    calls: edge.calls,
    failed: edge.failed,
    client_calls: clientSide.calls,
    client_nano: clientSide.nano,
    client_histogram: mapOf(clientSide.histogram),
    server_calls: serverSide.calls,
    server_nano: serverSide.nano,
    server_histogram: mapOf(serverSide.histogram),
  };
}

function mapOf({ buckets, counts }: LatencyHistogram): Record<string, number> {
  return Object.fromEntries(buckets.map((bucket, i) => [bucket, counts[i]!]));
}
