/** What is known of the thinning of days: which are due, what was decided, what has been done. */
import type { StoreClient } from "../client.ts";
import { identifier, sql } from "../sql.ts";
import { date, type Deciding, decisionsSql, partition } from "./decisions.ts";
import type { Rewriting, RewrittenDay, DayAfter } from "./rewrite.ts";

interface DueQuery {
  readonly nowSeconds: number;
  /** How long a day is left as it is after its end. */
  readonly fullHours: number;
  /** How long after a thinning late spans may be collected before the next. */
  readonly lateSeconds: number;
}

/** The days that are to be thinned, the oldest first: those never thinned, and those to which spans have
 * come since. */
export async function dueDays(
  { client, database }: { readonly client: StoreClient; readonly database: string },
  { nowSeconds, fullHours, lateSeconds }: DueQuery,
): Promise<string[]> {
  const now = { type: "UInt32", value: nowSeconds } as const;
  const rows = await client.query<{ text: string }>(
    sql`SELECT toString(parts.day) AS text
      FROM (
        SELECT toDate(partition) AS day, max(max_block_number) AS newest FROM system.parts
        WHERE active AND database = ${{ type: "String", value: database }} AND table = 'spans'
        GROUP BY day
      ) AS parts
      LEFT JOIN (
        SELECT day, argMax(max_block, thinned_at) AS known, max(toUnixTimestamp(thinned_at)) AS at
        FROM ${identifier(database)}.thinned_days GROUP BY day
      ) AS thinned ON thinned.day = parts.day
      WHERE toUnixTimestamp(toDateTime(parts.day, 'UTC')) + 86400
          + ${{ type: "UInt32", value: fullHours * 3600 }} <= ${now}
        AND (thinned.at = 0 OR newest > known
          AND thinned.at + ${{ type: "UInt32", value: lateSeconds }} <= ${now})
      ORDER BY text`,
  );
  return rows.map(({ text }) => text);
}

/** Days before this one that still have spans of dropped traces which reach into it. */
export async function waitingDays({ client, database }: Rewriting, day: string): Promise<string[]> {
  const rows = await client.query<{ text: string }>(
    sql`SELECT DISTINCT toString(day) AS text FROM ${identifier(database)}.sampling_decisions
      WHERE day < ${date(day)} AND day >= ${date(day)} - 7 AND weight = 0 AND last_day = ${date(day)}
      ORDER BY text`,
  );
  return rows.map(({ text }) => text);
}

const NEW_DECISIONS = "sampling_decisions_new";

/** Records the decisions for a day, all of them or none. */
export async function recordDecisions(
  { client, database, settings }: Rewriting,
  deciding: Deciding & { readonly day: string },
): Promise<void> {
  const decisions = sql`${identifier(database)}.sampling_decisions`;
  const fresh = sql`${identifier(database)}.${identifier(NEW_DECISIONS)}`;
  await client.command(sql`DROP TABLE IF EXISTS ${fresh} SYNC`);
  await client.command(sql`CREATE TABLE ${fresh} AS ${decisions}`);
  await client.command(
    sql`INSERT INTO ${fresh} (day, tenant, trace_id, weight, policy, last_day, decided_at)
      SELECT ${date(deciding.day)}, tenant, trace_id, weight, policy_name, last_day, now()
      FROM (${decisionsSql(deciding)})`,
    settings,
  );
  await client.command(
    sql`ALTER TABLE ${decisions} ATTACH PARTITION ${partition(deciding.day)} FROM ${fresh}`,
  );
  await client.command(sql`DROP TABLE ${fresh} SYNC`);
}

/** Records that days have been thinned, and by which policies. */
export async function recordThinned(
  { client, database }: Rewriting,
  days: readonly { readonly before: RewrittenDay; readonly after: DayAfter }[],
  policies: string,
): Promise<void> {
  for (const { before, after } of days) {
    const numbers = [after.maxBlock, before.spans, after.spans, before.bytes, after.bytes];
    await client.command(
      sql`INSERT INTO ${identifier(database)}.thinned_days
        (day, max_block, spans_before, spans_after, bytes_before, bytes_after, policies)
        SELECT ${date(before.day)}, ${{ type: "UInt64", value: numbers[0]! }},
          ${{ type: "UInt64", value: numbers[1]! }}, ${{ type: "UInt64", value: numbers[2]! }},
          ${{ type: "UInt64", value: numbers[3]! }}, ${{ type: "UInt64", value: numbers[4]! }},
          ${{ type: "String", value: policies }}`,
    );
  }
}
