import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import type { IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { oracleDecode } from "../../test/support/oracle.ts";
import { decodeStatus, decodeStrictly, encodeMessage } from "../../test/support/rpc.ts";
import { Fault } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { createMetrics } from "../base/metrics.ts";
import type { Received } from "../ingest/receive.ts";
import { defaultGrpcLimits } from "./grpc-server.ts";
import type { GrpcLimits } from "./grpc-server.ts";
import type { Listener } from "./listener.ts";
import { listenOtlpGrpc } from "./otlp-grpc.ts";
import { tenancy } from "./tenancy.ts";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const allTaken: Received = { acceptedSpans: 1, rejectedSpans: 0, message: "" };

/** A door on a free port whose receiver does what a test says and keeps what it was given. */
function createDoor(limits: Partial<GrpcLimits> = {}, isMultiTenant = false) {
  const door = {
    outcome: (): Promise<Received> => Promise.resolve(allTaken),
    serving: true,
    received: [] as Buffer[],
    tenants: [] as string[],
    lines: [] as string[],
    metrics: createMetrics(),
    budget: new MemoryBudget({ limitBytes: 1e9 }),
    listener: undefined as unknown as Listener,
    client: undefined as unknown as Client,
    async start() {
      door.listener = await listenOtlpGrpc({
        host: "127.0.0.1",
        port: 0,
        receive: ({ tenant, encoding, body }) => {
          assert.equal(encoding, "protobuf");
          door.received.push(Buffer.from(body));
          door.tenants.push(tenant);
          return door.outcome();
        },
        tenantOf: tenancy(isMultiTenant),
        isServing: () => door.serving,
        metrics: door.metrics,
        logger: createLogger({
          level: "info",
          write: (line) => door.lines.push(line),
          now: () => new Date(0),
        }),
        limits: { ...defaultGrpcLimits, bodyBytes: 1e6, closeGraceMs: 2000, ...limits },
        budget: door.budget,
      });
      door.client = new Client(`127.0.0.1:${door.listener.port}`, credentials.createInsecure());
    },
    async stop() {
      door.client.close();
      await door.listener.close();
    },
    async count(outcome: string): Promise<number> {
      const { values } = await door.metrics.requests.get();
      return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
    },
  };
  return door;
}

/** One call over raw bytes by grpc-js's client. */
function call(client: Client, path: string, body: Uint8Array, metadata = new Metadata()) {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const asIs = (bytes: Buffer) => bytes;
  client.makeUnaryRequest(path, asIs, asIs, Buffer.from(body), metadata, (error, response) =>
    error === null ? resolve(response!) : reject(error),
  );
  return promise;
}

async function refusal(calling: Promise<unknown>) {
  const error = (await calling.then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  )) as ServiceError;
  const [details] = error.metadata.get("grpc-status-details-bin");
  assert.ok(details instanceof Buffer, `no details for ${error.message}`);
  const status = decodeStatus(details);
  assert.equal(status["code"], error.code);
  assert.equal(status["message"], error.details);
  return { code: error.code, message: error.details, details: status["details"] };
}

/** One call frame by frame over plain HTTP/2, to send what no gRPC client would. */
async function callRaw(port: number, frame: Buffer, headers: Record<string, string> = {}) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": EXPORT,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const found: IncomingHttpHeaders = {};
  stream.on("response", (response) => Object.assign(found, response));
  stream.on("trailers", (trailers) => Object.assign(found, trailers));
  stream.on("error", () => {});
  stream.resume().end(frame);
  await once(stream, "close");
  session.destroy();
  return found;
}

function frameOf(message: Uint8Array, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

describe("OTLP/gRPC success", () => {
  const door = createDoor();
  before(() => door.start());
  after(() => door.stop());

  test("the bytes as they came; an empty response", async () => {
    door.received.length = 0;
    const response = await call(door.client, EXPORT, new Uint8Array([10, 0, 255]));
    assert.equal(response.length, 0);
    assert.deepEqual(door.received, [Buffer.from([10, 0, 255])]);
    assert.deepEqual(
      (await door.metrics.receivedBytes.get()).values.map(({ value, labels }) => ({
        value,
        labels,
      })),
      [{ value: 3, labels: { door: "otlp_grpc" } }],
    );
  });

  test("with tenancy, a call is of the tenant it names, and UNAUTHENTICATED without", async (t) => {
    const door = createDoor({}, true);
    await door.start();
    t.after(() => door.stop());
    const metadata = new Metadata();
    metadata.set("x-scope-orgid", "team-7");
    await call(door.client, EXPORT, new Uint8Array([10, 0]), metadata);
    assert.deepEqual(door.tenants, ["team-7"]);
    const none = await refusal(call(door.client, EXPORT, new Uint8Array([10, 0])));
    assert.deepEqual([none.code, none.message], [16, "no org id"]);
    metadata.set("x-scope-orgid", "a/b");
    const wrong = await refusal(call(door.client, EXPORT, new Uint8Array([10, 0]), metadata));
    assert.equal(wrong.code, 3);
    assert.equal(door.received.length, 1);
  });

  test("an empty request", async () => {
    door.received.length = 0;
    assert.equal((await call(door.client, EXPORT, new Uint8Array())).length, 0);
    assert.deepEqual(door.received, []);
  });

  test("partial success", async () => {
    door.outcome = () => Promise.resolve({ acceptedSpans: 1, rejectedSpans: 2, message: "why" });
    const response = await call(door.client, EXPORT, new Uint8Array([1]));
    assert.deepEqual(decodeStrictly("ExportTraceServiceResponse", response), {
      partialSuccess: { rejectedSpans: "2", errorMessage: "why" },
    });
    door.outcome = () => Promise.resolve(allTaken);
  });

  test("two hundred at once", async () => {
    const ok = await door.count("ok");
    const body = Buffer.alloc(10_000, "span");
    await Promise.all(Array.from({ length: 200 }, () => call(door.client, EXPORT, body)));
    assert.equal((await door.count("ok")) - ok, 200);
    assert.equal(door.budget.usedBytes, 0);
  });

  for (const compression of ["none", "gzip"]) {
    test(`OpenTelemetry JS sends, compression ${compression}`, async () => {
      door.received.length = 0;
      const exporter = new OTLPTraceExporter({
        url: `http://127.0.0.1:${door.listener.port}`,
        compression: compression as never,
      });
      const provider = new BasicTracerProvider({
        spanProcessors: [new SimpleSpanProcessor(exporter)],
      });
      provider.getTracer("t").startSpan("GET /cart").end();
      await provider.forceFlush();
      await provider.shutdown();
      assert.equal(door.received.length, 1);
      assert.match(JSON.stringify(oracleDecode("TracesData", door.received[0]!)), /GET \/cart/);
    });
  }

  test("the health check", async () => {
    const check = async (service: string) => {
      const request = encodeMessage("HealthCheckRequest", { service });
      const response = await call(door.client, "/grpc.health.v1.Health/Check", request);
      return decodeStrictly("HealthCheckResponse", response)["status"];
    };
    assert.equal(await check(""), 1);
    assert.equal(await check("opentelemetry.proto.collector.trace.v1.TraceService"), 1);
    door.serving = false;
    assert.equal(await check(""), 2);
    const unknown = await refusal(check("nobody"));
    assert.deepEqual([unknown.code, unknown.message], [5, 'no service "nobody" here']);
    const garbage = call(door.client, "/grpc.health.v1.Health/Check", new Uint8Array([10, 9]));
    assert.equal((await refusal(garbage)).code, 3);
  });
});

describe("OTLP/gRPC failure", () => {
  const door = createDoor({ requestTimeoutMs: 300 });
  before(() => door.start());
  after(() => door.stop());

  const retry = (seconds: number) => ({
    "@type": "type.googleapis.com/google.rpc.RetryInfo",
    retryDelay: `${seconds}s`,
  });
  const badRequest = (description: string) => ({
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    fieldViolations: [{ field: "ExportTraceServiceRequest", description }],
  });
  const refusals: [fault: Fault, code: number, details: unknown][] = [
    [new Fault("invalid", "cut at byte 17, 100 %"), 3, [badRequest("cut at byte 17, 100 %")]],
    [new Fault("tooLarge", "too many spans"), 8, undefined],
    [new Fault("exhausted", "queue full", { retryAfterSeconds: 5 }), 8, [retry(5)]],
    [new Fault("unavailable", "ClickHouse ist nicht verfügbar\n🧵"), 14, [retry(1)]],
    [new Fault("timeout", "too slow"), 4, undefined],
    [new Fault("invalid", "é".repeat(10_000)), 3, [badRequest("é".repeat(510) + "…")]],
  ];
  for (const [fault, code, details] of refusals) {
    test(`${fault.code}: ${fault.message.slice(0, 20)}`, async () => {
      const before = await door.count(fault.code);
      door.outcome = () => Promise.reject(fault);
      const got = await refusal(call(door.client, EXPORT, new Uint8Array([1])));
      assert.equal(got.code, code);
      assert.ok(fault.message.startsWith(got.message.replace("…", "")));
      assert.deepEqual(got.details, details);
      assert.equal((await door.count(fault.code)) - before, 1);
      door.outcome = () => Promise.resolve(allTaken);
    });
  }

  test("a bug is INTERNAL without its words, and a line in the log", async () => {
    door.outcome = () => assert.fail("secret invariant");
    const got = await refusal(call(door.client, EXPORT, new Uint8Array([1])));
    assert.deepEqual([got.code, got.message], [13, "internal error; Clew's log has more"]);
    assert.match(door.lines.pop()!, /TraceService\/Export.*secret invariant.*"stack"/);
    assert.deepEqual(door.lines, []);
    door.outcome = () => Promise.resolve(allTaken);
  });

  test("other signals and other services are UNIMPLEMENTED", async () => {
    for (const path of [
      "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
      "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    ]) {
      const got = await refusal(call(door.client, path, new Uint8Array([1])));
      const sentence = "Clew takes traces only: switch this exporter off";
      assert.deepEqual([got.code, got.message], [12, sentence]);
    }
    await assert.rejects(call(door.client, "/nobody.Service/Nothing", new Uint8Array()), {
      code: 12,
    });
  });

  test("a message too large, compressed or not", async () => {
    const before = await door.count("tooLarge");
    const plain = await refusal(call(door.client, EXPORT, new Uint8Array(1_000_001)));
    assert.equal(plain.code, 8);
    assert.match(plain.message, /larger than max \(1000001 vs 1000000\)/);
    assert.equal(plain.details, undefined);
    assert.equal((await door.count("tooLarge")) - before, 1);
  });

  test("a bomb is stopped at the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000), { level: 1 });
    const before = process.memoryUsage().rss;
    const got = await callRaw(door.listener.port, frameOf(bomb, true), { "grpc-encoding": "gzip" });
    assert.equal(got["grpc-status"], "8");
    assert.match(String(got["grpc-message"]), /decompresses.*larger.*1000000/);
    assert.ok(process.memoryUsage().rss - before < 100_000_000);
  });

  const wrong: [name: string, frame: Buffer, headers: Record<string, string>, status: string][] = [
    ["garbage gzip", frameOf(Buffer.from("garbage"), true), { "grpc-encoding": "gzip" }, "3"],
    [
      "cut gzip",
      frameOf(gzipSync("x".repeat(99)).subarray(0, -4), true),
      { "grpc-encoding": "gzip" },
      "3",
    ],
    ["unknown encoding", frameOf(Buffer.from("x"), true), { "grpc-encoding": "snappy" }, "12"],
    ["no message", Buffer.alloc(0), {}, "12"],
    ["two messages", Buffer.concat([frameOf(Buffer.of(1)), frameOf(Buffer.of(2))]), {}, "12"],
    ["a length beyond the limit", Buffer.from([0, 255, 255, 255, 255]), {}, "8"],
    ["a nonsense timeout", frameOf(Buffer.of(1)), { "grpc-timeout": "soon" }, "3"],
  ];
  for (const [name, frame, headers, status] of wrong) {
    test(`${name} is status ${status}`, async () => {
      const got = await callRaw(door.listener.port, frame, headers);
      assert.equal(got["grpc-status"], status, JSON.stringify(got));
      assert.deepEqual(door.lines, []);
    });
  }

  test("a content type that is not gRPC is a 415", async () => {
    const got = await callRaw(door.listener.port, frameOf(Buffer.of(1)), {
      "content-type": "application/json",
    });
    assert.equal(got[":status"], 415);
  });

  test("half a message that goes no further is DEADLINE_EXCEEDED", async () => {
    const session = connectHttp2(`http://127.0.0.1:${door.listener.port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": EXPORT,
      "content-type": "application/grpc",
    });
    stream.write(frameOf(Buffer.alloc(100)).subarray(0, 50));
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    assert.equal(headers["grpc-status"], "4");
    assert.equal(headers["grpc-message"], "no%20whole%20request%20within%20300%20ms");
    session.destroy();
  });

  test("half a message, then gone: nothing received, nothing logged", async () => {
    door.received.length = 0;
    const session = connectHttp2(`http://127.0.0.1:${door.listener.port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": EXPORT,
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    stream.write(frameOf(Buffer.alloc(100)).subarray(0, 50));
    await sleep(30);
    stream.close(constants.NGHTTP2_CANCEL);
    await sleep(30);
    session.destroy();
    const socket = connect(door.listener.port, "127.0.0.1");
    socket.end("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x05nonsense");
    socket.on("error", () => {}).resume();
    await once(socket, "close");
    assert.deepEqual(door.received, []);
    assert.deepEqual(door.lines, []);
  });

  test("a client that gives up waiting is not counted as answered", async () => {
    const stored = Promise.withResolvers<Received>();
    door.outcome = () => stored.promise;
    const before = await door.count("ok");
    const calling = new Promise((resolve) => {
      const asIs = (bytes: Buffer) => bytes;
      const sent = door.client.makeUnaryRequest(EXPORT, asIs, asIs, Buffer.of(1), resolve);
      setTimeout(() => sent.cancel(), 50);
    });
    assert.equal(((await calling) as ServiceError).code, 1);
    await sleep(30);
    stored.resolve(allTaken);
    await sleep(30);
    assert.equal(await door.count("ok"), before);
    assert.equal(door.budget.usedBytes, 0);
    door.outcome = () => Promise.resolve(allTaken);
  });

  test("HTTP/1.1 on this port is told where to go", async () => {
    const answer = await fetch(`http://127.0.0.1:${door.listener.port}/v1/traces`, {
      method: "POST",
      body: "x".repeat(10_000),
    });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /gRPC.*4318/);
  });

  test("a preface in single bytes is understood", async () => {
    const socket = connect({ port: door.listener.port, host: "127.0.0.1", noDelay: true });
    for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
      socket.write(byte);
      await sleep(1);
    }
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // an empty SETTINGS frame
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.equal(first[3], 4); // SETTINGS
    socket.destroy();
  });

  test("a taken port is a fault that names it", async () => {
    const { port } = door.listener;
    const { metrics, budget } = door;
    const starting = listenOtlpGrpc({
      host: "127.0.0.1",
      port,
      receive: door.outcome,
      tenantOf: tenancy(false),
      isServing: () => true,
      metrics,
      logger: createLogger({ level: "error", write: () => {}, now: () => new Date(0) }),
      limits: defaultGrpcLimits,
      budget,
    });
    await assert.rejects(starting, {
      code: "unavailable",
      message: new RegExp(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
    });
  });
});

describe("OTLP/gRPC limits", () => {
  test("memory for all messages together", async () => {
    const door = createDoor();
    door.budget = new MemoryBudget({ limitBytes: 1000 });
    await door.start();
    const got = await refusal(call(door.client, EXPORT, new Uint8Array(1001)));
    assert.equal(got.code, 8);
    await call(door.client, EXPORT, new Uint8Array(1000));
    await door.stop();
  });

  test("the number of connections", async () => {
    const door = createDoor({ connections: 1 });
    await door.start();
    await call(door.client, EXPORT, Buffer.of(1));
    const second = connect(door.listener.port, "127.0.0.1");
    second.on("error", () => {}).resume();
    await once(second, "close");
    await door.stop();
  });
});

describe("OTLP/gRPC close", () => {
  test("a call in flight gets its answer, then the port is closed", async () => {
    const door = createDoor();
    await door.start();
    const started = Promise.withResolvers<void>();
    const stored = Promise.withResolvers<Received>();
    door.outcome = () => {
      started.resolve();
      return stored.promise;
    };
    const pending = call(door.client, EXPORT, Buffer.of(1));
    await started.promise;
    let closed = false;
    const closing = door.listener.close().then(() => (closed = true));
    await sleep(50);
    assert.equal(closed, false);
    stored.resolve(allTaken);
    assert.equal((await pending).length, 0);
    await closing;
    await assert.rejects(call(door.client, EXPORT, Buffer.of(1)), { code: 14 });
    door.client.close();
  });

  test("does not wait for idle connections", async () => {
    const door = createDoor({ closeGraceMs: 120_000 });
    await door.start();
    await call(door.client, EXPORT, Buffer.of(1));
    const started = performance.now();
    await door.listener.close();
    await door.listener.close(); // twice is as good as once
    assert.ok(performance.now() - started < 60_000);
    door.client.close();
  });

  test("cuts what takes longer than the limit, and connections that say nothing", async () => {
    const door = createDoor({ closeGraceMs: 50 });
    await door.start();
    const silent = connect(door.listener.port, "127.0.0.1");
    silent.on("error", () => {}).resume();
    const started = Promise.withResolvers<void>();
    door.outcome = () => {
      started.resolve();
      return new Promise(() => {});
    };
    const pending = assert.rejects(call(door.client, EXPORT, Buffer.of(1)));
    await started.promise;
    const silentClosed = once(silent, "close");
    const before = performance.now();
    await door.listener.close();
    assert.ok(performance.now() - before > 45);
    await pending;
    await silentClosed;
    door.client.close();
  });
});
