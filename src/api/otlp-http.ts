/**
 * The OTLP/HTTP door: `POST /v1/traces` in protobuf or JSON.
 * Source: opentelemetry.io/docs/specs/otlp/#otlphttp.
 */
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { OtlpEncoding, Receive } from "../ingest/receive.ts";
import { withCors } from "./cors.ts";
import { createRouter } from "./http.ts";
import type { Handler, HttpFailure, HttpRequest, HttpResponse } from "./http.ts";
import {
  encodeExportResponse,
  encodeStatus,
  exportResponseJson,
  statusJson,
} from "./rpc-status.ts";
import { ORG_ID, type TenantOf } from "./tenancy.ts";

/** What the HTTP door needs. */
export interface OtlpHttpOptions {
  readonly receive: Receive;
  readonly tenantOf: TenantOf;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Origins whose pages may send spans from the browser; "*" is every origin. */
  readonly corsOrigins: readonly string[];
}

const DOOR = "otlp_http";
const contentTypes = { protobuf: "application/x-protobuf", json: "application/json" } as const;

/**
 * Answers OTLP exports. Success and failure alike come in the request's own encoding (JSON if that
 * cannot be told); what is worth another try is 429, 503 or 504, never a plain 500.
 */
export function createOtlpHttp(options: OtlpHttpOptions): Handler {
  const { metrics, logger, corsOrigins } = options;
  const router = createRouter({
    routes: [
      { method: "POST", pattern: "/v1/traces", handler: (request) => take(request, options) },
      { method: "*", pattern: "/*path", handler: refusePath },
    ],
    answerFailure: (failure, request) => {
      if (request.path === "/v1/traces")
        metrics.requests.inc({ door: DOOR, outcome: failure.code });
      return answerFailure(failure, request);
    },
    logger,
  });
  return withCors(router, {
    origins: corsOrigins,
    methods: ["POST"],
    exposedHeaders: ["retry-after"],
  });
}

async function take(request: HttpRequest, options: OtlpHttpOptions): Promise<HttpResponse> {
  const { receive, tenantOf, metrics } = options;
  const encoding = encodingOf(request);
  if (encoding === undefined) {
    const given = request.headers["content-type"] ?? "";
    const known = Object.values(contentTypes).join(" or ");
    throw new Fault("unsupported", `Content-Type "${given}" is not ${known}`);
  }
  const tenant = tenantOf(request.headers[ORG_ID]);
  const body = await request.body();
  metrics.receivedBytes.inc({ door: DOOR }, body.byteLength);
  // In either encoding no bytes are a request without spans, which is a success.
  const received =
    body.byteLength === 0
      ? { acceptedSpans: 0, rejectedSpans: 0, message: "" }
      : await receive({ tenant, encoding, body, memory: request.memory });
  metrics.requests.inc({ door: DOOR, outcome: "ok" });
  return answer(200, encoding, {
    protobuf: () => encodeExportResponse(received),
    json: () => exportResponseJson(received),
  });
}

function refusePath({ path }: HttpRequest): never {
  if (/^\/v1(development)?\/(metrics|logs|profiles)$/.test(path)) {
    throw new Fault("notFound", `Clew takes traces only, at /v1/traces: nothing at ${path}`);
  }
  throw new Fault("notFound", `there is nothing at ${path}; traces go to POST /v1/traces`);
}

function answerFailure(failure: HttpFailure, request: HttpRequest): HttpResponse {
  return answer(failure.status, encodingOf(request) ?? "json", {
    protobuf: () => encodeStatus(failure),
    json: () => statusJson(failure),
  });
}

function answer(
  status: number,
  encoding: OtlpEncoding,
  encode: Readonly<Record<OtlpEncoding, () => string | Uint8Array>>,
): HttpResponse {
  const headers = { "content-type": contentTypes[encoding] };
  return { status, headers, body: encode[encoding]() };
}

/** What the Content-Type says: its media type, and of its parameters a charset if there is one. */
function encodingOf({ headers }: HttpRequest): OtlpEncoding | undefined {
  const [type = "", ...parameters] = (headers["content-type"] ?? "")
    .split(";")
    .map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every(
    (parameter) =>
      !parameter.startsWith("charset=") || /^charset="?(utf-?8|us-ascii)"?$/.test(parameter),
  );
  if (type === contentTypes.protobuf) return "protobuf";
  return type === contentTypes.json && isUtf8 ? "json" : undefined;
}
