import type { MetricsQueries } from "../../query/metrics.ts";
import type { SearchQueries } from "../../query/search.ts";
import type { TagQueries } from "../../query/tags.ts";
import type { LanguageOptions } from "../../traceql/check.ts";
import type { OrgIds } from "../tenancy.ts";

/** What Tempo's API can be asked for besides traces by id. */
export type TempoQueries = SearchQueries & MetricsQueries & TagQueries;

/** What the tenants that the header (or metadata) X-Scope-OrgID names may ask. Throws as `TenantsOf`. */
export type TempoQueriesOf = (orgIds: OrgIds) => TempoQueries;

/** What one request may ask for. */
export interface TempoLimits {
  /** The longest range of a search; 0 for no limit. */
  readonly searchRangeNano: bigint;
  /** The longest range of a metrics query; 0 for no limit. */
  readonly metricsRangeNano: bigint;
}

/** How the doors of Tempo's API are set up. */
export interface TempoOptions {
  readonly queriesOf: TempoQueriesOf;
  readonly limits: TempoLimits;
  /** Whether what Clew adds to the language is taken. */
  readonly language: LanguageOptions;
  readonly nowNano: () => bigint;
}
