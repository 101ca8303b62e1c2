/** Traces that somebody wants to keep, whatever the policies say. */
import type { StoreClient } from "../client.ts";
import { identifier, sql } from "../sql.ts";

interface Pin {
  readonly tenant: string;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly isPinned: boolean;
}

/** Pins a trace, or lets it go. */
export async function setPinned(
  client: StoreClient,
  database: string,
  { tenant, traceId, isPinned }: Pin,
): Promise<void> {
  await client.command(
    sql`INSERT INTO ${identifier(database)}.pinned_traces (tenant, trace_id, is_pinned)
      SELECT ${{ type: "String", value: tenant }},
        toFixedString(unhex(${{ type: "String", value: traceId }}), 16),
        ${{ type: "Bool", value: isPinned }}`,
  );
}

/** Whether a trace is pinned. */
export async function isPinned(
  client: StoreClient,
  database: string,
  { tenant, traceId }: Omit<Pin, "isPinned">,
): Promise<boolean> {
  const rows = await client.query(
    sql`SELECT 1 FROM ${identifier(database)}.pinned_traces FINAL
      WHERE tenant = ${{ type: "String", value: tenant }} AND is_pinned
        AND trace_id = toFixedString(unhex(${{ type: "String", value: traceId }}), 16)`,
  );
  return rows.length > 0;
}

/** The ids of a tenant's pinned traces, the newest pin first, at most so many. */
export async function readPinned(
  client: StoreClient,
  database: string,
  { tenant, limit }: { readonly tenant: string; readonly limit: number },
): Promise<string[]> {
  const rows = await client.query<{ id: string }>(
    sql`SELECT lower(hex(trace_id)) AS id FROM ${identifier(database)}.pinned_traces FINAL
      WHERE tenant = ${{ type: "String", value: tenant }} AND is_pinned
      ORDER BY changed_at DESC, id LIMIT ${{ type: "UInt64", value: limit }}`,
  );
  return rows.map(({ id }) => id);
}
