/** What is known of slices: how many of their spans were counted, are there, were looked at. */
import type { StoreClient } from "../client.ts";
import { ofTenants } from "../of-tenants.ts";
import { identifier, type Sql, sql } from "../sql.ts";
import { MARGIN_SECONDS, SLICE_SECONDS } from "./slices.ts";

/** A slice that has spans. */
export interface SliceState {
  /** When it begins, in seconds since 1970. */
  readonly slice: number;
  /** Its spans, as roll-ups have counted them: also those that have been deleted since. */
  readonly counted: number;
  /** The same, with those close to it that decide about its edges. */
  readonly countedAround: number;
  /** `countedAround` when it was computed; 0 if it never was. */
  readonly computed: number;
  readonly computedSeconds: number;
  /** The latest run; "0" if there was none. */
  readonly run: string;
}

/** Where the ledger is. */
export interface LedgerPlace {
  readonly client: StoreClient;
  readonly database: string;
}

/** The slices with spans from `fromSeconds` on, the newest first. */
export async function readSliceStates(
  { client, database }: LedgerPlace,
  fromSeconds: number,
): Promise<SliceState[]> {
  const from = { type: "UInt32", value: Math.max(0, fromSeconds) } as const;
  const counts = sql`SELECT time AS minute, sum(calls) AS calls
    FROM ${identifier(database)}.red_1m WHERE time >= toDateTime(${from}) GROUP BY minute`;
  const margin = sql`toIntervalSecond(${{ type: "UInt32", value: MARGIN_SECONDS }})`;
  const rows = await client.query<Record<keyof SliceState, string>>(
    sql`SELECT toUnixTimestamp(counts.slice) AS slice, counted, around AS countedAround,
        done.spans AS computed, toUnixTimestamp(done.computed_at) AS computedSeconds, done.run AS run
      FROM (
        SELECT each.1 AS slice, sumIf(calls, each.2) AS counted, sum(calls) AS around
        FROM (
          SELECT calls, toStartOfFiveMinutes(minute) AS home,
            arrayJoin(arrayDistinct([(home, true),
              (toStartOfFiveMinutes(minute - ${margin}), toStartOfFiveMinutes(minute - ${margin}) = home),
              (toStartOfFiveMinutes(minute + ${margin}), toStartOfFiveMinutes(minute + ${margin}) = home)
            ])) AS each
          FROM (${counts})
        )
        GROUP BY slice
        HAVING counted > 0
      ) AS counts
      LEFT JOIN (${latestRuns(database)}) AS done ON counts.slice = done.slice
      ORDER BY slice DESC`,
  );
  return rows.map((row) => ({
    slice: Number(row.slice),
    counted: Number(row.counted),
    countedAround: Number(row.countedAround),
    computed: Number(row.computed),
    computedSeconds: Number(row.computedSeconds),
    run: row.run,
  }));
}

function latestRuns(database: string): Sql {
  return sql`SELECT ledger.slice AS slice, max(ledger.run) AS run,
      argMax(ledger.spans, ledger.run) AS spans,
      argMax(ledger.computed_at, ledger.run) AS computed_at
    FROM ${identifier(database)}.service_graph_slices AS ledger GROUP BY slice`;
}

/** How many spans are stored of a slice. */
export async function countStoredSpans(
  { client, database }: LedgerPlace,
  slice: number,
): Promise<number> {
  const [row] = await client.query<{ spans: string }>(
    sql`SELECT count() AS spans FROM ${identifier(database)}.spans
      WHERE time_bucket = toDateTime(${{ type: "UInt32", value: slice }})`,
  );
  return Number(row?.spans ?? 0);
}

/** A slice without edges, and how many spans of it were counted. */
export interface MissingSlice {
  readonly slice: number;
  readonly counted: number;
}

/** The slices of `[from, to)`, seconds since 1970, that have spans of the tenants and were never computed. */
export async function readMissingSlices(
  { client, database }: LedgerPlace,
  stretch: {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly tenants: readonly string[];
  },
): Promise<MissingSlice[]> {
  const from = { type: "UInt32", value: sliceOf(stretch.fromSeconds) } as const;
  const to = { type: "UInt32", value: stretch.toSeconds } as const;
  const rows = await client.query<Record<keyof MissingSlice, string>>(
    sql`SELECT toUnixTimestamp(toStartOfFiveMinutes(time)) AS slice, sum(calls) AS counted
      FROM ${identifier(database)}.red_1m
      WHERE ${ofTenants(stretch.tenants)}
        AND time >= toDateTime(${from}) AND time < toDateTime(${to})
      GROUP BY slice
      HAVING slice NOT IN (
        SELECT toUnixTimestamp(slice) FROM ${identifier(database)}.service_graph_slices
        WHERE slice >= toDateTime(${from}) AND slice < toDateTime(${to}))`,
  );
  return rows.map(({ slice, counted }) => ({ slice: Number(slice), counted: Number(counted) }));
}

/** The slice that a moment is in. */
export function sliceOf(seconds: number): number {
  return seconds - (seconds % SLICE_SECONDS);
}
