/** Spans that failed, grouped by what is said of why. */
import { templateLimits, templateRules } from "../model/message-template.ts";
import { type KnownTable, serviceSql, storedValues } from "./attribute-sql.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";

/** Which spans, and how they are told apart in time. */
export interface ErrorsRequest {
  readonly table: KnownTable;
  /** Of all services if absent. */
  readonly service: string | undefined;
  /** Whole steps. */
  readonly stretch: Stretch;
  readonly stepSeconds: number;
  /** Groups at most, those with the most spans. */
  readonly limit: number;
}

/** Spans with status error whose messages have one template. Sampled ones count as often as they stand
 * for. */
export interface ErrorGroup {
  readonly service: string;
  /** Of the last exception that the span has, else what `exception.type` or `error.type` says; or empty. */
  readonly type: string;
  /** See message-template.ts. */
  readonly template: string;
  readonly spans: number;
  /** By number of the step, from 0. */
  readonly steps: ReadonlyMap<number, number>;
  /** When the first and the last of them started, in seconds since 1970. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  /** Names that most of them have. */
  readonly names: readonly string[];
  /** The newest of them. */
  readonly sample: {
    readonly traceId: string;
    readonly spanId: string;
    readonly startSeconds: number;
    readonly message: string;
  };
}

interface Row {
  readonly of: string;
  readonly type: string;
  readonly template: string;
  readonly spans: number;
  readonly steps: Readonly<Record<string, number>>;
  readonly first: number;
  readonly last: number;
  readonly names: readonly string[];
  readonly sample: readonly [traceId: string, spanId: string, message: string];
  readonly all: number;
}

const SECOND = 1_000_000_000n;
const SHOWN_NAMES = 3;

/** The groups, most spans first, and how many there are beside these. A span that is stored twice counts
 * once. */
export async function readErrors(
  { client, database, tenants, settings, sending }: CandidateReading,
  { table, service, stretch, stepSeconds, limit }: ErrorsRequest,
): Promise<{ readonly groups: readonly ErrorGroup[]; readonly count: number }> {
  const { fromNano, toNano } = stretch;
  const from = { type: "UInt64", value: fromNano } as const;
  const step = { type: "UInt64", value: BigInt(stepSeconds) * SECOND } as const;
  const ofService =
    service === undefined ? sql`` : sql`AND ${serviceSql} = ${{ type: "String", value: service }}`;
  const types = [
    sql`exception['exception.type']`,
    ...attribute(table, "exception.type"),
    ...attribute(table, "error.type"),
  ];
  const messages = [
    sql`exception['exception.message']`,
    ...attribute(table, "exception.message"),
    sql`status_message`,
  ];
  const mostMessage = { type: "UInt32", value: templateLimits.message } as const;
  const rows = await client.query<Row>(
    sql`SELECT service AS of, type, template, sum(weight) AS spans, sumMap(map(step, weight)) AS steps,
        toUInt32(intDiv(min(start_unix_nano), 1000000000)) AS first,
        toUInt32(intDiv(max(start_unix_nano), 1000000000)) AS last,
        topK(${{ type: "UInt8", value: SHOWN_NAMES }})(name) AS names,
        argMax((lower(hex(trace_id)), lower(hex(span_id)), message), (start_unix_nano, span_id)) AS sample,
        toUInt32(count() OVER ()) AS all
      FROM (
        SELECT trace_id, span_id, start_unix_nano, toString(name) AS name, ${serviceSql} AS service,
          sampling_weight AS weight,
          toUInt32(intDiv(start_unix_nano - ${from}, ${step})) AS step,
          arrayLast((x, y) -> y = 'exception', event_attributes, event_name) AS exception,
          ${firstText(types)} AS type,
          substringUTF8(${firstText(messages)}, 1, ${mostMessage}) AS message,
          ${templateOf(sql`message`)} AS template
        FROM ${identifier(database)}.spans
        PREWHERE status_code = 2
        WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
          AND start_unix_nano >= ${from}
          AND start_unix_nano < ${{ type: "UInt64", value: toNano }} ${ofService}
        LIMIT 1 BY trace_id, span_id, kind, service
      )
      GROUP BY service, type, template
      ORDER BY spans DESC, last DESC, type, template
      LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
    sending,
  );
  return { groups: rows.map(groupOf), count: rows[0]?.all ?? 0 };
}

function groupOf({
  of,
  type,
  template,
  spans,
  steps,
  first,
  last,
  names,
  sample,
}: Row): ErrorGroup {
  const [traceId, spanId, message] = sample;
  return {
    service: of,
    type,
    template,
    spans,
    steps: new Map(Object.entries(steps).map(([step, count]) => [Number(step), count])),
    firstSeconds: first,
    lastSeconds: last,
    names,
    sample: { traceId, spanId, startSeconds: last, message },
  };
}

/** The texts that an attribute of the span may have. */
function attribute(table: KnownTable, key: string): Sql[] {
  return storedValues(table, "span", key)
    .filter(({ type }) => type === "string" || type === "int")
    .map(({ type, value, present }) =>
      type === "string" ? value : sql`if(${present}, toString(${value}), '')`,
    );
}

/** The first that is not empty; else empty. */
function firstText(texts: readonly Sql[]): Sql {
  const known = texts.map((text) => sql`nullIf(toString(${text}), '')`);
  return sql`ifNull(coalesce(${joinSql(known, sql`, `)}), '')`;
}

function templateOf(message: Sql): Sql {
  const replaced = templateRules.reduce(
    (text, [pattern, replacement]) =>
      sql`replaceRegexpAll(${text}, ${{ type: "String", value: pattern }},
        ${{ type: "String", value: replacement }})`,
    message,
  );
  return sql`substringUTF8(${replaced}, 1, ${{ type: "UInt32", value: templateLimits.template }})`;
}
