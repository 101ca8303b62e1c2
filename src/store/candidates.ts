/** Which traces a search has to look at, and where they are. */
import { filedSql } from "./attribute-sql.ts";
import type { CandidatePlan, Others } from "./candidate-plan.ts";
import type { Sending, Settings, StoreClient } from "./client.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, type Sql, sql } from "./sql.ts";
import { traceDurationSql } from "./trace-sql.ts";
import { type Condition, conditionSql, conjunction } from "./truth-sql.ts";

/** Where to look. */
export interface CandidateReading {
  readonly client: StoreClient;
  readonly database: string;
  readonly tenants: readonly string[];
  readonly settings: Settings;
  readonly sending: Sending;
}

/** A stretch of time, in unix nanoseconds, its end not included. */
export interface Stretch {
  readonly fromNano: bigint;
  readonly toNano: bigint;
}

/** A stretch with what is so near before and after it. */
export function widened({ fromNano, toNano }: Stretch, reachNano: bigint): Stretch {
  return { fromNano: fromNano - reachNano, toNano: toNano + reachNano };
}

/** What candidates are ordered by: when they began, how long their longest span lasts, or they do. What
 * they are looked at with is not ahead of that. */
export type CandidateOrder = "newest" | "longestSpan" | "longest";

/** Which candidates to give. */
export interface CandidateQuery {
  readonly plan: CandidatePlan;
  /** Leave over less, at a price. */
  readonly isNarrowed: boolean;
  readonly order: CandidateOrder;
  /** Some span that may be found is filed within it. */
  readonly stretch: Stretch;
  /** Rows that far before and after it count, too, for what is asked of traces. */
  readonly reachNano: bigint;
  readonly limit: number;
  /** Only those that come after this one. */
  readonly after?: Candidate | undefined;
}

/** A trace that has to be looked at. */
export interface Candidate {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** By what it is ordered, the greatest first. */
  readonly key: bigint;
  /** When the first and the last of the spans that may be found are filed. */
  readonly firstNano: bigint;
  readonly lastNano: bigint;
}

interface CandidateRow {
  readonly id: string;
  readonly key: string;
  readonly first_filed: string;
  readonly last_filed: string;
}

/** The traces to look at, in the order asked for. */
export async function readCandidates(
  reading: CandidateReading,
  query: CandidateQuery,
): Promise<Candidate[]> {
  const { client, settings, sending } = reading;
  const { limit, after } = query;
  const rows = await client.query<CandidateRow>(
    sql`SELECT lower(hex(trace_id)) AS id, toInt64(ranked) AS key,
        first_filed, last_filed
      FROM (${query.order === "newest" ? newest(reading, query) : longest(reading, query)})
      ${afterSql(after)}
      ORDER BY key DESC, id
      LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
    sending,
  );
  return rows.map((row) => ({
    traceId: row.id,
    key: BigInt(row.key),
    firstNano: BigInt(row.first_filed),
    lastNano: BigInt(row.last_filed),
  }));
}

/** No trace has begun later than the first of its spans that may be found. */
function newest(reading: CandidateReading, query: CandidateQuery): Sql {
  const { stretch } = query;
  return sql`WITH ${filedSql} AS filed
    SELECT trace_id, min(filed) AS first_filed, max(filed) AS last_filed, first_filed AS ranked
    ${fromSpans(reading, stretch, foundRow(reading, query))}
      AND ${conditionSql(isWithin(stretch))}
    GROUP BY trace_id`;
}

/** Of a trace some of whose spans are in the stretch, those near it may be longer. Long ones count as long
 * as they last. */
function longest(reading: CandidateReading, query: CandidateQuery): Sql {
  const { stretch, reachNano } = query;
  const found = foundRow(reading, query);
  const ofTrace = query.order === "longest";
  const within = conditionSql(
    conjunction([inBuckets(stretch), isWithin(stretch), ofTrace ? found : true]),
  );
  return sql`WITH ${filedSql} AS filed, filed + toUInt64(greatest(duration_nano, 0)) AS ended
    SELECT trace_id, minIf(filed, ${within}) AS first_filed, maxIf(ended, ${within}) AS last_filed,
      ${ofTrace ? traceDurationSql : sql`max(duration_nano)`} AS ranked
    ${fromSpans(reading, widened(stretch, reachNano), ofTrace ? true : found)}
    GROUP BY trace_id
    HAVING last_filed > 0`;
}

/** Candidates that have the longest of the spans that may be found. */
export interface LongestSpans {
  /** By their longest span. */
  readonly candidates: readonly Candidate[];
  /** No other candidate has a longer span; undefined if there is no other. */
  readonly boundNano: bigint | undefined;
}

interface SpanRow {
  readonly id: string;
  readonly duration_nano: string;
  readonly filed: string;
  readonly ended: string;
}

/** The traces of the longest spans that may be found, of `limit` spans. To sort these takes less than to
 * put together the spans of each trace. */
export async function readLongestSpans(
  reading: CandidateReading,
  query: CandidateQuery,
): Promise<LongestSpans> {
  const { client, settings, sending } = reading;
  const { limit } = query;
  const stretch = widened(query.stretch, query.reachNano);
  const rows = await client.query<SpanRow>(
    sql`SELECT lower(hex(trace_id)) AS id, duration_nano, ${filedSql} AS filed,
        filed + toUInt64(greatest(duration_nano, 0)) AS ended
      ${fromSpans(reading, stretch, foundRow(reading, query))}
      ORDER BY duration_nano DESC
      LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
    sending,
  );
  const candidates = new Map<string, Candidate>();
  for (const row of rows) {
    const [filed, ended] = [BigInt(row.filed), BigInt(row.ended)];
    const known = candidates.get(row.id);
    candidates.set(row.id, {
      traceId: row.id,
      key: known?.key ?? BigInt(row.duration_nano),
      firstNano: known === undefined || filed < known.firstNano ? filed : known.firstNano,
      lastNano: known === undefined || ended > known.lastNano ? ended : known.lastNano,
    });
  }
  const last = rows.length < limit ? undefined : rows.at(-1);
  return { candidates: [...candidates.values()], boundNano: last && BigInt(last.duration_nano) };
}

/** Of rows whose bucket is of the stretch: only where it does not begin or end with one is there more to
 * ask. */
function isWithin({ fromNano, toNano }: Stretch): Condition {
  return conjunction([
    fromNano % BUCKET_NANO === 0n || sql`filed >= ${{ type: "UInt64", value: fromNano }}`,
    toNano % BUCKET_NANO === 0n || sql`filed < ${{ type: "UInt64", value: toNano }}`,
  ]);
}

/** The rows of a stretch's buckets that meet a condition, of which nothing else is read before. */
function fromSpans({ database, tenants }: CandidateReading, stretch: Stretch, row: Condition): Sql {
  const isThere = sql`${ofTenants(tenants)} AND ${inBuckets(stretch)}`;
  const condition = row === true ? sql`` : sql`PREWHERE ${conditionSql(row)}`;
  return sql`FROM ${identifier(database)}.spans ${condition} WHERE ${isThere}`;
}

function foundRow(
  reading: CandidateReading,
  { plan, isNarrowed, stretch, reachNano }: CandidateQuery,
): Condition {
  if (!isNarrowed) return plan.row;
  return plan.narrowed(othersWithin(reading, widened(stretch, reachNano)));
}

/** What other rows there are, in a stretch of time. */
function othersWithin(reading: CandidateReading, stretch: Stretch): Others {
  const from = (row: Condition): Sql => fromSpans(reading, stretch, row);
  return {
    trace(row, together) {
      if (row === false || (row === true && together === undefined)) return row;
      const having = together === undefined ? sql`` : sql`GROUP BY trace_id HAVING ${together}`;
      const ids = sql`SELECT trace_id ${from(row)} ${having}`;
      return sql`trace_id IN (${ids})`;
    },
    linked(row, { own, their }) {
      if (row === false) return false;
      // Hashes are a third of the ids, and one that is wrong only means one more candidate.
      const links = sql`SELECT cityHash64(trace_id, ${their}) ${from(row)}`;
      return sql`cityHash64(trace_id, ${own}) IN (${links})`;
    },
  };
}

function afterSql(after: Candidate | undefined): Sql {
  if (after === undefined) return sql``;
  const key = { type: "Int64", value: after.key } as const;
  return sql`WHERE key < ${key} OR (key = ${key} AND id > ${{ type: "String", value: after.traceId }})`;
}

const BUCKET_SECONDS = 300n;
const SECOND = 1_000_000_000n;
const BUCKET_NANO = BUCKET_SECONDS * SECOND;
const LAST_SECOND = 2n ** 32n - 1n;

/** The rows that may be filed within a stretch of time. */
export function inBuckets({ fromNano, toNano }: Stretch): Sql {
  const bucket = (nano: bigint): bigint => {
    const seconds = nano < 0n ? 0n : nano / SECOND;
    const within = seconds > LAST_SECOND ? LAST_SECOND : seconds;
    return within - (within % BUCKET_SECONDS);
  };
  return sql`time_bucket >= toDateTime(${{ type: "UInt32", value: bucket(fromNano) }})
    AND time_bucket <= toDateTime(${{ type: "UInt32", value: bucket(toNano - 1n) }})`;
}
