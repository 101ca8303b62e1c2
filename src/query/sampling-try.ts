/** What policies would keep and drop of the spans that are there: they are judged and decided about as in
 * thinning, and nothing is changed. */
import { randomUUID } from "node:crypto";
import { Fault } from "../base/fault.ts";
import type { Policies } from "../sampling/policy.ts";
import { asked } from "../store/query-faults.ts";
import { type Deciding, decisionsSql } from "../store/sampling/decisions.ts";
import { collectFacts, dropFacts, makeFacts, TRY_PREFIX } from "../store/sampling/facts.ts";
import { judgeUnknown } from "../store/sampling/judge-unknown.ts";
import { bytesPerSpan, readOutcome, type TriedPolicies } from "../store/sampling/read-outcome.ts";
import { ofTenants } from "../store/of-tenants.ts";
import { sql } from "../store/sql.ts";
import { type QueryOptions, statementSettings } from "./query-options.ts";

/** It is much work, and may be asked for by anybody. */
let isTrying = false;

/** Tries the policies on the spans filed within so many seconds up to now. A trace is judged by its spans
 * in that time. Throws Fault "unavailable" while others are tried. */
export async function tryPolicies(
  options: QueryOptions,
  policies: Policies,
  sinceSeconds: number,
): Promise<TriedPolicies> {
  if (isTrying) {
    throw new Fault("unavailable", "other policies are being tried", { retryAfterSeconds: 5 });
  }
  isTrying = true;
  const { client, database, tenants, limits, nowSeconds } = options;
  const settings = { ...statementSettings(limits), max_bytes_before_external_sort: "250000000" };
  const facts = `${TRY_PREFIX}${randomUUID().replaceAll("-", "")}`;
  const judging = { client, database, table: options.table(), facts, settings };
  const from = Math.max(0, nowSeconds() - sinceSeconds);
  const seen = sql`${ofTenants(tenants)}
    AND time_bucket >= toStartOfFiveMinutes(toDateTime(${{ type: "UInt32", value: from }}, 'UTC'))`;
  try {
    return await asked(async () => {
      await makeFacts(judging);
      await collectFacts(judging, policies, { seen, own: sql`true` });
      await judgeUnknown(judging, policies, limits.traceSpans);
      const bytes = await bytesPerSpan(judging);
      const deciding: Deciding = { database, facts, policies, bytesPerSpan: bytes };
      return readOutcome(judging, { decisions: decisionsSql(deciding), seen, policies, bytes });
    });
  } finally {
    isTrying = false;
    await dropFacts(judging).catch(() => {}); // at the latest, the next start does
  }
}
