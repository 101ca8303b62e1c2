import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { oracleDecode } from "../../test/support/oracle.ts";
import { decodeStatus, decodeStrictly } from "../../test/support/rpc.ts";
import { Fault } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { createMetrics } from "../base/metrics.ts";
import type { OtlpEncoding, Received } from "../ingest/receive.ts";
import { defaultHttpLimits, listen } from "./http-listener.ts";
import type { Listener } from "./listener.ts";
import { createOtlpHttp } from "./otlp-http.ts";
import { tenancy } from "./tenancy.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const allTaken: Received = { acceptedSpans: 1, rejectedSpans: 0, message: "" };

/** A door on a free port whose receiver does what a test says and keeps what it was given. */
function createDoor(corsOrigins: readonly string[] = ["*"], isMultiTenant = false) {
  const door = {
    outcome: (): Promise<Received> => Promise.resolve(allTaken),
    received: [] as { tenant: string; body: Buffer; encoding: OtlpEncoding }[],
    lines: [] as string[],
    metrics: createMetrics(),
    budget: new MemoryBudget({ limitBytes: 1e9 }),
    listener: undefined as unknown as Listener,
    url: "",
    async start() {
      const logger = createLogger({
        level: "info",
        write: (line) => door.lines.push(line),
        now: () => new Date(0),
      });
      const handler = createOtlpHttp({
        receive: ({ tenant, body, encoding }) => {
          door.received.push({ tenant, body: Buffer.from(body), encoding });
          return door.outcome();
        },
        tenantOf: tenancy(isMultiTenant),
        metrics: door.metrics,
        logger,
        corsOrigins,
      });
      const { budget } = door;
      const onCut = () => {};
      const limits = { ...defaultHttpLimits, bodyBytes: 1e6, wireBytes: 1e6, closeGraceMs: 2000 };
      door.listener = await listen(handler, {
        host: "127.0.0.1",
        port: 0,
        limits,
        budget,
        onCut,
        logger,
      });
      door.url = `http://127.0.0.1:${door.listener.port}`;
    },
    async post(type: string, body: BodyInit = "x", headers: Record<string, string> = {}) {
      return fetch(`${door.url}/v1/traces`, {
        method: "POST",
        headers: { ...(type === "" ? {} : { "content-type": type }), ...headers },
        body,
      });
    },
    async count(outcome: string): Promise<number> {
      const { values } = await door.metrics.requests.get();
      const found = values.find(({ labels }) => labels.outcome === outcome);
      return found?.value ?? 0;
    },
  };
  return door;
}

describe("OTLP/HTTP success", () => {
  const door = createDoor();
  before(() => door.start());
  after(() => door.listener.close());

  test("protobuf in, protobuf out; the bytes as they came", async () => {
    door.received.length = 0;
    const answer = await door.post(PROTOBUF, new Uint8Array([1, 2, 0, 255]));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), PROTOBUF);
    assert.equal((await answer.arrayBuffer()).byteLength, 0);
    assert.deepEqual(door.received, [
      { tenant: "single-tenant", body: Buffer.from([1, 2, 0, 255]), encoding: "protobuf" },
    ]);
  });

  for (const type of [
    JSON_TYPE,
    "application/json; charset=utf-8",
    'Application/JSON;Charset="UTF-8"',
    "application/json;foo=bar",
  ]) {
    test(`${type} in, JSON out`, async () => {
      door.received.length = 0;
      const answer = await door.post(type, '{"resourceSpans":[]}');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("content-type"), JSON_TYPE);
      assert.equal(await answer.text(), "{}");
      assert.equal(door.received[0]!.encoding, "json");
    });
  }

  test("an empty body is an empty request", async () => {
    door.received.length = 0;
    for (const type of [PROTOBUF, JSON_TYPE]) {
      for (const encoding of ["identity", "gzip"]) {
        const answer = await door.post(type, "", { "content-encoding": encoding });
        assert.equal(answer.status, 200);
        assert.equal(await answer.text(), type === JSON_TYPE ? "{}" : "");
      }
    }
    assert.deepEqual(door.received, []);
  });

  test("gzip and zstd are taken off; bytes are counted without them", async () => {
    const before = (await door.metrics.receivedBytes.get()).values[0]!.value;
    door.received.length = 0;
    const body = "span ".repeat(1000);
    await door.post(PROTOBUF, gzipSync(body), { "content-encoding": "gzip" });
    await door.post(PROTOBUF, zstdCompressSync(body), { "content-encoding": "zstd" });
    assert.deepEqual(
      door.received.map((received) => received.body.toString()),
      [body, body],
    );
    const { values } = await door.metrics.receivedBytes.get();
    assert.equal(values[0]!.value - before, 2 * body.length);
    assert.deepEqual(values[0]!.labels, { door: "otlp_http" });
  });

  test("partial success says how many and why", async () => {
    door.outcome = () =>
      Promise.resolve({ acceptedSpans: 1, rejectedSpans: 2, message: "2 without a trace id" });
    const json = await door.post(JSON_TYPE, "{}");
    assert.equal(json.status, 200);
    assert.deepEqual(await json.json(), {
      partialSuccess: { rejectedSpans: "2", errorMessage: "2 without a trace id" },
    });
    const protobuf = await door.post(PROTOBUF);
    assert.equal(protobuf.status, 200);
    assert.deepEqual(decodeStrictly("ExportTraceServiceResponse", await protobuf.bytes()), {
      partialSuccess: { rejectedSpans: "2", errorMessage: "2 without a trace id" },
    });
    door.outcome = () => Promise.resolve(allTaken);
  });

  test("two hundred at once", async () => {
    const ok = await door.count("ok");
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const answer = await door.post(PROTOBUF, gzipSync(`request ${i}`), {
          "content-encoding": "gzip",
        });
        await answer.bytes();
        return answer.status;
      }),
    );
    assert.deepEqual(new Set(answers), new Set([200]));
    assert.equal((await door.count("ok")) - ok, 200);
    assert.equal(door.budget.usedBytes, 0);
  });

  for (const [name, Exporter, type] of [
    ["protobuf", ProtobufExporter, "protobuf"],
    ["JSON", JsonExporter, "json"],
  ] as const) {
    for (const compression of ["none", "gzip"]) {
      test(`OpenTelemetry JS sends ${name}, compression ${compression}`, async () => {
        door.received.length = 0;
        const exporter = new Exporter({
          url: `${door.url}/v1/traces`,
          compression: compression as never,
        });
        const failed: unknown[] = [];
        const provider = new BasicTracerProvider({
          spanProcessors: [new SimpleSpanProcessor(exporter)],
        });
        const span = provider.getTracer("t").startSpan("GET /cart", { attributes: { n: 1 } });
        span.setStatus({ code: SpanStatusCode.ERROR, message: "boom" }).end();
        await provider.forceFlush().catch((error: unknown) => failed.push(error));
        await provider.shutdown();
        assert.deepEqual(failed, []);
        assert.equal(door.received.length, 1);
        const { body, encoding } = door.received[0]!;
        assert.equal(encoding, type);
        const request = type === "json" ? body.toString() : oracleDecode("TracesData", body);
        assert.match(JSON.stringify(request), /GET \/cart/);
      });
    }
  }
});

describe("OTLP/HTTP failure", () => {
  const door = createDoor();
  before(() => door.start());
  after(() => door.listener.close());

  /** Status and google.rpc.Status of an answer, which must be in the encoding asked for. */
  async function read(answer: Response, type: string) {
    assert.equal(answer.headers.get("content-type"), type);
    const bytes = await answer.bytes();
    const status =
      type === JSON_TYPE ? JSON.parse(Buffer.from(bytes).toString()) : decodeStatus(bytes);
    return { http: answer.status, retryAfter: answer.headers.get("retry-after"), status };
  }

  const refusals: [fault: Fault, http: number, grpc: number, retryAfter: string | null][] = [
    [new Fault("invalid", "varint cut short at byte 17"), 400, 3, null],
    [new Fault("tooLarge", "too many spans"), 413, 8, null],
    [new Fault("exhausted", "queue full", { retryAfterSeconds: 4.2 }), 429, 8, "5"],
    [new Fault("unavailable", "ClickHouse is away"), 503, 14, "1"],
    [new Fault("timeout", "too slow"), 504, 4, null],
  ];
  for (const [fault, http, grpc, retryAfter] of refusals) {
    for (const type of [PROTOBUF, JSON_TYPE]) {
      test(`${fault.code} in ${type}`, async () => {
        const before = await door.count(fault.code);
        door.outcome = () => Promise.reject(fault);
        const got = await read(await door.post(type), type);
        assert.equal(got.http, http);
        assert.equal(got.retryAfter, retryAfter);
        assert.equal(got.status.code, grpc);
        assert.equal(got.status.message, fault.message);
        const detail = got.status.details?.[0];
        if (fault.code === "invalid") {
          assert.equal(detail.fieldViolations[0].description, fault.message);
        } else if (retryAfter !== null) assert.equal(detail.retryDelay, `${retryAfter}s`);
        else assert.equal(detail, undefined);
        assert.equal((await door.count(fault.code)) - before, 1);
      });
    }
  }

  test("a bug is a 500 without its words, and a line in the log", async () => {
    door.outcome = () => assert.fail("secret invariant");
    const got = await read(await door.post(PROTOBUF), PROTOBUF);
    assert.deepEqual(got, {
      http: 500,
      retryAfter: null,
      status: { code: 13, message: "internal error; Clew's log has more" },
    });
    assert.equal(door.lines.length, 1);
    assert.match(door.lines.pop()!, /POST \/v1\/traces.*secret invariant.*"stack"/);
  });

  for (const type of [
    "",
    "text/plain",
    "application/grpc",
    "application/jsonx",
    "application/json; charset=latin1",
    "multipart/form-data; boundary=x",
  ]) {
    test(`content type "${type}" is unknown`, async () => {
      const answer = await door.post(type, new Uint8Array([1]));
      const got = await read(answer, JSON_TYPE);
      assert.equal(got.http, 415);
      assert.equal(
        got.status.message,
        `Content-Type "${type}" is not application/x-protobuf or application/json`,
      );
    });
  }

  test("an unknown content encoding is a 415 in the request's own encoding", async () => {
    const answer = await door.post(PROTOBUF, "x", { "content-encoding": "br" });
    const got = await read(answer, PROTOBUF);
    assert.equal(got.http, 415);
    assert.match(got.status.message, /^Content-Encoding "br" is not one of gzip/);
  });

  test("garbage instead of gzip is a 400 that names it", async () => {
    const answer = await door.post(JSON_TYPE, "garbage", { "content-encoding": "gzip" });
    const got = await read(answer, JSON_TYPE);
    assert.equal(got.http, 400);
    assert.equal(got.status.message, "body is not valid gzip: incorrect header check");
  });

  test("a bomb, and a body that is plainly too large, are 413", async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000), { level: 1 });
    const got = await read(
      await door.post(PROTOBUF, bomb, { "content-encoding": "gzip" }),
      PROTOBUF,
    );
    assert.equal(got.http, 413);
    assert.equal(got.status.message, "body is larger than 1000000 bytes after decompression");
    const large = await read(await door.post(PROTOBUF, new Uint8Array(1_000_001)), PROTOBUF);
    assert.equal(large.http, 413);
    assert.equal(large.status.message, "body is larger than 1000000 bytes");
    assert.equal(door.budget.usedBytes, 0);
  });

  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    test(`${method} /v1/traces is a 405`, async () => {
      const answer = await fetch(`${door.url}/v1/traces`, { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get("allow"), "POST");
      assert.match(await answer.text(), /"message":"\/v1\/traces does not take/);
    });
  }

  const paths: [path: string, message: string][] = [
    ["/v1/metrics", "Clew takes traces only, at /v1/traces: nothing at /v1/metrics"],
    ["/v1/logs", "Clew takes traces only, at /v1/traces: nothing at /v1/logs"],
    [
      "/v1development/profiles",
      "Clew takes traces only, at /v1/traces: nothing at /v1development/profiles",
    ],
    ["/", "there is nothing at /; traces go to POST /v1/traces"],
    ["/v1/traces/", "there is nothing at /v1/traces/; traces go to POST /v1/traces"],
    [
      "/v1/traces/v1/traces",
      "there is nothing at /v1/traces/v1/traces; traces go to POST /v1/traces",
    ],
  ];
  for (const [path, message] of paths) {
    test(`nothing at ${path}`, async () => {
      const headers = { "content-type": PROTOBUF };
      const answer = await fetch(door.url + path, { method: "POST", body: "x", headers });
      const got = await read(answer, PROTOBUF);
      assert.equal(got.http, 404);
      assert.equal(got.status.message, message);
    });
  }

  test("half a body, then gone: no answer, no line in the log", async () => {
    const before = await door.count("invalid");
    door.received.length = 0;
    const socket = connect(door.listener.port, "127.0.0.1");
    const head = `Host: x\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 1000\r\n`;
    socket.end(`POST /v1/traces HTTP/1.1\r\n${head}\r\nhalf`);
    for (let i = 0; i < 100 && (await door.count("invalid")) === before; i++) await sleep(10);
    assert.equal((await door.count("invalid")) - before, 1);
    assert.deepEqual(door.received, []);
    assert.deepEqual(door.lines, []);
  });
});

describe("OTLP/HTTP tenants", () => {
  const door = createDoor([], true);
  before(() => door.start());
  after(() => door.listener.close());

  test("a request is of the tenant it names", async () => {
    const answer = await door.post(PROTOBUF, "x", { "X-Scope-OrgID": "team-7" });
    assert.equal(answer.status, 200);
    assert.equal(door.received[0]!.tenant, "team-7");
  });

  test("one that names none is 401, a wrong name is 400; neither is received", async () => {
    door.received.length = 0;
    const none = await door.post(JSON_TYPE, "{}");
    assert.equal(none.status, 401);
    assert.deepEqual(await none.json(), { code: 16, message: "no org id" });
    const wrong = await door.post(JSON_TYPE, "{}", { "x-scope-orgid": "a/b" });
    assert.equal(wrong.status, 400);
    assert.match(await wrong.text(), /unsupported character/);
    assert.deepEqual(door.received, []);
    assert.equal(await door.count("unauthenticated"), 1);
  });
});

describe("OTLP/HTTP close", () => {
  test("a request in flight gets its answer", async () => {
    const door = createDoor();
    await door.start();
    const started = Promise.withResolvers<void>();
    const stored = Promise.withResolvers<Received>();
    door.outcome = () => {
      started.resolve();
      return stored.promise;
    };
    const pending = door.post(PROTOBUF);
    await started.promise;
    const closing = door.listener.close();
    setTimeout(() => stored.resolve(allTaken), 50);
    assert.equal((await pending).status, 200);
    await closing;
    await assert.rejects(door.post(PROTOBUF));
  });
});

describe("OTLP/HTTP from browsers", () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/v1/traces`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-tenant",
      },
    });

  test("any origin, by default", async () => {
    const door = createDoor();
    await door.start();
    const asked = await preflight(door.url, "https://shop.example");
    assert.equal(asked.status, 204);
    assert.deepEqual(
      Object.fromEntries([...asked.headers].filter(([name]) => /^access|vary/.test(name))),
      {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type,x-tenant",
        "access-control-max-age": "7200",
        vary: "origin, access-control-request-headers",
      },
    );
    for (const type of [JSON_TYPE, "text/plain"]) {
      const answer = await door.post(type, "{}", { origin: "https://shop.example" });
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
      assert.equal(answer.headers.get("access-control-expose-headers"), "retry-after");
      assert.equal(answer.headers.get("vary"), "origin");
    }
    await door.listener.close();
  });

  test("only those on the list", async () => {
    const door = createDoor(["https://shop.example"]);
    await door.start();
    const allowed = await preflight(door.url, "https://shop.example");
    assert.equal(allowed.headers.get("access-control-allow-origin"), "https://shop.example");
    assert.equal(allowed.headers.get("access-control-allow-credentials"), "true");
    for (const origin of ["https://evil.example", "https://shop.example.evil", "null"]) {
      const refused = await preflight(door.url, origin);
      assert.equal(refused.headers.get("access-control-allow-origin"), null);
      const answer = await door.post(JSON_TYPE, "{}", { origin });
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
    }
    await door.listener.close();
  });
});
