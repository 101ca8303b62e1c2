import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import type { AttributeKey, KeyScope } from "../model/attribute-key.ts";
import type { StoredScope } from "./attribute-sql.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { KeyTypes } from "./key-types.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, sql } from "./sql.ts";

/** The attributes that spans have, events and links aside. */
export interface AllKeys {
  readonly keys: readonly { readonly scope: StoredScope; readonly key: string }[];
  /** The types that values of an attribute have; undefined for those of events and links. */
  readonly typesOf: (scope: KeyScope, key: string) => ReadonlySet<AttributeType> | undefined;
  /** There are others. */
  readonly isCut: boolean;
}

/** The attributes of the spans filed under five minutes that the stretch touches, the first by name. */
export async function readAllKeys(
  { client, database, tenants, settings, sending }: CandidateReading,
  { stretch, limit }: { readonly stretch: Stretch; readonly limit: number },
): Promise<AllKeys> {
  const rows = await client.query<{
    scope: AttributeKey["scope"];
    key: string;
    types: (keyof typeof attributeTypes)[];
  }>(
    sql`SELECT scope, key, groupUniqArray(type) AS types
      FROM ${identifier(database)}.attribute_keys
      WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
        AND scope IN ('', 'span', 'resource', 'instrumentation')
      GROUP BY scope, key
      ORDER BY scope, key
      LIMIT ${{ type: "UInt64", value: limit + 1 }}`,
    settings,
    sending,
  );
  const types = new KeyTypes();
  const keys: { scope: StoredScope; key: string }[] = [];
  for (const { scope, key, types: found } of rows.slice(0, limit)) {
    if (scope === "") types.isWhole = false;
    else {
      keys.push({ scope: scope as StoredScope, key });
      for (const type of found) types.add(scope, key, attributeTypes[type]);
    }
  }
  return {
    keys,
    typesOf: (scope, key) =>
      scope === "event" || scope === "link" ? undefined : types.of(scope, key),
    isCut: rows.length > limit || !types.isWhole,
  };
}
