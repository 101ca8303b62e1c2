/** For whoever runs Clew: is it alive, is it ready, what does it count. */
import type { Registry } from "prom-client";
import type { HttpResponse, Route } from "./http.ts";

interface OperationsOptions {
  /** What is counted, now. */
  readonly registry: () => Promise<Registry>;
  /** Why Clew cannot do its work now; undefined if it can. */
  readonly trouble: () => Promise<string | undefined>;
}

/** `/health` (this process answers), `/ready` (the store does too) and `/metrics` (Prometheus text). */
export function operationsRoutes({ registry, trouble }: OperationsOptions): Route[] {
  return [
    { method: "GET", pattern: "/health", handler: () => text(200, "ok") },
    {
      method: "GET",
      pattern: "/ready",
      handler: async () => {
        const reason = await trouble();
        return reason === undefined ? text(200, "ready") : text(503, `not ready: ${reason}`);
      },
    },
    {
      method: "GET",
      pattern: "/metrics",
      handler: async () => {
        const counted = await registry();
        return {
          status: 200,
          headers: { "content-type": counted.contentType },
          body: await counted.metrics(),
        };
      },
    },
  ];
}

function text(status: number, body: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    body: `${body}\n`,
  };
}
