/**
 * Days of the spans table without the traces that were dropped. A day is a partition; what is to stay is
 * copied into a staging table of the same structure, and the copy takes the partition's place in one step:
 * a question sees the one or the other.
 *
 *     merges stopped ─▶ parts listed ─▶ (decisions) ─▶ copied ─▶ inserts of these days held back
 *       ─▶ parts that came meanwhile copied as they are ─▶ swapped ─▶ inserts go on ─▶ merges go on
 *
 * Spans of these days are held back by a constraint of the table, which all who insert meet, in whatever
 * process: they are refused, and tried again in a moment. Whatever dies when, the next time begins with
 * taking back what may have been left; nothing is lost, since the old partition is there until the swap.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../base/fault.ts";
import type { Settings, StoreClient } from "../client.ts";
import { identifier, joinSql, type Sql, sql } from "../sql.ts";
import { date, partition } from "./decisions.ts";

/** Where days are rewritten. */
export interface Rewriting {
  readonly client: StoreClient;
  readonly database: string;
  readonly settings: Settings;
}

/** A day that is rewritten, and the parts that were there when decisions began. */
export interface RewrittenDay {
  /** Like "2026-01-31". */
  readonly day: string;
  readonly parts: readonly string[];
  readonly spans: number;
  readonly bytes: number;
}

/** What a day is after it was rewritten. */
export interface DayAfter {
  readonly day: string;
  readonly spans: number;
  readonly bytes: number;
  /** Of its parts; 0 if spans came meanwhile, about which nothing is decided yet. */
  readonly maxBlock: number;
}

const STAGING = "spans_staging";
const HOLD = "spans_are_rewritten";
/** How much more disk than the old partition takes there must be. */
const SPARE = 1.1;
const HELD_MS = 50;
/** Inserts that began before they were held back are done by then, or are of no day that is. */
const MAX_HELD_MS = 60_000;

/** Takes back what a rewriting that died has left: the staging table, inserts held back. */
export async function recover({ client, database }: Rewriting): Promise<void> {
  const spans = sql`${identifier(database)}.spans`;
  await client.command(sql`ALTER TABLE ${spans} DROP CONSTRAINT IF EXISTS ${identifier(HOLD)}`);
  await client.command(sql`SYSTEM START MERGES ${spans}`);
  await client.command(
    sql`DROP TABLE IF EXISTS ${identifier(database)}.${identifier(STAGING)} SYNC`,
  );
}

/** Stops merges and lists the parts of the days, as far as there are any. Throws Fault "unavailable" if
 * there is not enough disk to copy the largest. */
export async function beginRewrite(
  { client, database }: Rewriting,
  days: readonly string[],
): Promise<RewrittenDay[]> {
  await client.command(sql`SYSTEM STOP MERGES ${identifier(database)}.spans`);
  const rows = await client.query<{ day: string; parts: string[]; spans: string; bytes: string }>(
    sql`SELECT partition AS day, groupArray(name) AS parts, sum(rows) AS spans,
        sum(bytes_on_disk) AS bytes
      FROM system.parts
      WHERE active AND database = ${{ type: "String", value: database }} AND table = 'spans'
        AND partition IN ${{ type: "Array(String)", value: days }}
      GROUP BY partition ORDER BY partition`,
  );
  const [disk] = await client.query<{ free: string }>(
    sql`SELECT min(free_space) AS free FROM system.disks WHERE type = 'Local'`,
  );
  const needed = SPARE * rows.reduce((sum, { bytes }) => sum + Number(bytes), 0);
  if (needed > Number(disk?.free ?? 0)) {
    const message = `${Math.ceil(needed)} bytes are needed to rewrite ${days.join(", ")}`;
    throw new Fault("exhausted", `${message}, and ${disk?.free} are free`);
  }
  return rows.map(({ day, parts, spans, bytes }) => {
    return { day, parts, spans: Number(spans), bytes: Number(bytes) };
  });
}

/** Copies what stays of the days; `through` is the last day that is thinned. A dropped trace that has
 * spans on a later day stays until that day is thinned, too. */
export async function copyKept(
  { client, database, settings }: Rewriting,
  days: readonly RewrittenDay[],
  through: string,
): Promise<void> {
  const [spans, staging] = [sql`${identifier(database)}.spans`, stagingOf(database)];
  await client.command(sql`CREATE TABLE ${staging} AS ${spans}`);
  for (const { day, parts } of days) {
    const decided = sql`${identifier(database)}.sampling_decisions WHERE day = ${date(day)}`;
    await client.command(
      sql`INSERT INTO ${staging}
        SELECT kept.* REPLACE (greatest(sampling_weight, weights.weight) AS sampling_weight)
        FROM (
          SELECT * FROM ${spans}
          PREWHERE toDate(time_bucket) = ${date(day)} AND _part IN ${texts(parts)}
            AND (tenant, trace_id) IN (
              SELECT tenant, trace_id FROM ${decided} AND (weight > 0 OR last_day > ${date(through)})
              UNION ALL SELECT tenant, trace_id FROM ${identifier(database)}.pinned_traces FINAL
              WHERE is_pinned)
        ) AS kept
        ANY LEFT JOIN (SELECT tenant, trace_id, weight FROM ${decided} AND weight > 1) AS weights
        USING (tenant, trace_id)`,
      settings,
    );
  }
}

/** Puts the copies into the place of the days. Inserts of these days wait meanwhile, and what came since
 * `beginRewrite` is copied as it is. */
export async function swap(
  rewriting: Rewriting,
  days: readonly RewrittenDay[],
  onStep: (step: string) => Promise<void>,
): Promise<DayAfter[]> {
  const { client, database } = rewriting;
  const spans = sql`${identifier(database)}.spans`;
  await onStep("hold");
  const all = joinSql(
    days.map(({ day }) => date(day)),
    sql`, `,
  );
  await client.command(
    sql`ALTER TABLE ${spans} ADD CONSTRAINT ${identifier(HOLD)} CHECK toDate(time_bucket) NOT IN (${all})`,
  );
  await onStep("wait");
  await insertsDone(rewriting);
  await onStep("latecomers");
  const late = new Set<string>();
  for (const day of days) if (await copyLatecomers(rewriting, day)) late.add(day.day);
  for (const { day } of days) {
    await onStep(`swap ${day}`);
    // A partition is not replaced by nothing.
    const change = (await hasCopy(rewriting, day))
      ? sql`REPLACE PARTITION ${partition(day)} FROM ${stagingOf(database)}`
      : sql`DROP PARTITION ${partition(day)}`;
    await client.command(sql`ALTER TABLE ${spans} ${change}`);
  }
  await onStep("release");
  const after = await daysNow(rewriting, days);
  await recover(rewriting);
  return after.map((day) => (late.has(day.day) ? { ...day, maxBlock: 0 } : day));
}

async function hasCopy({ client, database }: Rewriting, day: string): Promise<boolean> {
  const rows = await client.query(
    sql`SELECT 1 FROM ${stagingOf(database)} WHERE toDate(time_bucket) = ${date(day)} LIMIT 1`,
  );
  return rows.length > 0;
}

/** Waits until inserts that may have begun before they were held back are done. */
async function insertsDone({ client, database }: Rewriting): Promise<void> {
  const since = Date.now();
  for (;;) {
    const seconds = (Date.now() - since) / 1000;
    const [running] = await client.query<{ inserts: string }>(
      sql`SELECT count() AS inserts FROM system.processes
        WHERE query_kind = 'Insert' AND elapsed >= ${{ type: "Float64", value: seconds }}
          AND startsWith(query, ${{ type: "String", value: `INSERT INTO \`${database}\`.spans ` }})`,
    );
    if (running?.inserts === "0") return;
    if (Date.now() - since > MAX_HELD_MS) {
      throw new Fault("unavailable", `an insert into spans takes over ${MAX_HELD_MS} ms`);
    }
    await sleep(HELD_MS);
  }
}

async function copyLatecomers(
  { client, database, settings }: Rewriting,
  { day, parts }: RewrittenDay,
): Promise<boolean> {
  const spans = sql`${identifier(database)}.spans`;
  const late = sql`toDate(time_bucket) = ${date(day)} AND _part NOT IN ${texts(parts)}`;
  const [found] = await client.query<{ rows: string }>(
    sql`SELECT count() AS rows FROM ${spans} WHERE ${late}`,
  );
  if (found?.rows === "0") return false;
  await client.command(
    sql`INSERT INTO ${stagingOf(database)} SELECT * FROM ${spans} WHERE ${late}`,
    settings,
  );
  return true;
}

async function daysNow(
  { client, database }: Rewriting,
  days: readonly RewrittenDay[],
): Promise<DayAfter[]> {
  const rows = await client.query<Record<"day" | "spans" | "bytes" | "max", string>>(
    sql`SELECT partition AS day, sum(rows) AS spans, sum(bytes_on_disk) AS bytes,
        max(max_block_number) AS max
      FROM system.parts
      WHERE active AND database = ${{ type: "String", value: database }} AND table = 'spans'
        AND partition IN ${texts(days.map(({ day }) => day))}
      GROUP BY partition`,
  );
  return days.map(({ day }) => {
    const row = rows.find((each) => each.day === day);
    const [spans, bytes, maxBlock] = [row?.spans, row?.bytes, row?.max].map((n) => Number(n ?? 0));
    return { day, spans: spans!, bytes: bytes!, maxBlock: maxBlock! };
  });
}

function stagingOf(database: string): Sql {
  return sql`${identifier(database)}.${identifier(STAGING)}`;
}

function texts(value: readonly string[]): Sql {
  return sql`${{ type: "Array(String)", value }}`;
}
