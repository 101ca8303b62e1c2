/** Whose request it is, as Grafana's systems say it: by the header X-Scope-OrgID. */
import { Fault } from "../base/fault.ts";
import type { Queries } from "../query/traces.ts";
import { SINGLE_TENANT, tenantProblem } from "../model/tenant.ts";
import type { HttpRequest } from "./http.ts";

/** The header's name on HTTP, and that of the metadata on gRPC. */
export const ORG_ID = "x-scope-orgid";

/** The tenant that the values of the header name. Throws Fault "unauthenticated" if there is none,
 * "invalid" if it is no name of a tenant. */
export type TenantOf = (orgIds: string | readonly string[] | undefined) => string;

/** What a request may ask for: the spans of its tenant. Throws as `TenantOf` does. */
export type QueriesOf = (request: HttpRequest) => Queries;

/** How requests are told apart: each belongs to the tenant it names, or all to one, whatever they say. */
export function tenancy(isEnabled: boolean): TenantOf {
  if (!isEnabled) return () => SINGLE_TENANT;
  return (orgIds = "") => {
    const tenant = typeof orgIds === "string" ? orgIds : orgIds.join(", ");
    const problem = tenantProblem(tenant);
    if (problem === undefined) return tenant;
    throw new Fault(tenant === "" ? "unauthenticated" : "invalid", problem);
  };
}

/** The same for questions, which in Tempo may name several tenants as "a|b": here they may not. */
export function askingTenancy(isEnabled: boolean): TenantOf {
  const tenantOf = tenancy(isEnabled);
  return (orgIds = "") => {
    if (isEnabled && orgIds.includes("|")) {
      throw new Fault("invalid", "multi-tenant query unsupported");
    }
    return tenantOf(orgIds);
  };
}
