/**
 * Clients that mean harm, or are merely broken: each meets a limit, does not hold up the others, and
 * is let go without a trace. Limits that take minutes by default are set to parts of a second here.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { defaultGrpcLimits, type GrpcLimits } from "../../src/api/grpc-server.ts";
import { defaultHttpLimits, type HttpLimits, listen } from "../../src/api/http-listener.ts";
import type { Handler } from "../../src/api/http.ts";
import { listenOtlpGrpc } from "../../src/api/otlp-grpc.ts";
import { createOtlpHttp } from "../../src/api/otlp-http.ts";
import { tenancy } from "../../src/api/tenancy.ts";
import { createLogger } from "../../src/base/log.ts";
import { MemoryBudget } from "../../src/base/memory-budget.ts";
import { createMetrics } from "../../src/base/metrics.ts";
import type { Received } from "../../src/ingest/receive.ts";
import {
  bodyHead,
  dial,
  frameHead,
  openCall,
  openSession,
  preface,
  settings,
  trickle,
} from "../support/raw-clients.ts";

const MEBIBYTE = 2 ** 20;
const taken: Received = { acceptedSpans: 1, rejectedSpans: 0, message: "" };

/** What the doors below share: counters, memory for bodies, a log that must stay empty. */
function surroundings(budgetBytes: number) {
  const lines: string[] = [];
  const metrics = createMetrics();
  const write = (line: string): number => lines.push(line);
  const logger = createLogger({ level: "info", write, now: () => new Date(0) });
  const budget = new MemoryBudget({ limitBytes: budgetBytes });
  const count = async (outcome: string): Promise<number> => {
    const { values } = await metrics.requests.get();
    return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
  };
  const cuts = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.connectionsCut.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]));
  };
  return { lines, metrics, logger, budget, count, cuts };
}

/** An HTTP port with small limits: OTLP's door, or another handler. */
async function openHttp(t: TestContext, limits: Partial<HttpLimits>, handler?: Handler) {
  const around = surroundings(64 * MEBIBYTE);
  const { metrics, logger, budget } = around;
  const receive = () => Promise.resolve(taken);
  const otlp = createOtlpHttp({
    receive,
    tenantOf: tenancy(false),
    metrics,
    logger,
    corsOrigins: [],
  });
  const listener = await listen(handler ?? otlp, {
    host: "127.0.0.1",
    port: 0,
    limits: { ...defaultHttpLimits, closeGraceMs: 200, ...limits },
    budget,
    onCut: (reason) => metrics.connectionsCut.inc({ door: "otlp_http", reason }),
    logger,
  });
  t.after(() => listener.close());
  return { ...around, port: listener.port, url: `http://127.0.0.1:${listener.port}` };
}

async function openGrpc(t: TestContext, limits: Partial<GrpcLimits>, budgetBytes = 64 * MEBIBYTE) {
  const around = surroundings(budgetBytes);
  const listener = await listenOtlpGrpc({
    host: "127.0.0.1",
    port: 0,
    receive: () => sleep(20, taken),
    tenantOf: tenancy(false),
    isServing: () => true,
    limits: { ...defaultGrpcLimits, closeGraceMs: 200, ...limits },
    ...around,
  });
  t.after(() => listener.close());
  return { ...around, port: listener.port };
}

const post = (url: string, body = "x"): Promise<Response> =>
  fetch(`${url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });
describe("an HTTP port", () => {
  test("cuts off bodies and headers that trickle, and serves the others meanwhile", async (t) => {
    const limits = { headersTimeoutMs: 2000, requestTimeoutMs: 4000 };
    const { port, url, budget, count, cuts, lines } = await openHttp(t, limits);
    const slow = Array.from({ length: 50 }, () => dial(port, bodyHead(10_000)));
    const slower = Array.from({ length: 50 }, () =>
      dial(port, "POST /v1/traces HTTP/1.1\r\nX-A: "),
    );
    const trickling = [...slow, ...slower].map(({ socket }) => trickle(socket, 40));
    for (let i = 0; i < 20; i++) {
      assert.equal((await post(url)).status, 200);
      await sleep(10);
    }
    const answered = await count("ok");
    assert.ok(
      slow.some(({ got }) => got === ""),
      "slow bodies are still being read",
    );
    await Promise.all([...slow, ...slower].map(({ closed }) => closed));
    await Promise.all(trickling);
    for (const { got } of [...slow, ...slower]) assert.match(got, /^HTTP\/1.1 408 /);
    assert.equal(answered, 20);
    assert.equal(await count("invalid"), 50); // those that had begun a request
    assert.deepEqual(await cuts(), { body_timeout: 50, headers_timeout: 50 });
    assert.equal(budget.usedBytes, 0);
    assert.deepEqual(lines, []);
  });

  test("lets go of clients that vanish: before, in, and after a request", async (t) => {
    const handler: Handler = async ({ path, signal }) => {
      if (path === "/slow" && !signal.aborted) await once(signal, "abort");
      return { status: 200, body: "ok" };
    };
    const limits = {
      headersTimeoutMs: 300,
      requestTimeoutMs: 300,
      keepAliveMs: 200,
      stalledMs: 500,
    };
    const { port, cuts, lines } = await openHttp(t, limits, handler);
    // A client that is gone without a FIN looks like one that stays and never says a word.
    const silent = dial(port);
    const inHeaders = dial(port, "GET / HTTP/1.1\r\n");
    const inBody = dial(port, bodyHead(100) + "half");
    const waiting = dial(port, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    const idle = dial(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await Promise.all([silent, inHeaders, inBody, waiting, idle].map(({ closed }) => closed));
    assert.match(idle.got, /200 OK/);
    assert.equal(waiting.got, "");
    assert.deepEqual(lines, []);
    // The silent one and the one in its headers; the one in its body; the one that waits; the idle one.
    assert.deepEqual(await cuts(), { headers_timeout: 2, body_timeout: 1, stalled: 1, idle: 1 });
  });

  test("counts what clients break off, what is no HTTP, and what is too much", async (t) => {
    const handler: Handler = async ({ path, signal, body }) => {
      if (path === "/slow" && !signal.aborted) await once(signal, "abort");
      if (path === "/refused") return { status: 413, body: "too large" };
      if (path === "/body") await body().catch(() => undefined);
      return { status: 200, body: "ok" };
    };
    const limits = { connections: 3, headerBytes: 2000, lingerMs: 200 };
    const { port, cuts, lines } = await openHttp(t, limits, handler);
    const begun = (path: string): string => bodyHead(100).replace("/v1/traces", path) + "half";
    const seen: Record<string, number> = {};
    const expectOne = async (reason: string): Promise<void> => {
      seen[reason] = (seen[reason] ?? 0) + 1;
      for (let i = 0; i < 100 && (await cuts())[reason] !== seen[reason]; i++) await sleep(20);
      assert.deepEqual(await cuts(), seen);
    };
    for (const first of [begun("/body"), "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"]) {
      const leaving = dial(port, first);
      await sleep(50);
      leaving.socket.resetAndDestroy();
      await expectOne("aborted");
    }
    const ending = dial(port, begun("/body"));
    ending.socket.end();
    await expectOne("aborted");
    const between = dial(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!between.got.includes("ok")) await sleep(5);
    between.socket.resetAndDestroy(); // nobody's loss
    const foreign = dial(port, "\x16\x03\x01\x02\x00\x01");
    await foreign.closed;
    assert.match(foreign.got, /^HTTP\/1.1 400 /);
    await expectOne("malformed");
    const large = dial(port, `GET / HTTP/1.1\r\nX-A: ${"x".repeat(4000)}\r\n\r\n`);
    await large.closed;
    assert.match(large.got, /^HTTP\/1.1 431 /);
    await expectOne("headers_too_large");
    const lingering = dial(port, begun("/refused"));
    void trickle(lingering.socket, 20);
    await lingering.closed;
    assert.match(lingering.got, /^HTTP\/1.1 413 /);
    await expectOne("lingering");
    const three = [dial(port), dial(port), dial(port)];
    await Promise.all(three.map(({ socket }) => once(socket, "connect")));
    await dial(port).closed;
    await expectOne("too_many");
    for (const { socket } of three) socket.destroy();
    assert.deepEqual(lines, []);
  });

  test("cuts off who does not read an answer, and holds only so many of them", async (t) => {
    const large = Buffer.alloc(24 * MEBIBYTE, "x");
    const handler: Handler = ({ path }) => ({
      status: 200,
      body: path === "/large" ? large : "small",
    });
    const limits = { answersBytes: 80 * MEBIBYTE, answerTimeoutMs: 700 };
    const { port, url, cuts } = await openHttp(t, limits, handler);
    const request = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    const deaf = Array.from({ length: 2 }, () => dial(port, request));
    for (const { socket } of deaf) socket.pause();
    const dribbling = dial(port);
    dribbling.socket.pause().write(request);
    void (async () => {
      while (!dribbling.socket.destroyed) {
        dribbling.socket.read(1000); // always a little progress
        await sleep(50);
      }
    })();
    await sleep(100);
    const refused = await fetch(`${url}/large`);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal(await (await fetch(`${url}/small`)).text(), "small");
    await sleep(900);
    for (const client of [...deaf, dribbling]) {
      client.socket.resume();
      await client.closed;
      assert.ok(client.got.length < large.length, "the answer was cut");
    }
    assert.deepEqual(await cuts(), { answer_timeout: 3 });
    const whole = await fetch(`${url}/large`);
    assert.equal((await whole.arrayBuffer()).byteLength, large.length);
  });
});

describe("a gRPC port", () => {
  test("cuts off who does not begin, stops half-way, or speaks HTTP/1.1", async (t) => {
    const { port, cuts, lines } = await openGrpc(t, { requestTimeoutMs: 300, probeMs: 300 });
    const silent = dial(port);
    const started = dial(port, "PR");
    const half = dial(port, preface.slice(0, 10));
    const mute = dial(port, preface + settings); // answers no probe
    const http1 = dial(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await Promise.all([silent, started, half, mute, http1].map(({ closed }) => closed));
    assert.match(http1.got, /^HTTP\/1.1 400 [^]*4318/);
    assert.deepEqual(lines, []);
    // Those that had not begun; those that answer no probe; the one that is at the wrong door.
    assert.deepEqual(await cuts(), { headers_timeout: 2, unanswered: 2, malformed: 1 });
  });

  test("lets idle connections go, counts calls that are broken off, takes only so many", async (t) => {
    const { port, cuts, lines } = await openGrpc(t, { idleMs: 400, connections: 3 });
    const session = openSession(t, port);
    const gone = once(session, "close");
    const call = openCall(session);
    call.stream.end(Buffer.concat([frameHead(1), Buffer.of(0)]));
    assert.equal(await call.status, 0);
    const other = openSession(t, port);
    const broken = openCall(other);
    broken.stream.write(frameHead(1000));
    await sleep(100);
    other.destroy();
    await gone;
    for (let i = 0; i < 50 && (await cuts())["idle"] === undefined; i++) await sleep(20);
    assert.deepEqual(await cuts(), { aborted: 1, idle: 1 });
    const breach = dial(port, preface + settings + "\0\0\x01\x07\0\0\0\0\0\0"); // a GOAWAY too short
    await breach.closed;
    const leaving = dial(port, preface + settings);
    await sleep(50);
    leaving.socket.end(); // as any client may
    await leaving.closed;
    const three = [dial(port), dial(port), dial(port)];
    await Promise.all(three.map(({ socket }) => once(socket, "connect")));
    await dial(port).closed;
    assert.deepEqual(await cuts(), { aborted: 1, idle: 1, malformed: 1, too_many: 1 });
    for (const { socket } of three) socket.destroy();
    assert.deepEqual(lines, []);
  });

  test("ends messages that trickle, and serves others on the same connection", async (t) => {
    const { port, budget, count, cuts } = await openGrpc(t, { requestTimeoutMs: 3000 });
    const session = openSession(t, port);
    const slow = Array.from({ length: 20 }, () => openCall(session));
    for (const { stream } of slow) {
      stream.write(frameHead(1000));
      void (async () => {
        while (!stream.destroyed && stream.writable) {
          stream.write("x");
          await sleep(40);
        }
      })();
    }
    const quick = openCall(session);
    quick.stream.end(Buffer.concat([frameHead(1), Buffer.of(0)]));
    assert.equal(await quick.status, 0);
    for (const { status } of slow) assert.equal(await status, 4); // DEADLINE_EXCEEDED
    assert.equal(await count("timeout"), 20);
    assert.deepEqual(await cuts(), { body_timeout: 20 });
    assert.equal(budget.usedBytes, 0);
  });

  test("keeps many half-sent and many compressed messages within the budget", async (t) => {
    const { port, budget, count } = await openGrpc(t, { bodyBytes: MEBIBYTE }, 8 * MEBIBYTE);
    const session = openSession(t, port);
    let highest = 0;
    const watch = setInterval(() => (highest = Math.max(highest, budget.usedBytes)), 1);
    t.after(() => clearInterval(watch));
    const part = Buffer.alloc(MEBIBYTE / 2, 1);
    const half = Array.from({ length: 60 }, () => openCall(session));
    for (const { stream } of half) stream.write(Buffer.concat([frameHead(MEBIBYTE), part]));
    while ((await count("exhausted")) < 40) await sleep(10); // 16 halves fit
    for (const { stream } of half) stream.destroy();
    while (budget.usedBytes > 0) await sleep(10);
    const bomb = gzipSync(Buffer.alloc(MEBIBYTE)); // as large as may be, when it is unpacked
    const bombs = Array.from({ length: 60 }, () => openCall(session, { "grpc-encoding": "gzip" }));
    for (const { stream } of bombs) {
      stream.end(Buffer.concat([frameHead(bomb.length, true), bomb]));
    }
    const statuses = new Set(await Promise.all(bombs.map(({ status }) => status)));
    assert.ok(statuses.has(8), `RESOURCE_EXHAUSTED for some, got ${[...statuses].join()}`);
    assert.ok(highest > 4 * MEBIBYTE && highest <= 8 * MEBIBYTE, `${highest} bytes at most`);
    assert.equal(budget.usedBytes, 0);
    const after = openCall(session);
    after.stream.end(Buffer.concat([frameHead(part.length), part]));
    assert.equal(await after.status, 0);
  });

  test("refuses a giant message at its first bytes, and lets go of the stream", async (t) => {
    const { port, count } = await openGrpc(t, {});
    const session = openSession(t, port);
    const giants = Array.from({ length: 30 }, () => openCall(session));
    for (const { stream } of giants) stream.write(frameHead(2 ** 32 - 1));
    for (const { status } of giants) assert.equal(await status, 8); // RESOURCE_EXHAUSTED
    assert.equal(await count("tooLarge"), 30);
  });
});
