import assert from "node:assert/strict";
import { type Sql, sql } from "./sql.ts";

/** The condition for rows of these tenants, of which there is one at least. */
export function ofTenants(tenants: readonly string[]): Sql {
  const [tenant] = tenants;
  assert.ok(tenant !== undefined, "rows of no tenant");
  return tenants.length === 1
    ? sql`tenant = ${{ type: "String", value: tenant }}`
    : sql`tenant IN ${{ type: "Array(String)", value: tenants }}`;
}

/** The order of the rows of a trace: for one tenant that of the table, in which it need not be sorted; for
 * several the same as if all were of one. */
export function inTableOrder(tenants: readonly string[]): Sql {
  const tenant = tenants.length === 1 ? sql`tenant, ` : sql``;
  return sql`ORDER BY ${tenant}time_bucket, trace_id, start_unix_nano`;
}
