/** Ingest in several processes: one port, a log each, and nothing acknowledged is lost, whoever dies. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { Agent, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { createLogger } from "../../src/base/log.ts";
import type { Trace } from "../../src/model/trace.ts";
import { configSchema, defaultConfig } from "../../src/server/config.ts";
import { drainLeftovers } from "../../src/server/leftover-logs.ts";
import { createStoreClient } from "../../src/store/client.ts";
import { startEngine } from "../../src/store/engine/engine.ts";
import { sql } from "../../src/store/sql.ts";
import { oracleEncode } from "../support/oracle.ts";
import { rollUpDifferences } from "../support/roll-ups.ts";
import { pidsOf, spawnClew, type SpawnedClew } from "../support/spawned-clew.ts";

const SPANS = 10;
const ANSWER_MS = 3000;
const silent = createLogger({ level: "error", write: () => {}, now: () => new Date() });

const workerPids = (clew: SpawnedClew) => pidsOf(clew, "ingest worker is ready");
const enginePids = (clew: SpawnedClew) => pidsOf(clew, "clickhouse is ready");

function requestOf(traceNumber: number): Buffer {
  const startNanos = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: SPANS }, (_, i) => ({
    traceId: Buffer.from(traceNumber.toString(16).padStart(32, "0"), "hex"),
    spanId: Buffer.from((i + 1).toString(16).padStart(16, "0"), "hex"),
    name: `step ${i}`,
    startTimeUnixNano: String(startNanos + BigInt(i)),
    endTimeUnixNano: String(startNanos + BigInt(i + 5)),
  }));
  return Buffer.from(oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] }));
}

/** Sends over a connection of its own; gives the status, or 0 if there was no answer in time: a
 * connection that is being dealt to a worker just when that dies gets none. */
function post({ otlpUrl }: SpawnedClew, body: Buffer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const agent = new Agent({ keepAlive: false });
  const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
  const options = { method: "POST", agent, headers, timeout: ANSWER_MS };
  const sending = request(`${otlpUrl}/v1/traces`, options, (answer) => {
    answer.resume().on("end", () => resolve(answer.statusCode!));
    answer.on("error", () => resolve(0));
  });
  sending.on("timeout", () => sending.destroy());
  sending.on("error", () => resolve(0)).end(body);
  return promise;
}

/** Sends by gRPC over a connection of its own. Rejects unless it is taken. */
async function call({ grpcAddress }: SpawnedClew, body: Buffer): Promise<void> {
  const client = new Client(grpcAddress, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const asIs = (bytes: Buffer): Buffer => bytes;
  const method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(method, asIs, asIs, body, (error) =>
      error ? reject(error) : resolve(),
    );
  }).finally(() => client.close());
}

async function metric({ apiUrl }: SpawnedClew, name: string): Promise<number> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  assert.ok(line !== undefined, `no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const untilMs = Date.now() + 20_000; !(await isSo()); await sleep(50)) {
    assert.ok(Date.now() < untilMs, `not so after 20 s: ${what}`);
  }
}

function settled(clew: SpawnedClew): Promise<void> {
  return until("the queue is empty", async () => (await metric(clew, "clew_queue_spans")) === 0);
}

/** Checks that each of these traces is read with each of its spans once. */
async function checkTraces({ apiUrl }: SpawnedClew, traceNumbers: Iterable<number>): Promise<void> {
  const wrong: string[] = [];
  for (const traceNumber of traceNumbers) {
    const answer = await fetch(`${apiUrl}/api/clew/v1/traces/${traceNumber.toString(16)}`);
    const spans = answer.status === 200 ? ((await answer.json()) as Trace).spans : [];
    const ids = new Set(spans.map(({ spanId }) => spanId));
    if (spans.length === SPANS && ids.size === SPANS) continue;
    wrong.push(`trace ${traceNumber}: ${answer.status}, ${spans.length} spans`);
  }
  assert.deepEqual(wrong, []);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function logBytes(dataDir: string, worker: number): number {
  const folder = path.join(dataDir, "ingest", String(worker));
  return segmentsIn(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".log"));
}

/** Gives a folder to a test, and whatever it has started an end. */
async function withClews(
  body: (dataDir: string, open: (...settings: string[]) => Promise<SpawnedClew>) => Promise<void>,
): Promise<void> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "clew-workers-"));
  const clews: SpawnedClew[] = [];
  try {
    await body(dataDir, async (...settings) => {
      clews.push(await spawnClew(dataDir, settings));
      return clews.at(-1)!;
    });
  } finally {
    for (const clew of clews) {
      clew.child.kill("SIGKILL");
      await clew.ended;
      const pids = [...workerPids(clew), ...enginePids(clew)];
      await until("all processes have ended", () => !pids.some(isAlive));
    }
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

test("two workers: both take spans by both protocols, counts are sums, SIGTERM leaves no process", () =>
  withClews(async (dataDir, open) => {
    const clew = await open("ingest.workers=2", "ingest.maxBlockDelayMs=20");
    const traceNumbers = Array.from({ length: 60 }, (_, i) => i + 1);
    const bodies = traceNumbers.map(requestOf);
    await Promise.all(
      bodies.map(async (body, i) => {
        if (i % 3 === 0) await call(clew, body);
        else assert.equal(await post(clew, body), 200);
      }),
    );
    const spans = traceNumbers.length * SPANS;
    await settled(clew);
    assert.equal(await metric(clew, "clew_spans_received_total"), spans);
    assert.equal(await metric(clew, "clew_spans_inserted_total"), spans);
    const status = (await (await fetch(`${clew.apiUrl}/api/clew/v1/status`)).json()) as object;
    assert.ok("spansReceived" in status && status.spansReceived === spans);
    assert.equal((await fetch(`${clew.apiUrl}/ready`)).status, 200);
    await checkTraces(clew, traceNumbers);
    // Connections are dealt out in turn, so that each has about half; a request is over 500 bytes.
    for (const worker of [0, 1]) assert.ok(logBytes(dataDir, worker) > 10_000, `log ${worker}`);

    // The same bytes again, to either worker: known to both.
    for (const body of bodies.slice(0, 10)) assert.equal(await post(clew, body), 200);
    assert.equal(await metric(clew, "clew_receive_repeats_total"), 10);
    assert.equal(await metric(clew, "clew_spans_received_total"), spans);

    const pids = [...workerPids(clew), ...enginePids(clew)];
    assert.equal(pids.length, 3);
    clew.child.kill("SIGTERM");
    await clew.ended;
    assert.equal(clew.child.exitCode, 0);
    assert.deepEqual(pids.filter(isAlive), []);
    const troubles = clew.events.filter(({ level }) => level !== "info");
    assert.deepEqual(troubles, []);
  }));

test("kill -9 of workers and of the engine under load loses nothing", () =>
  withClews(async (_dataDir, open) => {
    const clew = await open("ingest.workers=2", "ingest.maxBlockDelayMs=40");
    const acknowledged = new Set<number>();
    const stop = new AbortController();
    let next = 1;
    const sender = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const traceNumber = next++;
        const body = requestOf(traceNumber);
        // Again and again, the same bytes, as an exporter does: also when no answer came.
        while (!stop.signal.aborted && (await post(clew, body)) !== 200) await sleep(20);
        if (!stop.signal.aborted) acknowledged.add(traceNumber);
        await sleep(60);
      }
    };
    const senders = [sender(), sender(), sender(), sender()];
    try {
      for (let kill = 0; kill < 4; kill++) {
        await sleep(400);
        const started = workerPids(clew).length;
        if (kill === 2) process.kill(enginePids(clew).at(-1)!, "SIGKILL");
        process.kill(workerPids(clew).at(-1)!, "SIGKILL");
        await until("a worker is back", () => workerPids(clew).length > started);
        const before = acknowledged.size;
        await until("requests are answered", () => acknowledged.size > before + 10);
      }
    } finally {
      stop.abort();
      await Promise.all(senders);
    }
    await settled(clew);
    await checkTraces(clew, acknowledged);
    assert.equal(await metric(clew, "clew_ingest_worker_restarts_total"), 4);
    assert.equal((await fetch(`${clew.apiUrl}/ready`)).status, 200);
    const inserted = await metric(clew, "clew_spans_inserted_total");
    assert.ok(inserted > 0, "counts of workers that died are kept");
    console.log(`${acknowledged.size} traces acknowledged through 4 kills of workers`);
  }));

test("a worker that does not answer makes Clew not ready, and the other goes on", () =>
  withClews(async (_dataDir, open) => {
    const clew = await open("ingest.workers=2", "ingest.maxBlockDelayMs=20");
    const [pid] = workerPids(clew);
    process.kill(pid!, "SIGSTOP");
    const ready = await fetch(`${clew.apiUrl}/ready`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /ingest worker \d: it does not answer/);
    // One connection may be with the one that is stopped, none after it.
    const answers = [1, 2, 3, 4, 5, 6].map((traceNumber) => post(clew, requestOf(traceNumber)));
    let taken = 0;
    for (const answer of answers)
      void answer.then((answered) => (taken += Number(answered === 200)));
    await until("the other worker takes the rest", () => taken >= 5);
    process.kill(pid!, "SIGCONT");
    await Promise.all(answers);
    assert.equal(taken, 6);
    assert.equal((await fetch(`${clew.apiUrl}/ready`)).status, 200);
  }));

test("a port that is taken is told of, and nothing is left running", () =>
  withClews(async (dataDir, open) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", () => resolve()));
    const { port } = other.address() as AddressInfo;
    const message = new RegExp(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`);
    await assert.rejects(open("ingest.workers=2", `otlp.http.port=${port}`), message);
    other.close();
    // The folder is free at once, so all processes have ended.
    const clew = await open("ingest.workers=2", `otlp.http.port=${port}`);
    assert.equal(await post(clew, requestOf(1)), 200);
    // A second Clew, with a folder of its own, does not share the port in secret.
    const second = spawnClew(`${dataDir}-2`, ["ingest.workers=2", `otlp.http.port=${port}`]);
    await assert.rejects(second, message);
    rmSync(`${dataDir}-2`, { recursive: true, force: true });
  }));

test("kill -9 of Clew ends its workers; with fewer of them, no log is left behind", () =>
  withClews(async (dataDir, open) => {
    // Nothing is inserted before the kill: all that is acknowledged is in the two logs alone.
    const first = await open("ingest.workers=2", "ingest.maxBlockDelayMs=60000");
    const traceNumbers = Array.from({ length: 20 }, (_, i) => i + 1);
    const bodies = traceNumbers.map(requestOf);
    for (const body of bodies) assert.equal(await post(first, body), 200);
    assert.equal(await metric(first, "clew_spans_inserted_total"), 0);
    for (const worker of [0, 1]) assert.ok(logBytes(dataDir, worker) > 3000, `log ${worker}`);
    const pids = [...workerPids(first), ...enginePids(first)];
    first.child.kill("SIGKILL");
    await first.ended;
    await until("workers and engine have ended", () => !pids.some(isAlive));

    // One log as they were laid out before they had numbers.
    const ingest = path.join(dataDir, "ingest");
    for (const name of segmentsIn(path.join(ingest, "0"))) {
      renameSync(path.join(ingest, "0", name), path.join(ingest, name));
    }

    const second = await open("ingest.maxBlockDelayMs=20");
    const inserted = () => metric(second, "clew_spans_inserted_total");
    await until("both logs are inserted", async () => (await inserted()) === 20 * SPANS);
    await checkTraces(second, traceNumbers);
    // Sent again, since no answer may have come: known, also those from the other log.
    for (const body of bodies) assert.equal(await post(second, body), 200);
    assert.equal(await metric(second, "clew_receive_repeats_total"), 20);
    second.child.kill("SIGTERM");
    await second.ended;
    await checkRemoval(dataDir);
  }));

/** Drains what is left over once more, keeping no log: they are removed, and nothing is doubled. */
async function checkRemoval(dataDir: string): Promise<void> {
  const config = configSchema.parse({ ...defaultConfig, data: { dir: dataDir } });
  const leftover = path.join(dataDir, "ingest", "1");
  assert.ok(existsSync(leftover));
  const engine = await startEngine({ dataDir, log: silent });
  const client = createStoreClient(() => engine.endpoint());
  try {
    const leftovers = await drainLeftovers({ config, client, log: silent, keepMs: 0 });
    await until("the folder is removed", () => !existsSync(leftover));
    await until("the old log is removed", () => segmentsIn(path.dirname(leftover)).length === 0);
    await leftovers.close();
    const [rows] = await client.query<{ rows: string }>(
      sql`SELECT count() AS rows FROM clew.spans`,
    );
    assert.equal(Number(rows!.rows), 20 * SPANS);
    assert.deepEqual(await rollUpDifferences(client), []);
  } finally {
    await client.close();
    await engine.close();
  }
}
