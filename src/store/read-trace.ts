import type { SpanColumns } from "../model/span-columns.ts";
import type { Settings, StoreClient } from "./client.ts";
import { spansOfBlocks } from "./native/spans-of-blocks.ts";
import type { SpansTable } from "./schema.ts";
import { inTableOrder, ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";

/** A trace asked for. */
export interface TraceRequest {
  readonly tenants: readonly string[];
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Seconds since 1970; spans filed under times well outside are not looked for. */
  readonly startSeconds?: number;
  readonly endSeconds?: number;
  /** Only the spans with these ids, 16 lower-case hex digits each. */
  readonly spanIds?: readonly string[];
}

/** The spans of a trace, in no particular order. */
export interface StoredTrace {
  readonly columns: SpanColumns;
  /** Bytes of ClickHouse's answer. */
  readonly inspectedBytes: number;
  /** True if the trace has more spans than were asked for. */
  readonly truncated: boolean;
}

/** How far outside a hint a trace's other spans may lie: a hint names a moment of the trace. */
const HINT_REACH_SECONDS = 3600;

/** Where the rows of traces are read. */
export interface TraceReading {
  readonly client: StoreClient;
  readonly database: string;
  readonly table: SpansTable;
}

interface TraceLimits {
  readonly maxSpans: number;
  readonly settings: Settings;
}

/**
 * Reads the spans of one trace, at most `maxSpans` of them and each once: of rows with the same
 * (span id, kind, service), which a sender's retry leaves behind, one counts. A trace that is too
 * large is read in the order of the table, so that it is always the same spans that are left out.
 */
export async function readTrace(
  reading: TraceReading,
  request: TraceRequest,
  limits: TraceLimits,
): Promise<StoredTrace> {
  const { isTrace } = await findRows(reading, request, limits.settings);
  const found =
    request.spanIds === undefined ? isTrace : sql`${isTrace} AND ${isOne(request.spanIds)}`;
  // Ordering some hundred columns takes ClickHouse longer than finding them.
  const trace = await readRows(reading, found, limits, sql``);
  if (!trace.truncated) return trace;
  const inOrder = sql`${inTableOrder(request.tenants)}, span_id, kind`;
  return readRows(reading, found, limits, inOrder);
}

/** A trace's rows: the condition that finds them, and how many there are, repeated ones included. */
interface FoundRows {
  readonly isTrace: Sql;
  readonly rows: number;
}

/**
 * The condition for a trace's rows that names their time buckets, so that the table's order finds them.
 * The bloom filters that find a trace without a time say for every part of the table where it might be;
 * to get a hundred columns ready in every one of them takes longer than to ask twice.
 */
export async function findRows(
  { client, database }: TraceReading,
  request: TraceRequest,
  settings: Settings,
): Promise<FoundRows> {
  const isTrace = sql`${ofTenants(request.tenants)}
      AND trace_id = unhex(${{ type: "String", value: request.traceId }})`;
  const [found] = await client.query<{ buckets: number[]; rows: string }>(
    sql`SELECT arraySort(groupUniqArray(toUInt32(time_bucket))) AS buckets, count() AS rows
    FROM ${identifier(database)}.spans WHERE ${isTrace} ${timeCondition(request)}`,
    { ...settings, max_threads: 1 },
  );
  const buckets = found?.buckets ?? [];
  const inBuckets = sql`time_bucket IN ${{ type: "Array(UInt32)", value: buckets }}`;
  return { isTrace: sql`${isTrace} AND ${inBuckets}`, rows: Number(found?.rows ?? 0) };
}

function isOne(spanIds: readonly string[]): Sql {
  return sql`has(arrayMap(id -> toFixedString(unhex(id), 8), ${{
    type: "Array(String)",
    value: spanIds,
  }}), span_id)`;
}

async function readRows(
  { client, database, table }: TraceReading,
  condition: Sql,
  { maxSpans, settings }: TraceLimits,
  order: Sql,
): Promise<StoredTrace> {
  const names = joinSql(
    table.columns.map(([name]) => identifier(name)),
    sql`, `,
  );
  const statement = sql`SELECT ${names}
    FROM ${identifier(database)}.spans
    WHERE ${condition}
    ${order}
    LIMIT ${{ type: "UInt64", value: maxSpans + 1 }}`;
  const bytes = await client.queryBytes(statement, "Native", {
    ...settings,
    max_threads: 1,
    use_skip_indexes: 0,
  });
  const seen = new Set<string>();
  let rows = 0;
  const columns = spansOfBlocks(bytes, table, (spans, row) => {
    const identity = spanIdentity(spans, row);
    if (++rows > maxSpans || seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
  return { columns, inspectedBytes: bytes.length, truncated: rows > maxSpans };
}

function timeCondition({ startSeconds, endSeconds }: TraceRequest): Sql {
  const from = Math.max(0, (startSeconds ?? 0) - HINT_REACH_SECONDS);
  const since =
    startSeconds === undefined
      ? sql``
      : sql`AND time_bucket >= toDateTime(${{ type: "UInt32", value: from }})`;
  if (endSeconds === undefined) return since;
  const to = endSeconds + HINT_REACH_SECONDS;
  return sql`${since} AND time_bucket <= toDateTime(${{ type: "UInt32", value: to }})`;
}

/** What two rows of one span have in common. (Two spans may share an id: Zipkin's client and server,
 * or senders that are wrong; their kinds or services differ.) */
function spanIdentity(spans: SpanColumns, row: number): string {
  const id = Buffer.from(spans.spanId.subarray(row * 8, row * 8 + 8)).toString("latin1");
  return `${id}${spans.kind[row]} ${spans.resource[row]}`;
}
