/** What Clew and its ingest workers tell each other. */
import type { FaultCode } from "../base/fault.ts";
import type { SpanCounts } from "../prometheus/span-metrics.ts";
import type { CatalogueSnapshot } from "../ingest/catalogue.ts";
import type { Endpoint } from "../store/endpoint.ts";
import type { Config } from "./config.ts";
import type { IngestHealth, OtlpPorts } from "./ingest-node.ts";
import type { MetricsJson } from "./metrics-sum.ts";

/** What a worker is started with. */
export interface WorkerStart {
  readonly config: Config;
  readonly index: number;
  readonly ports: OtlpPorts;
  readonly endpoint: Endpoint;
}

/** How a worker does, at one moment. */
export interface WorkerReport extends IngestHealth {
  readonly metrics: MetricsJson;
}

/** To a worker. Digests travel as `packDigests` makes them. */
export type ToWorker =
  | ({ readonly kind: "start" } & WorkerStart)
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "taken"; readonly digests: string }
  | { readonly kind: "report"; readonly question: number }
  | { readonly kind: "catalogues"; readonly question: number }
  | { readonly kind: "stop" };

/** From a worker. "hello" is its first word: only then does it hear. */
export type FromWorker =
  | { readonly kind: "hello" }
  | { readonly kind: "listening" }
  | { readonly kind: "failed"; readonly code: FaultCode; readonly message: string }
  | { readonly kind: "taken"; readonly digests: string }
  | { readonly kind: "spans"; readonly counts: SpanCounts }
  | { readonly kind: "report"; readonly question: number; readonly report: WorkerReport }
  | {
      readonly kind: "catalogues";
      readonly question: number;
      readonly catalogues: readonly CatalogueSnapshot[];
    };

const DIGEST_BYTES = 16;

/** Digests as one text. */
export function packDigests(digests: readonly string[]): string {
  return Buffer.from(digests.join(""), "latin1").toString("base64");
}

/** The digests that `packDigests` was given. */
export function unpackDigests(packed: string): string[] {
  const text = Buffer.from(packed, "base64").toString("latin1");
  return Array.from({ length: text.length / DIGEST_BYTES }, (_, i) =>
    text.slice(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
  );
}
