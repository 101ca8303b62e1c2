/**
 * OpenTelemetry in a service's process: the SDK and the instrumentation of node:http, fetch, pg and
 * amqplib. Importing this file sets it up. Instrumentation changes modules while they load through
 * `require`, which an ES `import` may escape; so the instrumented modules are loaded here, afterwards,
 * and services take them from here.
 */
import { createRequire } from "node:module";
import os from "node:os";
import { randomUUID } from "node:crypto";
import { AmqplibInstrumentation } from "@opentelemetry/instrumentation-amqplib";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

/** Short, so that a trace can be looked at while it is news. */
const EXPORT_DELAY_MS = 1_000;
/** How long sending one batch may take, retries included: stopping waits for it. */
const EXPORT_TIMEOUT_MS = 3_000;
/** `ExportResultCode.SUCCESS` of the SDK. */
const EXPORT_SUCCESS = 0;
/** Spans that may wait while nobody takes them; the SDK drops what comes on top. */
const QUEUE_SPANS = 4_096;

interface TracingOptions {
  readonly service: string;
  readonly version: string;
  /** Where OTLP/HTTP is taken, without `/v1/traces`. */
  readonly otlpUrl: string;
  /** Told once when sending spans begins to fail, and once with undefined when it works again. */
  readonly onExporting: (failure: string | undefined) => void;
}

/** Running instrumentation. */
export interface Tracing {
  /** Sends every span ended so far; settles also when that fails. */
  flush(): Promise<void>;
  /** Flushes, and takes no span any more. */
  stop(): Promise<void>;
}

// Spans begin with a request: connecting to the database at start is nobody's trace.
const instrumentations = [
  new HttpInstrumentation({
    ignoreIncomingRequestHook: (request) => request.url === "/health",
    requireParentforOutgoingSpans: true,
  }),
  new UndiciInstrumentation({ requireParentforSpans: true }),
  new PgInstrumentation({ requireParentSpan: true }),
  new AmqplibInstrumentation(),
];

const require = createRequire(import.meta.url);

/** The instrumented node:http. */
export const http = require("node:http") as typeof import("node:http");

/** The instrumented pg, loaded on the first call. */
export const loadPg = (): typeof import("pg") => require("pg") as typeof import("pg");

/** The instrumented amqplib, loaded on the first call. */
export const loadAmqplib = (): typeof import("amqplib") =>
  require("amqplib") as typeof import("amqplib");

/** Starts recording spans; to be called once in a process, before the first request. */
export function startTracing({ service, version, otlpUrl, onExporting }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${otlpUrl.replace(/\/+$/, "")}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        "service.name": service,
        "service.namespace": "shop",
        "service.version": version,
        "service.instance.id": randomUUID(),
        "deployment.environment.name": "demo",
        "host.name": os.hostname(),
        "process.pid": process.pid,
        "process.runtime.name": "nodejs",
        "process.runtime.version": process.versions.node,
      }),
    ),
    spanProcessors: [
      new BatchSpanProcessor(reportFailures(exporter, onExporting), {
        scheduledDelayMillis: EXPORT_DELAY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        maxQueueSize: QUEUE_SPANS,
      }),
    ],
  });
  provider.register();
  for (const instrumentation of instrumentations) instrumentation.setTracerProvider(provider);
  return {
    flush: async () => {
      // What fails here, the exporter has reported.
      await provider.forceFlush().catch(() => {});
    },
    stop: async () => {
      await provider.shutdown().catch(() => {});
    },
  };
}

/** The same exporter, which says when it begins to fail and when it works again. */
function reportFailures(
  exporter: OTLPTraceExporter,
  onExporting: TracingOptions["onExporting"],
): Pick<OTLPTraceExporter, "export" | "forceFlush" | "shutdown"> {
  let failing = false;
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        const code: number = result.code;
        const failed = code !== EXPORT_SUCCESS;
        if (failed !== failing) {
          onExporting(failed ? describe(result.error) : undefined);
        }
        failing = failed;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

/** The message of an error; where it has none, as when every address of a host refused, its code. */
function describe(error: Error | undefined): string {
  if (error === undefined) return "unknown reason";
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
