/**
 * The OTLP/gRPC door: TraceService/Export, and gRPC's health check beside it.
 * Sources: opentelemetry.io/docs/specs/otlp/#otlpgrpc, grpc/health/v1/health.proto.
 */
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { MemoryBudget } from "../base/memory-budget.ts";
import type { Metrics } from "../base/metrics.ts";
import { ProtoReader } from "../base/protobuf.ts";
import type { Receive } from "../ingest/receive.ts";
import { listenGrpc } from "./grpc-listener.ts";
import type { GrpcLimits, GrpcMethod } from "./grpc-server.ts";
import type { Listener } from "./listener.ts";
import { encodeExportResponse } from "./rpc-status.ts";
import { ORG_ID, type TenantOf } from "./tenancy.ts";

/** What the gRPC door needs. */
export interface OtlpGrpcOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly receive: Receive;
  readonly tenantOf: TenantOf;
  /** Whether a health check is answered with SERVING. */
  readonly isServing: () => boolean;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: GrpcLimits;
  /** Memory for request messages; one budget can be shared by several doors. */
  readonly budget: MemoryBudget;
}

const DOOR = "otlp_grpc";
const TRACE_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService";
const EXPORT = `/${TRACE_SERVICE}/Export`;

/** Paths of the other signals' services, so that whoever sends those learns that it is no mishap. */
const otherExports = [
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
];

/** Takes OTLP exports by gRPC; rejects with Fault "unavailable" if the port cannot be had. */
export function listenOtlpGrpc(options: OtlpGrpcOptions): Promise<Listener> {
  const { receive, tenantOf, metrics, isServing, ...listenOptions } = options;
  const takeExport: GrpcMethod = async (body, { metadata, memory }) => {
    const tenant = tenantOf(metadata.get(ORG_ID).map(String));
    metrics.receivedBytes.inc({ door: DOOR }, body.byteLength);
    // No bytes are a request without spans, which is a success.
    if (body.byteLength === 0) return new Uint8Array();
    return encodeExportResponse(await receive({ tenant, encoding: "protobuf", body, memory }));
  };
  return listenGrpc({
    ...listenOptions,
    methods: {
      [EXPORT]: takeExport,
      "/grpc.health.v1.Health/Check": (request) => checkHealth(request, isServing),
      ...Object.fromEntries(otherExports.map((path) => [path, refuseSignal])),
    },
    otherwise: "This port takes OTLP over gRPC. OTLP over HTTP has another, 4318 by default.\n",
    onCut: (reason) => metrics.connectionsCut.inc({ door: DOOR, reason }),
    onAnswered: (path, outcome) => {
      if (path === EXPORT) metrics.requests.inc({ door: DOOR, outcome });
    },
  });
}

function refuseSignal(): never {
  throw new Fault("unsupported", "Clew takes traces only: switch this exporter off");
}

const SERVING = 1;
const NOT_SERVING = 2;

/** HealthCheckRequest {1: service} → HealthCheckResponse {1: status}; "" asks for the whole server. */
function checkHealth(request: Uint8Array, isServing: () => boolean): Uint8Array {
  const reader = new ProtoReader(request);
  let service = "";
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x0a) service = reader.text();
    else reader.skip(tag);
  }
  if (service !== "" && service !== TRACE_SERVICE) {
    throw new Fault("notFound", `no service "${service}" here`);
  }
  return Uint8Array.of(0x08, isServing() ? SERVING : NOT_SERVING);
}
