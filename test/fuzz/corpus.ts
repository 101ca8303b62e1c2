/** What mutations begin with: random valid requests, and the bytes of real exporters. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { context, type Context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { tracesData } from "../../src/wire/otlp/messages.ts";
import { protoToJson } from "../../src/wire/proto-json.ts";
import { arbitraryTraces, oracleEncode } from "../support/oracle.ts";

/** Valid requests in both encodings. */
export interface Corpus {
  readonly protobuf: readonly Buffer[];
  readonly json: readonly string[];
}

const RANDOM_REQUESTS = 200;
const MAX_BYTES = 1500; // small inputs are quick, and reach as much of a decoder as large ones

/** The corpus of a seed. */
export async function makeCorpus(seed: number): Promise<Corpus> {
  const random = fc
    .sample(arbitraryTraces, { seed, numRuns: RANDOM_REQUESTS })
    .map((traces) => Buffer.from(oracleEncode("TracesData", traces)))
    .filter((bytes) => bytes.length <= MAX_BYTES);
  const recorded = await recordExporters();
  const protobuf = [...recorded.protobuf, ...random];
  const translated = random.map((bytes) => JSON.stringify(protoToJson(bytes, tracesData, "otlp")));
  return { protobuf, json: [...recorded.json, ...translated] };
}

/** What OpenTelemetry JS sends for a small trace, by protobuf and by JSON. */
async function recordExporters(): Promise<Corpus> {
  const protobuf: Buffer[] = [];
  const json: string[] = [];
  const take = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await request.toArray());
    if (request.headers["content-type"] === "application/json") json.push(body.toString());
    else protobuf.push(body);
    reply.end();
  };
  const server = createServer((request, reply) => void take(request, reply));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  for (const exporter of [new ProtobufExporter({ url }), new JsonExporter({ url })]) {
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": "fuzz", "host.cpus": 2 }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    makeTrace(provider);
    await provider.shutdown();
  }
  server.closeAllConnections();
  server.close();
  return { protobuf, json };
}

function makeTrace(provider: BasicTracerProvider): void {
  const tracer = provider.getTracer("shop", "1.2.3", { schemaUrl: "https://opentelemetry.io" });
  const root = tracer.startSpan("POST /cart", { kind: SpanKind.SERVER, root: true });
  root.setAttributes({ "http.response.status_code": 500, "http.route": "/cart", ratio: 0.5 });
  const within: Context = trace.setSpan(context.active(), root);
  const links = [{ context: root.spanContext(), attributes: { why: "retry" } }];
  const child = tracer.startSpan("SELECT", { kind: SpanKind.CLIENT, links }, within);
  child.setAttributes({ "db.tables": ["carts", "items"], cached: false, größe: "☃" });
  child.addEvent("retried", { attempt: 2, after: [1, 2.5] });
  child.recordException(new Error("deadlock"));
  child.setStatus({ code: SpanStatusCode.ERROR, message: "deadlock" });
  child.end();
  root.end();
}
