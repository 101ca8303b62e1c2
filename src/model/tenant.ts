/** Whose spans they are where tenants are not kept apart, and of all spans from before they were. */
export const SINGLE_TENANT = "single-tenant";

const MAX_TENANT_BYTES = 150;

/**
 * What is wrong with a tenant's name, or undefined. Names and texts are Grafana Tempo's, so that one
 * name serves both. Source: grafana.com/docs/tempo/latest/configuration/tenant-ids.
 */
export function tenantProblem(tenant: string): string | undefined {
  if (tenant === "") return "no org id";
  const wrong = /[^\w!.*'()-]/u.exec(tenant)?.[0];
  if (wrong !== undefined) {
    const told = JSON.stringify(tenant.slice(0, MAX_TENANT_BYTES));
    return `tenant ID ${told} contains unsupported character ${JSON.stringify(wrong)}`;
  }
  if (tenant.length > MAX_TENANT_BYTES) {
    return `tenant ID is too long: max ${MAX_TENANT_BYTES} characters`;
  }
  return tenant === "." || tenant === ".." ? "tenant ID is '.' or '..'" : undefined;
}
