/** Spans that meet a condition, one by one, whatever else their traces have. */
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { readBlocks } from "./native/block-reader.ts";
import { SkeletonBatch } from "./skeleton-batch.ts";
import { rowsByTrace, spansInOrder } from "./skeleton-rows.ts";
import { SkeletonTrace } from "./skeleton-trace.ts";
import type { SkeletonPlan } from "./skeletons.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, sql } from "./sql.ts";
import { type Condition, conditionSql } from "./truth-sql.ts";

/** Which spans to read. */
export interface SpanRowsQuery {
  readonly plan: SkeletonPlan;
  readonly where: Condition;
  /** Where they start. */
  readonly stretch: Stretch;
  /** Most rows. */
  readonly limit: number;
}

/** The spans as parts of their traces, and how many rows they were. If these are as many as the limit,
 * there may be more, and these are those of the lowest trace ids. */
export async function readSpanRows(
  { client, database, tenants, settings, sending }: CandidateReading,
  { plan, where, stretch, limit }: SpanRowsQuery,
): Promise<{ readonly traces: readonly SkeletonTrace[]; readonly rows: number }> {
  const { fromNano, toNano } = stretch;
  const bytes = await client.queryBytes(
    sql`SELECT ${joinSql(plan.columns, sql`, `)}
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
        AND start_unix_nano >= ${{ type: "UInt64", value: fromNano }}
        AND start_unix_nano < ${{ type: "UInt64", value: toNano }}
        AND ${conditionSql(where)}
      ORDER BY trace_id, span_id
      LIMIT ${{ type: "UInt64", value: limit }}`,
    "Native",
    settings,
    sending,
  );
  const batch = new SkeletonBatch(readBlocks(bytes), plan.attributes);
  const traces = [...rowsByTrace(batch).values()].map(
    (rows) => new SkeletonTrace(batch, spansInOrder(batch, rows), false),
  );
  return { traces, rows: batch.length };
}
