/**
 * Traces with no more of them than a query reads: what the evaluator decides on.
 *
 * A row of the answer has the columns of every skeleton, those that the query's fields ask for, and for
 * each attribute one column a type. Rows go by trace; of rows with the same (span id, kind, service),
 * which a sender's retry leaves behind, one counts.
 */
import type { NeededFields } from "../traceql/evaluate/needed-fields.ts";
import { isEverExact, type KnownTable, serviceSql, storedValues } from "./attribute-sql.ts";
import { type Candidate, type CandidateReading, inBuckets, widened } from "./candidates.ts";
import { readBlocks } from "./native/block-reader.ts";
import { attributeColumn, SkeletonBatch, type SkeletonAttribute } from "./skeleton-batch.ts";
import { rowsByTrace, spansInOrder } from "./skeleton-rows.ts";
import { SkeletonTrace } from "./skeleton-trace.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";

/** What skeletons have. */
export interface SkeletonPlan {
  readonly columns: readonly Sql[];
  readonly attributes: readonly SkeletonAttribute[];
}

const always: readonly Sql[] = [
  sql`trace_id`,
  sql`span_id`,
  sql`parent_span_id`,
  sql`start_unix_nano`,
  sql`duration_nano`,
  sql`kind`,
  sql`status_code`,
  sql`bitAnd(marks, 6) AS misfiled`,
  sql`time_bucket`,
  sql`name`,
  sql`${serviceSql} AS service`,
];

const ofEvents = ["event_time_unix_nano", "event_name", "event_attributes", "event_exact"];
const ofLinks = ["link_trace_id", "link_span_id", "link_attributes", "link_exact"];

/** Skeletons for queries that read these fields. Not for those that read all attributes. */
export function skeletonPlan(
  needed: NeededFields,
  table: KnownTable,
  { hasWeights = false }: { readonly hasWeights?: boolean } = {},
): SkeletonPlan {
  const attributes = attributesOf(needed);
  const names = new Set(needed.fields.map(({ field }) => field.name));
  const columns = [
    ...always,
    ...(names.has("span:statusMessage") ? [sql`status_message`] : []),
    ...(names.has("instrumentation:name") ? [sql`scope_name`] : []),
    ...(names.has("instrumentation:version") ? [sql`scope_version`] : []),
    ...(attributes.some(({ scope, key }) => isEverExact(table, scope, key)) ? [sql`exact`] : []),
    ...attributes.flatMap((attribute, i) => attributeColumns(attribute, i, table)),
    ...(hasWeights ? [sql`sampling_weight`] : []),
    ...(needed.usesEvents ? ofEvents : []).map(identifier),
    ...(needed.usesLinks ? ofLinks : []).map(identifier),
  ];
  return { columns, attributes };
}

function attributesOf({ fields }: NeededFields): SkeletonAttribute[] {
  const found = new Map<string, SkeletonAttribute>();
  for (const { field } of fields) {
    if (field.kind !== "attribute" || field.scope === "event" || field.scope === "link") continue;
    const scopes = field.scope === "any" ? (["span", "resource"] as const) : [field.scope];
    for (const scope of scopes) found.set(`${scope} ${field.name}`, { scope, key: field.name });
  }
  return [...found.values()];
}

function attributeColumns({ scope, key }: SkeletonAttribute, i: number, table: KnownTable): Sql[] {
  return storedValues(table, scope, key).map(({ type, value, present, map }) => {
    const name = identifier(attributeColumn(i, type));
    return map === undefined
      ? sql`${value} AS ${name}`
      : sql`if(${present}, ${value}, NULL) AS ${name}`;
  });
}

/** Which skeletons to read, and how large they may be. */
export interface SkeletonQuery {
  readonly plan: SkeletonPlan;
  readonly candidates: readonly Candidate[];
  /** Spans filed that far before the first span that may be found, or after the last, are left out. */
  readonly reachNano: bigint;
  /** Of one trace. */
  readonly maxSpans: number;
}

/** Rows that are read together; where traces have more, they are read by halves. */
const MOST_ROWS = 400_000;

/** The traces of the candidates, each with all its spans in reach, in several lots. A trace that is too
 * large is cut, always in the same way. `reading` is asked before each statement. */
export async function* readSkeletons(
  reading: () => CandidateReading,
  query: SkeletonQuery,
): AsyncGenerator<SkeletonTrace[]> {
  const { candidates, maxSpans } = query;
  if (candidates.length === 0) return;
  const isOne = candidates.length === 1;
  const batch = await readBatch(reading(), query, isOne ? maxSpans : MOST_ROWS);
  const isWhole = batch.length <= (isOne ? maxSpans : MOST_ROWS);
  if (isWhole || isOne) {
    yield tracesOf(batch, query, !isWhole);
    return;
  }
  const half = Math.ceil(candidates.length / 2);
  yield* readSkeletons(reading, { ...query, candidates: candidates.slice(0, half) });
  yield* readSkeletons(reading, { ...query, candidates: candidates.slice(half) });
}

/** The rows of all candidates, or one more than `maxRows` if they are more. */
async function readBatch(
  { client, database, tenants, settings, sending }: CandidateReading,
  { plan, candidates, reachNano }: SkeletonQuery,
  maxRows: number,
): Promise<SkeletonBatch> {
  const ids = candidates.map(({ traceId }) => traceId);
  const stretch = {
    fromNano: candidates.reduce((least, { firstNano: n }) => (n < least ? n : least), NEVER),
    toNano: candidates.reduce((most, { lastNano: n }) => (n > most ? n : most), 0n) + 1n,
  };
  // Which rows are left out of a trace that is too large must not be left to chance.
  const inOrder = candidates.length === 1 ? sql`ORDER BY start_unix_nano, span_id, kind` : sql``;
  const bytes = await client.queryBytes(
    sql`SELECT ${joinSql(plan.columns, sql`, `)}
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)}
        AND ${inBuckets(widened(stretch, reachNano))}
        AND trace_id IN (
          SELECT toFixedString(unhex(arrayJoin(${{ type: "Array(String)", value: ids }})), 16))
      ${inOrder}
      LIMIT ${{ type: "UInt64", value: maxRows + 1 }}`,
    "Native",
    settings,
    sending,
  );
  return new SkeletonBatch(readBlocks(bytes), plan.attributes);
}

const NEVER = 2n ** 64n;

function tracesOf(
  batch: SkeletonBatch,
  { candidates, reachNano }: SkeletonQuery,
  isCut: boolean,
): SkeletonTrace[] {
  const rows = rowsByTrace(batch);
  return candidates.flatMap(({ traceId, firstNano, lastNano }) => {
    const inReach = rows.get(traceId)?.filter((row) => {
      const filed = batch.filedNano[row]!;
      return filed >= firstNano - reachNano && filed <= lastNano + reachNano;
    });
    if (inReach === undefined) return [];
    return [new SkeletonTrace(batch, spansInOrder(batch, inReach), isCut)];
  });
}
