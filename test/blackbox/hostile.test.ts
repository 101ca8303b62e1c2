/**
 * Clients that mean harm, or are merely broken: each meets a limit, does not hold up the others, and
 * is let go without a trace. Limits that take minutes by default are set to parts of a second here.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants, type IncomingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { defaultGrpcLimits, type GrpcLimits } from "../../src/api/grpc-listener.ts";
import { defaultHttpLimits, type HttpLimits, listen } from "../../src/api/http-listener.ts";
import type { Handler } from "../../src/api/http.ts";
import { listenOtlpGrpc } from "../../src/api/otlp-grpc.ts";
import { createOtlpHttp } from "../../src/api/otlp-http.ts";
import { tenancy } from "../../src/api/tenancy.ts";
import { createLogger } from "../../src/base/log.ts";
import { MemoryBudget } from "../../src/base/memory-budget.ts";
import { createMetrics } from "../../src/base/metrics.ts";
import type { Received } from "../../src/ingest/receive.ts";
import { postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
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
  return { lines, metrics, logger, budget, count };
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

/** A connection, and all that it has been sent; `closed` settles when it is cut. */
function dial(port: number, first = "") {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const state = { socket, closed, got: "" };
  socket.on("data", (part) => (state.got += part.toString("latin1"))).on("error", () => {});
  if (first !== "") socket.write(first);
  return state;
}

/** Sends a byte every few milliseconds until the connection is cut. */
async function trickle(socket: Socket, everyMs: number): Promise<void> {
  while (!socket.destroyed && socket.writable) {
    socket.write("x");
    await sleep(everyMs);
  }
}

const post = (url: string, body = "x"): Promise<Response> =>
  fetch(`${url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });
const bodyHead = (length: number): string =>
  "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n" +
  `Content-Length: ${length}\r\n\r\n`;

describe("an HTTP port", () => {
  test("cuts off bodies and headers that trickle, and serves the others meanwhile", async (t) => {
    const limits = { headersTimeoutMs: 300, requestTimeoutMs: 600 };
    const { port, url, budget, count, lines } = await openHttp(t, limits);
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
    const { port, lines } = await openHttp(t, limits, handler);
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
  });

  test("cuts off who does not read an answer, and holds only so many of them", async (t) => {
    const large = Buffer.alloc(24 * MEBIBYTE, "x");
    const handler: Handler = ({ path }) => ({
      status: 200,
      body: path === "/large" ? large : "small",
    });
    const limits = { answersBytes: 80 * MEBIBYTE, answerTimeoutMs: 700 };
    const { port, url } = await openHttp(t, limits, handler);
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
    const whole = await fetch(`${url}/large`);
    assert.equal((await whole.arrayBuffer()).byteLength, large.length);
  });
});

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const settings = "\0\0\0\x04\0\0\0\0\0";

/** A call of which a test sends what it likes; `status` is the one in its trailers. */
function openCall(session: ReturnType<typeof connectHttp2>, headers: Record<string, string> = {}) {
  const stream = session.request({
    ":method": "POST",
    ":path": EXPORT,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const status = new Promise<number>((resolve) => {
    const look = (found: IncomingHttpHeaders): void => {
      if (found["grpc-status"] !== undefined) resolve(Number(found["grpc-status"]));
    };
    stream.on("response", look).on("trailers", look);
    stream.once("close", () => resolve(-1));
  });
  stream.on("error", () => {}).resume();
  return { stream, status };
}

function openSession(t: TestContext, port: number) {
  // Our own side may hold as much as it likes (the unit is a million bytes).
  const session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 1000 });
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

function frameHead(length: number, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return head;
}

describe("a gRPC port", () => {
  test("cuts off who does not begin, stops half-way, or speaks HTTP/1.1", async (t) => {
    const { port, lines } = await openGrpc(t, { requestTimeoutMs: 300, probeMs: 300 });
    const silent = dial(port);
    const started = dial(port, "PR");
    const half = dial(port, preface.slice(0, 10));
    const mute = dial(port, preface + settings); // answers no probe
    const http1 = dial(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await Promise.all([silent, started, half, mute, http1].map(({ closed }) => closed));
    assert.match(http1.got, /^HTTP\/1.1 400 [^]*4318/);
    assert.deepEqual(lines, []);
  });

  test("ends messages that trickle, and serves others on the same connection", async (t) => {
    const { port, budget, count } = await openGrpc(t, { requestTimeoutMs: 400 });
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

/** A valid request of about so many bytes. */
function request(bytes: number): Uint8Array {
  const name = `${Math.random()} ${"x".repeat(bytes)}`;
  const span = { traceId: Buffer.alloc(16, 7), spanId: Buffer.alloc(8, 7), name: "hostile" };
  const attributes = [{ key: "payload", value: { stringValue: name } }];
  const spans = [
    { ...span, startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n), attributes },
  ];
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

async function exportByGrpc(session: ReturnType<typeof connectHttp2>): Promise<number> {
  const { stream, status } = openCall(session);
  const body = request(10);
  stream.end(Buffer.concat([frameHead(body.length), body]));
  return status;
}

describe("a running Clew", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew({ ingest: { maxMemoryBytes: 16 * MEBIBYTE } });
  });
  after(() => clew.close());

  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${clew.apiUrl}/metrics`)).text();
    const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.slice(name.length + 1));
  };

  test("holds thousands of idle connections, refuses more, and lets all go", async (t) => {
    const ports = [clew.otlpUrl, clew.grpcUrl].map((url) => Number(new URL(url).port));
    const idle = await startIdleClients(t, ports);
    const before = process.memoryUsage.rss();
    const most = Math.min(10_000, openFilesLimit() - 1000);
    const some = Math.min(8000, most - 100);
    const first = await idle.open(some);
    assert.equal(first, some);
    const each = Math.round((process.memoryUsage.rss() - before) / first);
    console.log(`${first} idle connections, ${each} bytes of memory each`);
    assert.ok(each < 100_000, `${each} bytes`);
    assert.equal((await postTraces(clew, request(10))).status, 200);
    const last = openSession(t, ports[1]!);
    assert.equal(await exportByGrpc(last), 0);
    if (most === 10_000) {
      const held = await idle.open(most - some);
      const limit = defaultHttpLimits.connections + defaultGrpcLimits.connections;
      console.log(`${most} asked for, ${held} held`);
      assert.ok(held <= limit && held > limit - 100, `${held} of ${limit}`);
      const refused = dial(ports[0]!, bodyHead(1) + "x");
      await refused.closed;
      assert.equal(refused.got, "");
    }
    await idle.close();
    await sleep(200);
    assert.equal((await postTraces(clew, request(10))).status, 200);
    assert.equal(await exportByGrpc(openSession(t, ports[1]!)), 0);
  });

  test("takes many large bodies at once by telling some to come back", async () => {
    const okName = 'clew_receive_requests_total{door="otlp_http",outcome="ok"}';
    const okBefore = await metric(okName);
    let refused = 0;
    const send = async (): Promise<void> => {
      const body = request(MEBIBYTE);
      for (;;) {
        const { status, headers } = await postTraces(clew, body);
        if (status === 200) return;
        refused++;
        assert.equal(status, 429);
        assert.ok(Number(headers.get("retry-after")) >= 1);
        await sleep(20 + Math.random() * 100);
      }
    };
    await Promise.all(Array.from({ length: 40 }, send));
    const ok = await metric(okName);
    const told = await metric('clew_receive_requests_total{door="otlp_http",outcome="exhausted"}');
    assert.equal(ok - okBefore, 40);
    assert.ok(refused > 0);
    assert.equal(told, refused);
    console.log(
      `40 bodies of 1 MiB in 16 MiB of memory: all stored, ${refused} times told to come back`,
    );
  });

  test("outlives a flood of streams that are reset at once", async (t) => {
    const { port } = new URL(clew.grpcUrl);
    const before = process.memoryUsage.rss();
    let opened = 0;
    for (let connection = 0; connection < 10; connection++) {
      const session = openSession(t, Number(port));
      for (let i = 0; i < 2000 && !session.destroyed && !session.closed; i++) {
        const { stream } = openCall(session);
        stream.close(constants.NGHTTP2_CANCEL);
        opened++;
        if (i % 50 === 0) await sleep(0);
      }
      session.destroy();
    }
    assert.equal(await exportByGrpc(openSession(t, Number(port))), 0);
    const growth = Math.round((process.memoryUsage.rss() - before) / MEBIBYTE);
    console.log(`${opened} streams opened and reset; ${growth} MiB more, both ends together`);
    assert.ok(opened > 1000 && growth < 200, `${opened} streams, ${growth} MiB`);
  });

  test("closes with idle connections open, and ends them", async (t) => {
    const ports = [clew.otlpUrl, clew.grpcUrl].map((url) => Number(new URL(url).port));
    const idle = await startIdleClients(t, ports);
    assert.equal(await idle.open(500), 500);
    await clew.close();
    assert.equal(await idle.open(0), 0);
  });
});

/** How many files this process may have open; many where the system does not tell. */
function openFilesLimit(): number {
  if (process.platform !== "linux") return 2000;
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/Max open files\s+\S+\s+(\d+)/.exec(limits)?.[1] ?? 2000);
}

// In a process of their own: ours has the other ends, and a limit on open files. A line with a number
// opens as many more connections, each of which says so much that it counts as begun; the answer is
// how many are open then.
const idleClients = `
const { connect } = require("node:net");
const ports = process.argv.slice(1).map(Number);
const hello = [
  "GET /nothing HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
  "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\x04\\0\\0\\0\\0\\0",
];
let open = 0;
let next = 0;
const dial = () => new Promise((settle) => {
  const which = next++ % ports.length;
  const socket = connect(ports[which], "127.0.0.1");
  let isOpen = false;
  socket.on("error", () => {});
  socket.once("data", () => { isOpen = true; open++; settle(); });
  socket.once("close", () => { if (isOpen) open--; settle(); });
  socket.resume().write(hello[which]);
});
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
require("node:readline").createInterface(process.stdin).on("line", async (line) => {
  for (let left = Number(line); left > 0; left -= 200) {
    await Promise.all(Array.from({ length: Math.min(200, left) }, dial));
  }
  await rest(100);
  console.log(open);
});
`;

interface IdleClients {
  /** Opens so many more; gives the number of those that are open. */
  open(count: number): Promise<number>;
  /** Ends all of them. */
  close(): Promise<void>;
}

async function startIdleClients(t: TestContext, ports: readonly number[]): Promise<IdleClients> {
  const script = ["-e", idleClients, ...ports.map(String)];
  const child: ChildProcess = spawn(process.execPath, script, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  return {
    open: async (count) => {
      child.stdin!.write(`${count}\n`);
      return Number((await lines.next()).value);
    },
    close: async () => {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
