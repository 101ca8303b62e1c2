/**
 * Grafana Tempo's HTTP API. Texts and statuses are Tempo's, because clients match on them. Source:
 * grafana.com/docs/tempo/latest/api_docs, pkg/api/http.go.
 */
import type { Route } from "../http.ts";
import type { QueriesOf } from "../tenancy.ts";
import { plain } from "./answers.ts";
import { traceV1, traceV2 } from "./trace.ts";

/** The routes of Tempo's API. */
export function tempoRoutes(queriesOf: QueriesOf): Route[] {
  return [
    { method: "GET", pattern: "/api/echo", handler: () => plain(200, "echo") },
    {
      method: "*",
      pattern: "/api/traces/:id",
      handler: (request) => traceV1(queriesOf(request), request),
    },
    {
      method: "*",
      pattern: "/api/v2/traces/:id",
      handler: (request) => traceV2(queriesOf(request), request),
    },
  ];
}
