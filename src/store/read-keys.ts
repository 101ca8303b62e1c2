import type { KeyScope } from "../model/attribute-key.ts";
import type { Reading } from "./list-traces.ts";
import { type Cost, measuredRows } from "./measured.ts";
import { identifier, sql } from "./sql.ts";

/** Keys asked for. */
export interface KeysRequest {
  readonly tenant: string;
  readonly scopes: readonly KeyScope[];
  /** Seconds since 1970; the end is not included. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Keys of each scope, the first ones by name. */
  readonly limit: number;
}

/** The keys of a scope, sorted. */
export type FoundKeys = readonly (readonly [scope: KeyScope, keys: readonly string[]])[];

/** Every key that some span has which is filed under five minutes that the time touches. */
export async function readKeys(
  reading: Reading,
  { tenant, scopes, fromSeconds, toSeconds, limit }: KeysRequest,
  signal?: AbortSignal,
): Promise<{ readonly keys: FoundKeys; readonly cost: Cost }> {
  const { rows, cost } = await measuredRows(
    { ...reading, signal },
    sql`SELECT scope, groupArray(key)
      FROM (
        SELECT scope, key FROM ${identifier(reading.database)}.attribute_keys
        WHERE tenant = ${{ type: "String", value: tenant }}
          AND time_bucket >= toDateTime(${{ type: "UInt32", value: fromSeconds - (fromSeconds % 300) }})
          AND time_bucket < toDateTime(${{ type: "UInt32", value: toSeconds }})
          AND scope IN ${{ type: "Array(String)", value: scopes }}
        GROUP BY scope, key
        ORDER BY scope, key
        LIMIT ${{ type: "UInt64", value: limit }} BY scope
      )
      GROUP BY scope`,
    ([scope, keys]) => [scope as KeyScope, (keys as string[]).sort()] as const,
  );
  return { keys: rows, cost };
}
