/** What decisions come to, added up. */
import type { Policies } from "../../sampling/policy.ts";
import { serviceSql } from "../attribute-sql.ts";
import { identifier, type Sql, sql } from "../sql.ts";
import type { Judging } from "./facts.ts";

/** So many traces, with so many spans. */
export interface Amount {
  readonly traces: number;
  readonly spans: number;
  /** On disk, about. */
  readonly bytes: number;
}

/** What is kept and what is dropped. */
export interface Outcome {
  readonly kept: Amount;
  readonly dropped: Amount;
}

/** What policies would do. */
export interface TriedPolicies extends Outcome {
  /** By policy, in their order. */
  readonly policies: readonly Outcome[];
  /** Kept because a filter could not be calculated for them. */
  readonly undecided: Amount;
  /** Services that have spans, none of which would be kept; sorted. */
  readonly invisibleServices: readonly string[];
}

interface Reading {
  /** As rows of `decisionsSql`. */
  readonly decisions: Sql;
  /** Rows of the spans table that were looked at. */
  readonly seen: Sql;
  readonly policies: Policies;
  /** That a span takes. */
  readonly bytes: number;
}

/** How many bytes a span takes on disk, on average of all. */
export async function bytesPerSpan({ client, database }: Judging): Promise<number> {
  const [row] = await client.query<{ bytes: number }>(
    sql`SELECT sum(bytes_on_disk) / greatest(sum(rows), 1) AS bytes FROM system.parts
      WHERE active AND database = ${{ type: "String", value: database }} AND table = 'spans'`,
  );
  return row?.bytes ?? 0;
}

/** Adds up the decisions. */
export async function readOutcome(
  { client, database, settings }: Judging,
  { decisions, seen, policies, bytes }: Reading,
): Promise<TriedPolicies> {
  const rows = await client.query<Record<"by" | "is_kept", number> & Record<"t" | "s", string>>(
    sql`SELECT policy AS by, weight > 0 AS is_kept, count() AS t, sum(spans) AS s
      FROM (${decisions}) GROUP BY by, is_kept`,
    settings,
  );
  const amount = (is: (by: number) => boolean, isKept: boolean): Amount => {
    const found = rows.filter((row) => is(row.by) && (row.is_kept === 1) === isKept);
    const sum = (key: "t" | "s"): number =>
      found.reduce((total, row) => total + Number(row[key]), 0);
    return { traces: sum("t"), spans: sum("s"), bytes: Math.round(sum("s") * bytes) };
  };
  const outcome = (is: (by: number) => boolean): Outcome => {
    return { kept: amount(is, true), dropped: amount(is, false) };
  };
  const invisible = await client.query<{ service: string }>(
    sql`SELECT ${serviceSql} AS service FROM ${identifier(database)}.spans WHERE ${seen}
      GROUP BY service
      HAVING countIf(trace_id IN (SELECT trace_id FROM (${decisions}) WHERE weight > 0)) = 0
      ORDER BY service`,
    settings,
  );
  return {
    ...outcome(() => true),
    policies: policies.map((_, i) => outcome((by) => by === i)),
    undecided: amount((by) => by < 0, true),
    invisibleServices: invisible.map(({ service }) => service),
  };
}
