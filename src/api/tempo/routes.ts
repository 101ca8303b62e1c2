/**
 * Grafana Tempo's HTTP API. Texts and statuses are Tempo's, because clients match on them. Source:
 * grafana.com/docs/tempo/latest/api_docs, pkg/api/http.go.
 */
import type { Handler, Route } from "../http.ts";
import type { QueriesOf } from "../tenancy.ts";
import { plain } from "./answers.ts";
import { queryInstant, queryRange } from "./metrics.ts";
import { search } from "./search.ts";
import { tagValues } from "./tag-values.ts";
import { tagNames } from "./tags.ts";
import type { TempoOptions } from "./tempo-queries.ts";
import { traceV1, traceV2 } from "./trace.ts";
import { traceDiff } from "./trace-diff.ts";

/** The routes of Tempo's API. Those for questions take any method, and read the URL
 * alone, but that for a comparison. */
export function tempoRoutes(tracesOf: QueriesOf, options: TempoOptions): Route[] {
  const any = (pattern: string, handler: Handler): Route => ({ method: "*", pattern, handler });
  return [
    { method: "GET", pattern: "/api/echo", handler: () => plain(200, "echo") },
    {
      method: "POST",
      pattern: "/api/v2/traces/diff",
      handler: (request) => traceDiff(tracesOf(request), request),
    },
    any("/api/traces/:id", (request) => traceV1(tracesOf(request), request)),
    any("/api/v2/traces/:id", (request) => traceV2(tracesOf(request), request, options.language)),
    any("/api/search", (request) => search(options, request)),
    any("/api/search/tags", (request) => tagNames(options, request, 1)),
    any("/api/v2/search/tags", (request) => tagNames(options, request, 2)),
    any("/api/search/tag/+name", (request) => tagValues(options, request, 1)),
    any("/api/v2/search/tag/+name", (request) => tagValues(options, request, 2)),
    any("/api/metrics/query_range", (request) => queryRange(options, request)),
    any("/api/metrics/query", (request) => queryInstant(options, request)),
  ];
}
