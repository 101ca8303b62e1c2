import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import type { AttributeKey, KeyScope } from "../model/attribute-key.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, sql } from "./sql.ts";

/** Which types the values of attributes have, as far as spans of some time are concerned. */
export class KeyTypes {
  /** False if spans have attributes that are not recorded: then any may have values of any type. */
  isWhole = true;
  readonly #types = new Map<string, Set<AttributeType>>();

  add(scope: KeyScope, key: string, type: AttributeType): void {
    const id = `${scope} ${key}`;
    const known = this.#types.get(id);
    if (known === undefined) this.#types.set(id, new Set([type]));
    else known.add(type);
  }

  /** The types that values of the attribute have; none if no span has it. */
  of(scope: KeyScope, key: string): ReadonlySet<AttributeType> {
    if (!this.isWhole) return everything;
    return this.#types.get(`${scope} ${key}`) ?? nothing;
  }
}

const nothing: ReadonlySet<AttributeType> = new Set();
const everything: ReadonlySet<AttributeType> = new Set(Object.values(attributeTypes));

/** The types of these attributes, whoever has them, with spans filed under five minutes that the stretch
 * touches. */
export async function readKeyTypes(
  { client, database, tenants, settings, sending }: CandidateReading,
  keys: readonly string[],
  stretch: Stretch,
): Promise<KeyTypes> {
  const rows = await client.query<{
    scope: AttributeKey["scope"];
    key: string;
    type: keyof typeof attributeTypes;
  }>(
    sql`SELECT scope, key, type FROM ${identifier(database)}.attribute_keys
      WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
        AND (key IN ${{ type: "Array(String)", value: keys }} OR scope = '')
      GROUP BY scope, key, type`,
    settings,
    sending,
  );
  const types = new KeyTypes();
  for (const { scope, key, type } of rows) {
    if (scope === "") types.isWhole = false;
    else types.add(scope, key, attributeTypes[type]);
  }
  return types;
}
