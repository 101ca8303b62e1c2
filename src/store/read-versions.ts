/** Which versions of a service sent spans, and when. */
import { type KnownTable, serviceSql, storedValues } from "./attribute-sql.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, sql } from "./sql.ts";

/** What one version of a service sent. Sampled spans count as often as they stand for. */
export interface SeenVersion {
  readonly version: string;
  /** When its first and its last span started, in seconds since 1970. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  readonly spans: number;
}

/** The versions by their first spans, the earliest first; the `limit` newest ones. */
export async function readVersions(
  { client, database, tenants, settings, sending }: CandidateReading,
  request: {
    readonly table: KnownTable;
    readonly service: string;
    readonly stretch: Stretch;
    readonly limit: number;
  },
): Promise<SeenVersion[]> {
  const { table, service, stretch, limit } = request;
  const { fromNano, toNano } = stretch;
  const stored = storedValues(table, "resource", "service.version");
  const version = stored.find(({ type }) => type === "string")?.value ?? sql`''`;
  const rows = await client.query<{ version: string; first: number; last: number; spans: number }>(
    sql`SELECT toString(ifNull(${version}, '')) AS version,
        toUInt32(intDiv(min(start_unix_nano), 1000000000)) AS first,
        toUInt32(intDiv(max(start_unix_nano), 1000000000)) AS last,
        sum(sampling_weight) AS spans
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
        AND start_unix_nano >= ${{ type: "UInt64", value: fromNano }}
        AND start_unix_nano < ${{ type: "UInt64", value: toNano }}
        AND ${serviceSql} = ${{ type: "String", value: service }}
      GROUP BY version
      HAVING version != ''
      ORDER BY first DESC, version
      LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
    sending,
  );
  return rows
    .map(({ version, first, last, spans }) => {
      return { version, firstSeconds: first, lastSeconds: last, spans };
    })
    .toReversed();
}
