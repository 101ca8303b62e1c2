/**
 * What has to be known of traces to decide about them, one row each, in a table of its own for the time
 * of the work. ClickHouse finds out which policy decides, as far as SQL can say it; the rest is for the
 * evaluator.
 *
 *     spans ─ GROUP BY trace ─▶ facts: start, spans, randomness, policy
 *                                 │ policy unknown: the trace is evaluated, the fact inserted again
 *                                 ▼
 *                               decisions
 */
import type { Policies } from "../../sampling/policy.ts";
import type { Settings, StoreClient } from "../client.ts";
import type { SpansTable } from "../schema.ts";
import { identifier, joinSql, type Sql, sql } from "../sql.ts";
import { conditionSql } from "../truth-sql.ts";
import { traceTruth } from "./trace-truth.ts";

/** The policy of a fact that the evaluator has to find; lower than any, so that what it finds counts. */
export const UNKNOWN = -2;

/** How the names of tables begin in which policies that are only tried have their facts. */
export const TRY_PREFIX = "sampling_try_";

/** Removes what policies that were tried have left behind when Clew died. */
export async function dropTried({
  client,
  database,
}: Pick<Judging, "client" | "database">): Promise<void> {
  const tables = await client.query<{ name: string }>(
    sql`SELECT name FROM system.tables WHERE database = ${{ type: "String", value: database }}
      AND startsWith(name, ${{ type: "String", value: TRY_PREFIX }})`,
  );
  for (const { name } of tables) await dropFacts({ client, database, facts: name });
}

/** Which spans are looked at, as conditions on rows of the spans table. */
export interface JudgedSpans {
  /** Those by which a trace is judged. */
  readonly seen: Sql;
  /** Of which a trace must have one, or it is not judged. */
  readonly own: Sql;
}

/** Where facts are collected, and of which spans. */
export interface Judging {
  readonly client: StoreClient;
  readonly database: string;
  readonly table: SpansTable;
  /** Name of the table of facts. */
  readonly facts: string;
  readonly settings: Settings;
}

/** Makes an empty table of facts, in place of an older one of that name. */
export async function makeFacts({ client, database, facts }: Judging): Promise<void> {
  await dropFacts({ client, database, facts });
  await client.command(
    sql`CREATE TABLE ${identifier(database)}.${identifier(facts)} (
      tenant LowCardinality(String), trace_id FixedString(16), randomness UInt64,
      start_unix_nano UInt64, spans UInt64, first_bucket UInt32, last_bucket UInt32,
      last_day Date MATERIALIZED toDate(last_bucket), policy Int16
    ) ENGINE = MergeTree ORDER BY (tenant, first_bucket, trace_id)`,
  );
}

/** Removes a table of facts, if it is there. */
export async function dropFacts({
  client,
  database,
  facts,
}: Pick<Judging, "client" | "database" | "facts">): Promise<void> {
  await client.command(sql`DROP TABLE IF EXISTS ${identifier(database)}.${identifier(facts)} SYNC`);
}

const RANDOM_BITS = { type: "UInt64", value: 2n ** 56n - 1n } as const;

/** The last 56 bits of the trace id, or the value that a sender chose instead (`ot=rv:…`). */
const randomnessSql = sql`if(max(has_rv),
    max(if(has_rv, reinterpretAsUInt64(reverse(unhex(concat('00',
      extract(trace_state, '(?:^|,)[ \\t]*ot=(?:[^,]*;)?rv:([0-9a-f]{14})'))))), 0)),
    bitAnd(reinterpretAsUInt64(reverse(substring(trace_id, 9, 8))), ${RANDOM_BITS}))`;
const hasRv = sql`if(trace_state = '', false,
    match(trace_state, '(^|,)[ \\t]*ot=([^,]*;)?rv:[0-9a-f]{14}'))`;

/** Collects the facts of the traces that have spans of their own among those seen. */
export async function collectFacts(
  judging: Judging,
  policies: Policies,
  { seen, own }: JudgedSpans,
): Promise<void> {
  const { client, database, facts, settings } = judging;
  await client.command(
    sql`INSERT INTO ${identifier(database)}.${identifier(facts)}
      WITH ${hasRv} AS has_rv
      SELECT tenant, trace_id, ${randomnessSql}, min(start_unix_nano), count(),
        min(toUnixTimestamp(time_bucket)), max(toUnixTimestamp(time_bucket)),
        ${policySql(policies, judging.table)}
      FROM ${identifier(database)}.spans
      WHERE ${seen}
      GROUP BY tenant, trace_id
      HAVING max(${own})`,
    settings,
  );
}

/** The index of the first policy whose filter the trace answers for certain, UNKNOWN if one before it
 * may be answered. */
function policySql(policies: Policies, table: SpansTable): Sql {
  const branches = policies.slice(0, -1).flatMap(({ match }, i): Sql[] => {
    const { may, must } = traceTruth(match!.query, table);
    const index = sql`${{ type: "Int16", value: i }}`;
    const certain = sql`${conditionSql(must)}, ${index}`;
    if (may === must) return [certain];
    return [certain, sql`${conditionSql(may)}, ${{ type: "Int16", value: UNKNOWN }}`];
  });
  const last = sql`${{ type: "Int16", value: policies.length - 1 }}`;
  if (branches.length === 0) return last;
  return sql`multiIf(${joinSql([...branches, last], sql`, `)})`;
}
