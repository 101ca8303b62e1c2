/** What has been thinned, for those who want to see it. */
import type { StoreClient } from "../client.ts";
import { identifier, sql } from "../sql.ts";

/** A day that was thinned, once. */
export interface LedgerEntry {
  /** Like "2026-01-31". */
  readonly day: string;
  readonly thinnedAtSeconds: number;
  readonly spansBefore: number;
  readonly spansAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** What was decided about the day's traces of one tenant, whenever; those of most traces first. */
  readonly policies: readonly {
    readonly name: string;
    readonly keptTraces: number;
    readonly droppedTraces: number;
  }[];
}

interface LedgerQuery {
  readonly tenant: string;
  readonly limit: number;
}

type ThinnedRow = Record<"day" | "before" | "after" | "bytes" | "left", string> & { at: number };
type DecidedRow = Record<"day" | "policy" | "kept" | "dropped", string>;

/** The newest entries. */
export async function readLedger(
  client: StoreClient,
  database: string,
  { tenant, limit }: LedgerQuery,
): Promise<LedgerEntry[]> {
  const thinned = await client.query<ThinnedRow>(
    sql`SELECT toString(day) AS day, toFloat64(thinned_at) AS at, spans_before AS before,
        spans_after AS after, bytes_before AS bytes, bytes_after AS left
      FROM ${identifier(database)}.thinned_days
      ORDER BY thinned_at DESC, thinned_days.day DESC
      LIMIT ${{ type: "UInt64", value: limit }}`,
  );
  const days = [...new Set(thinned.map(({ day }) => day))];
  const decided = await client.query<DecidedRow>(
    sql`SELECT toString(day) AS day, policy, countIf(weight > 0) AS kept, countIf(weight = 0) AS dropped
      FROM ${identifier(database)}.sampling_decisions
      WHERE tenant = ${{ type: "String", value: tenant }}
        AND sampling_decisions.day IN (
          SELECT toDate(arrayJoin(${{ type: "Array(String)", value: days }})))
      GROUP BY day, policy ORDER BY count() DESC, policy`,
  );
  return thinned.map(({ day, at, before, after, bytes, left }) => ({
    day,
    thinnedAtSeconds: at,
    spansBefore: Number(before),
    spansAfter: Number(after),
    bytesBefore: Number(bytes),
    bytesAfter: Number(left),
    policies: decided
      .filter((row) => row.day === day)
      .map(({ policy, kept, dropped }) => ({
        name: policy,
        keptTraces: Number(kept),
        droppedTraces: Number(dropped),
      })),
  }));
}
