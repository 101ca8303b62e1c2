/** Reads roll-ups: what is asked for is added up in time and by group, since rows are only in part. */
import { type LatencyHistogram, mergeHistograms } from "../model/latency-buckets.ts";
import type { Reading } from "./list-traces.ts";
import { type RedTable, redTables } from "./red-tables.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";

/** What spans have to be to count; what is absent may be anything. */
export interface RedFilter {
  readonly service?: string | undefined;
  readonly name?: string | undefined;
  /** OTLP's numbers. */
  readonly kinds?: readonly number[] | undefined;
  readonly statusCodes?: readonly number[] | undefined;
  /** Values of configured dimensions by attribute key. */
  readonly dimensions?: Readonly<Record<string, string>> | undefined;
}

/** By what sums are told apart, beside time. */
export type RedGrouping = "none" | "service" | "serviceAndEntry" | "operation";

/** Sums asked for. */
export interface RedRequest {
  readonly tenants: readonly string[];
  /** Seconds since 1970, a multiple of the step each; the end is not included. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** A multiple of a minute. */
  readonly stepSeconds: number;
  readonly filter: RedFilter;
  readonly by: RedGrouping;
  /** Only so many groups, those with the most calls. */
  readonly groups: number;
}

/** What the group is: what it is not told apart by is empty. */
export interface RedGroup {
  readonly service: string;
  readonly name: string;
  /** OTLP's number. */
  readonly kind: number;
  /** Whether the spans are of requests that come to the service: of kind server or consumer. */
  readonly isEntry: boolean;
}

/** Sums of one group in one step; sampled spans count as often as they stand for. */
export interface RedSums {
  readonly group: RedGroup;
  /** Number of the step, from 0. */
  readonly step: number;
  readonly calls: number;
  readonly errors: number;
  readonly durationNano: number;
  readonly histogram: LatencyHistogram;
}

/** One of the spans in a step and a group of buckets. */
export interface RedExemplar {
  readonly step: number;
  /** See `exemplarGroup`. */
  readonly group: number;
  readonly traceId: string;
  readonly spanId: string;
}

/** The coarsest table whose rows each lie within one of the steps. */
export function tableFor({
  fromSeconds,
  stepSeconds,
}: Pick<RedRequest, "fromSeconds" | "stepSeconds">): RedTable {
  const fits = ({ seconds }: RedTable): boolean =>
    fromSeconds % seconds === 0 && stepSeconds % seconds === 0;
  return redTables.findLast(fits) ?? redTables[0];
}

interface SumsRow {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly is_entry: number;
  readonly step: number;
  readonly call_sum: number;
  readonly error_sum: number;
  readonly nano_sum: number;
  readonly seen: Readonly<Record<string, string>>;
  readonly unseen_only: Readonly<Record<string, number>>;
}

/** The sums of every group and step that has any, in no particular order. */
export async function readRed(reading: Reading, request: RedRequest): Promise<RedSums[]> {
  const { client, settings } = reading;
  const group = groupColumns(request.by);
  const rows = await client.query<SumsRow>(
    sql`SELECT ${group.service} AS service, ${group.name} AS name, ${group.kind} AS kind,
        ${group.isEntry} AS is_entry, ${stepOf(request)} AS step,
        sum(red.calls) + sum(red.unseen) AS call_sum,
        sumIf(red.calls, red.status_code = 2) + sumIf(red.unseen, red.status_code = 2) AS error_sum,
        sum(red.duration_nano) + sum(red.unseen_duration_nano) AS nano_sum,
        sumMap(red.histogram) AS seen, sumMap(red.unseen_histogram) AS unseen_only
      FROM ${from(reading, request)} AS red
      WHERE ${condition(request)} ${amongBusiest(reading, request)}
      GROUP BY service, name, kind, is_entry, step`,
    settings,
  );
  return rows.map((row) => ({
    group: {
      service: row.service,
      name: row.name,
      kind: row.kind,
      isEntry: row.is_entry === 1,
    },
    step: row.step,
    calls: row.call_sum,
    errors: row.error_sum,
    durationNano: row.nano_sum,
    histogram: mergeHistograms([histogramOf(row.seen), histogramOf(row.unseen_only)]),
  }));
}

/** A span for each step and group of buckets that has any. */
export async function readExemplars(reading: Reading, request: RedRequest): Promise<RedExemplar[]> {
  const rows = await reading.client.query<{
    readonly step: number;
    readonly found: Readonly<Record<string, string>>;
  }>(
    sql`SELECT ${stepOf(request)} AS step,
        mapApply((bucket, id) -> (bucket, lower(hex(id))), maxMap(red.exemplars)) AS found
      FROM ${from(reading, request)} AS red
      WHERE ${condition(request)}
      GROUP BY step`,
    reading.settings,
  );
  return rows.flatMap(({ step, found }) =>
    Object.entries(found).map(([group, id]) => ({
      step,
      group: Number(group),
      traceId: id.slice(0, 32),
      spanId: id.slice(32),
    })),
  );
}

function groupColumns(by: RedGrouping): Record<"service" | "name" | "kind" | "isEntry", Sql> {
  const none = { service: sql`''`, name: sql`''`, kind: sql`0`, isEntry: sql`0` };
  switch (by) {
    case "none":
      return none;
    case "service":
      return { ...none, service: sql`red.service` };
    case "serviceAndEntry":
      return { ...none, service: sql`red.service`, isEntry: sql`red.kind IN (2, 5)` };
    case "operation":
      return { ...none, service: sql`red.service`, name: sql`red.name`, kind: sql`red.kind` };
  }
}

function stepOf({ fromSeconds, stepSeconds }: RedRequest): Sql {
  const start = { type: "UInt32", value: fromSeconds } as const;
  const step = sql`${{ type: "UInt32", value: stepSeconds }}`;
  // Of 32 bits, since 64 would come as text.
  return sql`toUInt32(intDiv(toUnixTimestamp(red.time) - ${start}, ${step}))`;
}

function from({ database }: Reading, request: RedRequest): Sql {
  return sql`${identifier(database)}.${identifier(tableFor(request).name)}`;
}

function condition({ tenants, fromSeconds, toSeconds, filter }: RedRequest): Sql {
  const { service, name, kinds, statusCodes, dimensions = {} } = filter;
  const parts: Sql[] = [
    sql`red.${ofTenants(tenants)}`,
    sql`red.time >= toDateTime(${{ type: "UInt32", value: fromSeconds }})`,
    sql`red.time < toDateTime(${{ type: "UInt32", value: toSeconds }})`,
  ];
  if (service !== undefined) parts.push(sql`red.service = ${{ type: "String", value: service }}`);
  if (name !== undefined) parts.push(sql`red.name = ${{ type: "String", value: name }}`);
  if (kinds !== undefined) parts.push(sql`red.kind IN ${{ type: "Array(UInt8)", value: kinds }}`);
  if (statusCodes !== undefined) {
    parts.push(sql`red.status_code IN ${{ type: "Array(UInt8)", value: statusCodes }}`);
  }
  for (const [key, value] of Object.entries(dimensions)) {
    const found = sql`JSONExtractString(red.dimensions, ${{ type: "String", value: key }})`;
    parts.push(sql`${found} = ${{ type: "String", value }}`);
  }
  return joinSql(parts, sql` AND `);
}

/** Restricts the answer to the groups with the most calls, if there may be more of them. */
function amongBusiest(reading: Reading, request: RedRequest): Sql {
  const { by, groups } = request;
  if (by === "none") return sql``;
  const key = by === "operation" ? sql`(red.service, red.name, red.kind)` : sql`red.service`;
  return sql`AND ${key} IN (
    SELECT ${key} FROM ${from(reading, request)} AS red
    WHERE ${condition(request)}
    GROUP BY ${key}
    ORDER BY sum(red.calls) + sum(red.unseen) DESC, ${key}
    LIMIT ${{ type: "UInt64", value: groups }})`;
}

/** A histogram of cells by bucket, as ClickHouse sends them. */
export function histogramOf(cells: Readonly<Record<string, string | number>>): LatencyHistogram {
  const sorted = Object.entries(cells)
    .map(([bucket, count]) => [Number(bucket), Number(count)] as const)
    .sort(([a], [b]) => a - b);
  return {
    buckets: sorted.map(([bucket]) => bucket),
    counts: sorted.map(([, count]) => count),
  };
}
