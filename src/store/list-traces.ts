import { filedSql, serviceSql } from "./attribute-sql.ts";
import type { Settings, StoreClient } from "./client.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, type Sql, sql } from "./sql.ts";

/** Traces asked for: the newest of those that start in a stretch of time, [since, until). */
export interface ListRequest {
  readonly tenants: readonly string[];
  /** Only traces with a span of this service. */
  readonly service?: string;
  /** Seconds since 1970. */
  readonly sinceSeconds: number;
  readonly untilSeconds: number;
  /** `until` is now: what clocks that run ahead date after it counts, too. */
  readonly isOpenEnded: boolean;
  readonly limit: number;
}

/** What one trace looks like from outside; 64-bit integers are decimal text. */
export interface ListedTrace {
  readonly traceId: string;
  readonly startUnixNano: string;
  readonly endUnixNano: string;
  readonly rootService: string;
  readonly rootName: string;
  /** Sorted by name: name, spans, spans with status error, and from when to when it was at work. */
  readonly services: readonly (readonly [
    name: string,
    spans: string,
    errors: string,
    startUnixNano: string,
    endUnixNano: string,
  ])[];
}

/**
 * How long before the range a trace may have begun and still be judged whole: a trace whose spans
 * lie further apart is taken to start with the first one in reach.
 */
const REACH_SECONDS = 900;
const FIRST_SLICE_SECONDS = 300;

/** Where ClickHouse looks, and with what limits. */
export interface Reading {
  readonly client: StoreClient;
  readonly database: string;
  readonly settings: Settings;
}

/**
 * The newest traces by start. Looks at the last five minutes of the range first and goes back twice as
 * far each time there are not enough, so it does not matter how much is stored.
 */
export async function listTraces(reading: Reading, request: ListRequest): Promise<ListedTrace[]> {
  const { sinceSeconds, untilSeconds, limit } = request;
  for (let back = FIRST_SLICE_SECONDS; ; back *= 2) {
    const from = Math.max(sinceSeconds, untilSeconds - back);
    const traceIds = await newestTraceIds(reading, request, from);
    if (traceIds.length < limit && from > sinceSeconds) continue;
    if (traceIds.length === 0) return [];
    return describe(reading, request, traceIds, from);
  }
}

async function newestTraceIds(
  { client, database, settings }: Reading,
  { tenants, service, limit, ...range }: ListRequest,
  fromSeconds: number,
): Promise<string[]> {
  const ofService =
    service === undefined
      ? sql``
      : sql`AND countIf(${serviceSql} = ${{ type: "String", value: service }}) > 0`;
  const rows = await client.query<{ id: string }>(
    sql`SELECT lower(hex(trace_id)) AS id, min(${filedSql}) AS filed
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} AND ${inReach(fromSeconds)}
        AND ${before(range)}
      GROUP BY trace_id
      HAVING filed >= ${nanos(fromSeconds)} AND filed < ${nanos(endOf(range))} ${ofService}
      ORDER BY filed DESC, id
      LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
  );
  return rows.map(({ id }) => id);
}

type RangeEnd = Pick<ListRequest, "untilSeconds" | "isOpenEnded">;

const HIGHEST_SECONDS = 2 ** 32 - 1; // of a DateTime

function endOf({ untilSeconds, isOpenEnded }: RangeEnd): number {
  return isOpenEnded ? HIGHEST_SECONDS : untilSeconds;
}

function before(range: RangeEnd): Sql {
  return sql`time_bucket < toDateTime(${{ type: "UInt32", value: endOf(range) }})`;
}

function nanos(seconds: number): Sql {
  return sql`${{ type: "UInt64", value: BigInt(seconds) * 1_000_000_000n }}`;
}

function inReach(fromSeconds: number): Sql {
  const from = Math.max(0, fromSeconds - REACH_SECONDS);
  return sql`time_bucket >= toDateTime(${{ type: "UInt32", value: from - (from % 300) }})`;
}

interface DescribedRow {
  readonly id: string;
  readonly start: string;
  readonly end: string;
  readonly root: readonly [service: string, name: string];
  readonly services: ListedTrace["services"];
}

async function describe(
  { client, database, settings }: Reading,
  { tenants }: ListRequest,
  traceIds: readonly string[],
  fromSeconds: number,
): Promise<ListedTrace[]> {
  // Innermost: each span once. Then by service, then by trace. Spans with impossible times count,
  // but do not stretch the trace.
  const rows = await client.query<DescribedRow>(
    sql`SELECT lower(hex(trace_id)) AS id,
        min(first) AS start, max(last) AS end, min(filed) AS listed,
        argMin(root, if(root_start = 0, 18446744073709551615, root_start)) AS root,
        arraySort(groupArray((service, spans, errors, first, last))) AS services
      FROM (
        SELECT trace_id, service, count() AS spans, countIf(status = 2) AS errors,
          min(span_filed) AS filed,
          if(countIf(sane) = 0, min(start), minIf(start, sane)) AS first,
          if(countIf(sane) = 0, max(start), maxIf(start + toUInt64(greatest(duration, 0)), sane)) AS last,
          argMinIf((service, name), start, is_root) AS root,
          minIf(start, is_root) AS root_start
        FROM (
          SELECT trace_id, span_id, kind, ${serviceSql} AS service,
            any(start_unix_nano) AS start, any(duration_nano) AS duration, any(name) AS name,
            any(status_code) AS status, any(bitAnd(marks, 6)) = 0 AS sane,
            any(parent_span_id) = toFixedString('', 8) AS is_root, any(${filedSql}) AS span_filed
          FROM ${identifier(database)}.spans
          WHERE ${ofTenants(tenants)} AND ${inReach(fromSeconds)}
            AND trace_id IN (
              SELECT toFixedString(unhex(arrayJoin(${{ type: "Array(String)", value: traceIds }})), 16))
          GROUP BY trace_id, span_id, kind, service
        )
        GROUP BY trace_id, service
      )
      GROUP BY trace_id
      ORDER BY listed DESC, id`,
    settings,
  );
  return rows.map(({ id, start, end, root, services }) => ({
    traceId: id,
    startUnixNano: start,
    endUnixNano: end,
    rootService: root[0],
    rootName: root[1],
    services,
  }));
}

/** Every service with spans filed in a stretch of time, widened to whole five minutes; sorted. */
export async function listServices(
  { client, database, settings }: Reading,
  { tenants, sinceSeconds, ...range }: Omit<ListRequest, "service" | "limit">,
): Promise<string[]> {
  const rows = await client.query<{ service: string }>(
    sql`SELECT DISTINCT ${serviceSql} AS service
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)}
        AND time_bucket >= toDateTime(${{ type: "UInt32", value: sinceSeconds - (sinceSeconds % 300) }})
        AND ${before(range)}
      ORDER BY service`,
    settings,
  );
  return rows.map(({ service }) => service);
}

/** Whether one of the tenants has any span at all. */
export async function hasSpans(
  { client, database, settings }: Reading,
  tenants: readonly string[],
): Promise<boolean> {
  const rows = await client.query(
    sql`SELECT 1 FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} LIMIT 1`,
    settings,
  );
  return rows.length > 0;
}
