/** OTLP over gRPC, with the bytes as they are. */
import {
  Client,
  compressionAlgorithms,
  credentials,
  type Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { ProtoReader } from "../base/protobuf.ts";
import { ANSWER_LIMIT_MS, type Outcome, rejectedSpans, type Sender } from "./sender.ts";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/** Source: "OTLP/gRPC Response", its table of retryable codes. */
const RETRYABLE: readonly status[] = [
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
];

interface GrpcOptions {
  readonly url: string;
  readonly connections: number;
  readonly gzip: boolean;
}

/** Sends by gRPC over so many connections; https URLs are encrypted. */
export function grpcSender({ url, connections, gzip }: GrpcOptions): Sender {
  const { protocol, host } = new URL(url);
  const security = protocol === "https:" ? credentials.createSsl() : credentials.createInsecure();
  const clients = Array.from({ length: connections }, () => {
    return new Client(host, security, {
      "grpc.use_local_subchannel_pool": 1,
      ...(gzip ? { "grpc.default_compression_algorithm": compressionAlgorithms.gzip } : {}),
    });
  });
  return {
    send: (connection, body) =>
      new Promise((resolve) => {
        const deadline = Date.now() + ANSWER_LIMIT_MS;
        clients[connection]!.makeUnaryRequest(
          EXPORT,
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          body,
          { deadline },
          (error, answer) => resolve(error === null ? taken(answer) : outcomeOf(error)),
        );
      }),
    close() {
      for (const client of clients) client.close();
    },
  };
}

function taken(answer: Buffer | undefined): Outcome {
  return { kind: "acknowledged", spansRejected: rejectedSpans(answer ?? Buffer.alloc(0)) };
}

function outcomeOf({ code, message, metadata }: ServiceError): Outcome {
  if (!RETRYABLE.includes(code)) return { kind: "wrong", reason: message };
  const retryAfterMs = retryInfo(metadata);
  if (retryAfterMs !== undefined) return { kind: "refused", retryAfterMs };
  // Without RetryInfo these may as well come from this side: the connection broke, time ran out.
  const isRefusal = code === status.RESOURCE_EXHAUSTED;
  return isRefusal ? { kind: "refused" } : { kind: "unanswered", reason: message };
}

/** The delay of a google.rpc.RetryInfo in the status's details, in milliseconds. */
function retryInfo(metadata: Metadata): number | undefined {
  const [details] = metadata.get("grpc-status-details-bin");
  return details instanceof Buffer ? retryDelayMs(details) : undefined;
}

/** The delay that an encoded google.rpc.Status names in a RetryInfo, in milliseconds. */
export function retryDelayMs(encodedStatus: Uint8Array): number | undefined {
  for (const any of fieldsOf(encodedStatus, 0x1a)) {
    const [type] = fieldsOf(any, 0x0a);
    if (!new TextDecoder().decode(type).endsWith("/google.rpc.RetryInfo")) continue;
    const [info = new Uint8Array()] = fieldsOf(any, 0x12);
    const [delay = new Uint8Array()] = fieldsOf(info, 0x0a);
    return numberOf(delay, 0x08) * 1000 + numberOf(delay, 0x10) / 1e6;
  }
  return undefined;
}

function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new ProtoReader(message);
  const found: Uint8Array[] = [];
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === wanted) found.push(reader.slice());
    else reader.skip(tag);
  }
  return found;
}

function numberOf(message: Uint8Array, wanted: number): number {
  const reader = new ProtoReader(message);
  let value = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === wanted) value = reader.varint32();
    else reader.skip(tag);
  }
  return value;
}
