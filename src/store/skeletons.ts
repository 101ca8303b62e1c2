/**
 * Traces with no more of them than a query reads: what the evaluator decides on.
 *
 * A row of the answer has the columns of every skeleton, those that the query's fields ask for, and for
 * each attribute one column a type. Rows go by trace; of rows with the same (span id, kind, service),
 * which a sender's retry leaves behind, one counts.
 */
import { Fault } from "../base/fault.ts";
import type { NeededFields } from "../traceql/evaluate/needed-fields.ts";
import { serviceSql, storedValues } from "./attribute-sql.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { type Block, readBlocks } from "./native/block-reader.ts";
import { bytesAt, int64At, textAt } from "./native/column-values.ts";
import type { SpansTable } from "./schema.ts";
import {
  attributeColumn,
  type RowAt,
  type SkeletonAttribute,
  SkeletonTrace,
} from "./skeleton-trace.ts";
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
export function skeletonPlan(needed: NeededFields, table: SpansTable): SkeletonPlan {
  const attributes = attributesOf(needed);
  const names = new Set(needed.fields.map(({ field }) => field.name));
  const columns = [
    ...always,
    ...(names.has("span:statusMessage") ? [sql`status_message`] : []),
    ...(names.has("instrumentation:name") ? [sql`scope_name`] : []),
    ...(names.has("instrumentation:version") ? [sql`scope_version`] : []),
    ...(attributes.length > 0 ? [sql`exact`] : []),
    ...attributes.flatMap((attribute, i) => attributeColumns(attribute, i, table)),
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

function attributeColumns({ scope, key }: SkeletonAttribute, i: number, table: SpansTable): Sql[] {
  return storedValues(table, scope, key).map(({ type, value, present, isInMap }) => {
    const name = identifier(attributeColumn(i, type));
    return isInMap ? sql`if(${present}, ${value}, NULL) AS ${name}` : sql`${value} AS ${name}`;
  });
}

/** Which skeletons to read. */
export interface SkeletonQuery {
  readonly plan: SkeletonPlan;
  /** 32 lower-case hex digits each. */
  readonly traceIds: readonly string[];
  /** Spans filed outside are left out. */
  readonly stretch: Stretch;
  /** Most rows; more are refused. */
  readonly maxRows: number;
}

/** The traces by id, each with all its spans within the stretch. Throws Fault "tooLarge" if they have
 * more rows than they may. */
export async function readSkeletons(
  { client, database, tenant, settings, sending }: CandidateReading,
  { plan, traceIds, stretch, maxRows }: SkeletonQuery,
): Promise<Map<string, SkeletonTrace>> {
  const bytes = await client.queryBytes(
    sql`SELECT ${joinSql(plan.columns, sql`, `)}
      FROM ${identifier(database)}.spans
      WHERE tenant = ${{ type: "String", value: tenant }} AND ${inBuckets(stretch)}
        AND trace_id IN (
          SELECT toFixedString(unhex(arrayJoin(${{ type: "Array(String)", value: traceIds }})), 16))
      LIMIT ${{ type: "UInt64", value: maxRows + 1 }}`,
    "Native",
    settings,
    sending,
  );
  return tracesOf(readBlocks(bytes), plan, maxRows);
}

/** The rows of an answer as traces. */
function tracesOf(
  blocks: readonly Block[],
  plan: SkeletonPlan,
  maxRows: number,
): Map<string, SkeletonTrace> {
  const rows = new Map<string, RowAt[]>();
  let count = 0;
  for (const block of blocks) {
    count += block.rows;
    if (count > maxRows) {
      const message = `the traces that the query has to look at have more than ${maxRows} spans`;
      throw new Fault("tooLarge", `${message}: ask for less time, or for something rarer`);
    }
    for (let i = 0; i < block.rows; i++) {
      const id = hexAt(block, "trace_id", i);
      const known = rows.get(id);
      if (known === undefined) rows.set(id, [{ block, i }]);
      else known.push({ block, i });
    }
  }
  return new Map(
    [...rows].map(([id, at]) => [id, new SkeletonTrace(id, inOrder(once(at)), plan.attributes)]),
  );
}

function hexAt({ columns }: Block, name: string, i: number): string {
  return Buffer.from(bytesAt(columns.get(name)!, i)).toString("hex");
}

/** Each span once. */
function once(rows: readonly RowAt[]): RowAt[] {
  const seen = new Set<string>();
  return rows.filter(({ block, i }) => {
    const kind = bytesAt(block.columns.get("kind")!, i)[0]!;
    const service = textAt(block.columns.get("service")!, i);
    const identity = `${hexAt(block, "span_id", i)}${kind}${service}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** By start, then span id; spans that share both in an order that is always the same. */
function inOrder(rows: readonly RowAt[]): RowAt[] {
  const keyed = rows.map((row) => {
    const { columns } = row.block;
    const number = (name: string): bigint => int64At(columns.get(name)!, row.i);
    const kind = bytesAt(columns.get("kind")!, row.i)[0]!;
    const others = `${kind} ${number("duration_nano")} ${textAt(columns.get("service")!, row.i)}`;
    const id = hexAt(row.block, "span_id", row.i);
    return { row, start: number("start_unix_nano"), text: `${id} ${others}` };
  });
  keyed.sort((a, b) => {
    if (a.start !== b.start)
      return BigInt.asUintN(64, a.start) < BigInt.asUintN(64, b.start) ? -1 : 1;
    return a.text < b.text ? -1 : Number(a.text > b.text);
  });
  return keyed.map(({ row }) => row);
}
