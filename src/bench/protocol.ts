/** What the benchmark and its generator, a process of its own, say to each other. */
import type { Quantiles } from "./quantiles.ts";
import type { Traffic } from "./request-templates.ts";

/** What is sent where, and how fast. */
export interface LoadOptions {
  readonly otlpUrl: string;
  readonly protocol: "http" | "grpc";
  /** Each has one request under way at a time. */
  readonly connections: number;
  readonly spansPerRequest: number;
  /** Spans a second; as fast as they are taken if left out. */
  readonly rate?: number;
  /** The load ends after this time or so many spans, whichever is first. */
  readonly durationMs?: number;
  readonly spans?: number;
  readonly seed: number;
  readonly keys: number;
  readonly gzip: boolean;
  /** Spreads the traces' times over so many days until now; they all end about now if left out. */
  readonly spreadDays?: number;
}

/** A trace that was acknowledged, and how many spans it must have. */
export interface KnownTrace {
  readonly traceId: string;
  readonly spans: number;
}

/** What became of the load. */
export interface LoadResult {
  /** Retries not counted. */
  readonly spansSent: number;
  readonly spansAcknowledged: number;
  readonly requestsAcknowledged: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** From when a request was due to its acknowledgement, waiting and retries included. */
  readonly latencyMs: Quantiles;
  /** Answers that told to come back later. */
  readonly refusals: number;
  /** Requests without an answer: nobody knows whether they were taken. Sent again, too. */
  readonly unanswered: number;
  /** Spans rejected by an answer that took the others. */
  readonly spansRejected: number;
  /** Spans of requests that were given up, and so are not acknowledged. */
  readonly spansGivenUp: number;
  /** Time taken for making traces of the templates. */
  readonly stampMicrosPerSpan: number;
  /** CPU time of the generator, sending included. */
  readonly generatorMicrosPerSpan: number;
  readonly runStartedMs: number;
  /** Some of the acknowledged traces, chosen evenly. */
  readonly known: readonly KnownTrace[];
}

/** What the traffic is made of, without the bytes. */
export type TrafficSummary = Omit<Traffic, "templates">;

/** From the benchmark to its generator. */
export type ParentMessage =
  | { readonly kind: "prepare"; readonly options: LoadOptions }
  | { readonly kind: "start" };

/** From the generator. */
export type ChildMessage =
  | { readonly kind: "ready"; readonly traffic: TrafficSummary }
  | { readonly kind: "progress"; readonly spans: number; readonly refusals: number }
  /** Just acknowledged: who likes may see how soon it can be read. */
  | { readonly kind: "fresh"; readonly trace: KnownTrace }
  | { readonly kind: "done"; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly message: string };
