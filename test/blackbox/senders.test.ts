/** Real senders: OpenTelemetry JS with each of its exporters, read back whole by both routes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import type { Trace } from "../../src/model/trace.ts";
import { getBytes, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleDecode, type Plain } from "../support/oracle.ts";

const exporters: [name: string, make: (clew: TestClew) => SpanExporter][] = [
  ["gRPC", (clew) => new GrpcExporter({ url: clew.grpcUrl })],
  ["HTTP/protobuf", (clew) => new ProtobufExporter({ url: `${clew.otlpUrl}/v1/traces` })],
  ["HTTP/JSON", (clew) => new JsonExporter({ url: `${clew.otlpUrl}/v1/traces` })],
];

describe("OpenTelemetry JS", () => {
  let clew: TestClew;
  before(async () => (clew = await startTestClew()));
  after(() => clew.close());

  for (const [name, make] of exporters) {
    test(`${name}: a trace comes back whole`, async () => {
      const traceId = await sendTrace(make(clew), name);
      await stored(clew);
      const v1 = oracleDecode(
        "TracesData",
        await getBytes(clew, `/api/traces/${traceId}`, "application/protobuf"),
      );
      const v2 = oracleDecode(
        "TraceByIDResponse",
        await getBytes(clew, `/api/v2/traces/${traceId}`, "application/protobuf"),
      );
      checkTrace(v1, name);
      assert.deepEqual(v2["trace"], v1);
      const own = await getBytes(clew, `/api/clew/v1/traces/${traceId}`, "application/json");
      checkOwnTrace(JSON.parse(Buffer.from(own).toString()) as Trace, traceId, name);
    });
  }
});

/** Sends a server span with a failed client span in it; gives the trace id. */
async function sendTrace(exporter: SpanExporter, name: string): Promise<string> {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      "service.name": `sender ${name}`,
      "service.version": "1.2",
    }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer("test-tracer", "0.9", {
    schemaUrl: "https://schema.example/1",
  });
  const linked = {
    traceId: "ab".repeat(16),
    spanId: "cd".repeat(8),
    traceFlags: TraceFlags.SAMPLED,
  };
  const root = tracer.startSpan("GET /pay", {
    kind: SpanKind.SERVER,
    attributes: {
      "http.request.method": "GET",
      "http.response.status_code": 500,
      "shop.total": 12.5,
      "shop.express": true,
      "shop.items": ["tea", "cup"],
      "shop.counts": [1, 2],
    },
    links: [{ context: linked, attributes: { why: "retry" } }],
  });
  const child = tracer.startSpan("query", { kind: SpanKind.CLIENT }, inSpan(root));
  child.recordException(new TypeError("no such table"));
  child.setStatus({ code: SpanStatusCode.ERROR, message: "no such table" });
  child.end();
  root.end();
  await provider.forceFlush();
  await provider.shutdown();
  return root.spanContext().traceId;
}

function inSpan(span: Span) {
  return trace.setSpan(context.active(), span);
}

function only(list: unknown): Plain {
  assert.ok(Array.isArray(list) && list.length === 1, JSON.stringify(list));
  return list[0] as Plain;
}

/** What the sender put into it, by the generated decoder's reading. */
function checkTrace(traces: Plain, name: string): void {
  const resourceSpans = only(traces["resourceSpans"]);
  const resource = attributesOf(resourceSpans["resource"] as Plain);
  assert.deepEqual(resource["service.name"], { stringValue: `sender ${name}` });
  assert.deepEqual(resource["service.version"], { stringValue: "1.2" });
  const scopeSpans = only(resourceSpans["scopeSpans"]);
  assert.equal(scopeSpans["schemaUrl"], "https://schema.example/1");
  assert.deepEqual(scopeSpans["scope"], { name: "test-tracer", version: "0.9" });
  const spans = scopeSpans["spans"] as Plain[];
  assert.equal(spans.length, 2);
  const root = spans.find((span) => span["name"] === "GET /pay")!;
  const child = spans.find((span) => span["name"] === "query")!;
  assert.equal(child["parentSpanId"], root["spanId"]);
  assert.equal(root["kind"], 2);
  assert.equal(child["kind"], 3);
  assert.deepEqual(child["status"], { message: "no such table", code: 2 });
  assert.deepEqual(attributesOf(root), {
    "http.request.method": { stringValue: "GET" },
    "http.response.status_code": { intValue: "500" },
    "shop.total": { doubleValue: 12.5 },
    "shop.express": { boolValue: true },
    "shop.items": { arrayValue: { values: [{ stringValue: "tea" }, { stringValue: "cup" }] } },
    "shop.counts": { arrayValue: { values: [{ intValue: "1" }, { intValue: "2" }] } },
  });
  const link = only(root["links"]);
  assert.equal(link["traceId"], "ab".repeat(16));
  assert.equal(link["spanId"], "cd".repeat(8));
  assert.deepEqual(attributesOf(link), { why: { stringValue: "retry" } });
  const exception = only(child["events"]);
  assert.equal(exception["name"], "exception");
  assert.deepEqual(attributesOf(exception)["exception.type"], { stringValue: "TypeError" });
  assert.ok(BigInt(root["startTimeUnixNano"] as string) > 1_700_000_000n * 1_000_000_000n);
}

function attributesOf(owner: Plain): Plain {
  const attributes = (owner["attributes"] ?? []) as { key: string; value: unknown }[];
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value]));
}

function checkOwnTrace(own: Trace, traceId: string, name: string): void {
  assert.equal(own.traceId, traceId);
  assert.deepEqual(
    own.resources.map(({ service }) => service),
    [`sender ${name}`],
  );
  const [root, child] = ["GET /pay", "query"].map((name) =>
    own.spans.find((span) => span.name === name)!,
  );
  assert.deepEqual([root!.kind, root!.status], ["server", "unset"]);
  assert.deepEqual([child!.kind, child!.status], ["client", "error"]);
  assert.equal(root!.startNano, 0);
  assert.equal(child!.parentSpanId, root!.spanId);
}
