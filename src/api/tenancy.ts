/** Whose request it is, as Grafana's systems say it: by the header X-Scope-OrgID. */
import { Fault } from "../base/fault.ts";
import type { Queries } from "../query/traces.ts";
import { SINGLE_TENANT, tenantProblem } from "../model/tenant.ts";
import type { HttpRequest } from "./http.ts";

/** The header's name on HTTP, and that of the metadata on gRPC. */
export const ORG_ID = "x-scope-orgid";

/** What a request has of the header. */
export type OrgIds = string | readonly string[] | undefined;

/** The tenant that the values of the header name. Throws Fault "unauthenticated" if there is none,
 * "invalid" if it is no name of a tenant. */
export type TenantOf = (orgIds: OrgIds) => string;

/** The tenants whose spans a question is about, sorted, each once; one at least. Throws as `TenantOf`. */
export type TenantsOf = (orgIds: OrgIds) => readonly string[];

/** What a request may ask for: the spans of its tenants. Throws as `TenantOf` does. */
export type QueriesOf = (request: HttpRequest) => Queries;

/** Tenants of one question: their names go with each of its statements. */
const MOST_TENANTS = 100;

/** How requests are told apart: each belongs to the tenant it names, or all to one, whatever they say. */
export function tenancy(isEnabled: boolean): TenantOf {
  if (!isEnabled) return () => SINGLE_TENANT;
  return (orgIds) => {
    const tenant = textOf(orgIds);
    const problem = tenantProblem(tenant);
    if (problem === undefined) return tenant;
    throw new Fault(tenant === "" ? "unauthenticated" : "invalid", problem);
  };
}

/** The same for questions, which may name several tenants, as "a|b". */
export function askingTenancy(isEnabled: boolean): TenantsOf {
  const tenantOf = tenancy(isEnabled);
  if (!isEnabled) return () => [SINGLE_TENANT];
  return (orgIds) => {
    const tenants = new Set(textOf(orgIds).split("|").map(tenantOf));
    if (tenants.size <= MOST_TENANTS) return [...tenants].sort();
    throw new Fault("invalid", `a question is about ${MOST_TENANTS} tenants at most`);
  };
}

/** The tenant of a request that only makes sense for one. Throws Fault "invalid" if there are others. */
export function onlyTenant([tenant = SINGLE_TENANT, ...others]: readonly string[]): string {
  if (others.length === 0) return tenant;
  throw new Fault("invalid", "multi-tenant query unsupported");
}

function textOf(orgIds: OrgIds = ""): string {
  return typeof orgIds === "string" ? orgIds : orgIds.join(", ");
}
