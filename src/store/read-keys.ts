import type { KeyScope } from "../model/attribute-key.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, sql } from "./sql.ts";

/** Keys asked for. */
export interface KeysRequest {
  readonly scopes: readonly KeyScope[];
  readonly stretch: Stretch;
  /** Keys of each scope, the first ones by name. */
  readonly limit: number;
}

/** Keys by scope, sorted. */
export type FoundKeys = ReadonlyMap<KeyScope, readonly string[]>;

/** Every key that some span has which is filed under five minutes that the stretch touches. */
export async function readKeys(
  { client, database, tenants, settings, sending }: CandidateReading,
  { scopes, stretch, limit }: KeysRequest,
): Promise<FoundKeys> {
  const rows = await client.query<{ scope: KeyScope; names: string[] }>(
    sql`SELECT scope, arraySort(groupArray(key)) AS names
      FROM (
        SELECT scope, key FROM ${identifier(database)}.attribute_keys
        WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
          AND scope IN ${{ type: "Array(String)", value: scopes }}
        GROUP BY scope, key
        ORDER BY scope, key
        LIMIT ${{ type: "UInt64", value: limit }} BY scope
      )
      GROUP BY scope`,
    settings,
    sending,
  );
  return new Map(rows.map(({ scope, names }) => [scope, names] as const));
}
