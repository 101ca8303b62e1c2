/** Many clients at once, of a whole Clew: idle ones, large ones, and a flood of calls that are reset. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2, constants } from "node:http2";
import { createInterface } from "node:readline";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";
import { bodyHead, dial, frameHead, openCall, openSession } from "../support/raw-clients.ts";

const MEBIBYTE = 2 ** 20;
/** Of each port: two of them hold 10,000 connections and some. */
const MOST_CONNECTIONS = 5100;

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
    clew = await startTestClew({
      ingest: { maxMemoryBytes: 16 * MEBIBYTE },
      listen: { maxConnections: MOST_CONNECTIONS },
    });
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
    // As many as this process may have open, at most 10,000 of them.
    const most = Math.min(10_000, 2 * MOST_CONNECTIONS - 200, openFilesLimit() - 1000);
    assert.equal(await idle.open(most), most);
    const each = Math.round((process.memoryUsage.rss() - before) / most);
    console.log(`${most} idle connections, ${each} bytes of memory each`);
    assert.ok(each < 100_000, `${each} bytes`);
    assert.equal((await postTraces(clew, request(10))).status, 200);
    assert.equal(await exportByGrpc(openSession(t, ports[1]!)), 0);
    if (most === 10_000) {
      const held = await idle.open(500);
      console.log(`${most + 500} asked for, ${held} held`);
      const limit = 2 * MOST_CONNECTIONS;
      assert.ok(held <= limit && held > limit - 100, `${held} of ${limit}`);
      const refused = dial(ports[0]!, bodyHead(1) + "x");
      await refused.closed;
      assert.equal(refused.got, "");
      for (const door of ["otlp_http", "otlp_grpc"]) {
        const dropped = `clew_connections_cut_total{door="${door}",reason="too_many"}`;
        assert.ok((await metric(dropped)) > 100, dropped);
      }
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
