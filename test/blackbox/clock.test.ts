/**
 * The clock is set, back and forth, while Clew runs: nothing is lost, nothing is counted twice, senders
 * that were refused because of it are taken again. The clock of its process is shifted from outside, see
 * `shifted-clock.ts`; that of ClickHouse and of the senders is not.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { StatusAnswer, TracesAnswer } from "../../src/api/contract.ts";
import type { Trace } from "../../src/model/trace.ts";
import { oracleEncode } from "../support/oracle.ts";
import { pidsOf, spawnClew, type SpawnedClew } from "../support/spawned-clew.ts";

const HOUR_MS = 3_600_000;
const SPANS = 20;
const preload = path.join(import.meta.dirname, "../support/shifted-clock.ts");

/** A Clew whose clock can be set, and the means to. */
async function withClock(
  settings: readonly string[],
  use: (
    open: () => Promise<SpawnedClew>,
    shift: (ms: number) => Promise<void>,
    dataDir: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "clew-clock-"));
  const file = path.join(folder, "shift");
  const dataDir = path.join(folder, "data");
  const shift = async (ms: number): Promise<void> => {
    writeFileSync(file, String(ms));
    await sleep(100); // it is looked at every 20 ms
  };
  const clews: SpawnedClew[] = [];
  try {
    await shift(0);
    const open = async (): Promise<SpawnedClew> => {
      const process = { nodeArgs: ["--import", preload], env: { CLOCK_SHIFT_FILE: file } };
      clews.push(await spawnClew(dataDir, ["ingest.maxBlockDelayMs=20", ...settings], process));
      return clews.at(-1)!;
    };
    await use(open, shift, dataDir);
  } finally {
    for (const clew of clews) {
      clew.child.kill("SIGKILL");
      await clew.ended;
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** One trace; its spans start so many hours from the real now. */
function traceOf(traceNumber: number, hours = 0): Uint8Array {
  const start = BigInt(Date.now() + hours * HOUR_MS) * 1_000_000n;
  const spans = Array.from({ length: SPANS }, (_, i) => ({
    traceId: Buffer.from(traceNumber.toString(16).padStart(32, "0"), "hex"),
    spanId: Buffer.alloc(8, i + 1),
    name: `step ${i}`,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 5n),
  }));
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

async function post({ otlpUrl }: SpawnedClew, body: Uint8Array): Promise<number> {
  const headers = { "content-type": "application/x-protobuf" };
  const init = { method: "POST", headers, body: Uint8Array.from(body) };
  return (await fetch(`${otlpUrl}/v1/traces`, init)).status;
}

async function metric({ apiUrl }: SpawnedClew, name: string): Promise<number> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  assert.ok(line !== undefined, `no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const untilMs = Date.now() + 20_000; !(await isSo()); await sleep(50)) {
    assert.ok(Date.now() < untilMs, `not so after 20 s: ${what}`);
  }
}

const settled = (clew: SpawnedClew): Promise<void> =>
  until("the queue is empty", async () => (await metric(clew, "clew_queue_spans")) === 0);

async function traceIn({ apiUrl }: SpawnedClew, traceNumber: number): Promise<Trace> {
  const answer = await fetch(`${apiUrl}/api/clew/v1/traces/${traceNumber.toString(16)}`);
  assert.equal(answer.status, 200, `trace ${traceNumber}`);
  return (await answer.json()) as Trace;
}

async function assertRead(clew: SpawnedClew, traceNumbers: readonly number[]): Promise<void> {
  await settled(clew);
  for (const traceNumber of traceNumbers) {
    assert.equal((await traceIn(clew, traceNumber)).spans.length, SPANS, `trace ${traceNumber}`);
  }
}

for (const workers of [1, 2]) {
  test(`set back, forth and back again under load, killed and started, ${workers} at work`, () =>
    withClock([`ingest.workers=${workers}`], async (open, shift) => {
      let clew = await open();
      const first = traceOf(1);
      assert.equal(await post(clew, first), 200);
      await shift(-2 * HOUR_MS);
      const second = traceOf(2); // by the right clock, two hours ahead of Clew's
      const third = traceOf(3, -2); // by Clew's own
      for (const body of [second, third]) assert.equal(await post(clew, body), 200);
      await settled(clew);
      // What came before the step is known after it.
      assert.equal(await post(clew, first), 200);
      assert.equal(await metric(clew, "clew_receive_repeats_total"), 1);
      await assertRead(clew, [1, 2, 3]);
      const { spans } = await traceIn(clew, 2);
      assert.ok(spans.every(({ marks }) => marks.includes("farFuture")));
      await shift(3 * HOUR_MS);
      assert.equal(await post(clew, traceOf(4, 3)), 200);
      assert.equal(await post(clew, third), 200);
      await settled(clew);
      assert.equal(await metric(clew, "clew_receive_repeats_total"), 2);
      assert.equal(await metric(clew, "clew_spans_inserted_total"), 4 * SPANS);
      // Killed with the clock ahead, started with it behind: what is in the log is dated in the future.
      assert.equal(await post(clew, traceOf(5, 3)), 200);
      clew.child.kill("SIGKILL");
      await clew.ended;
      await shift(-2 * HOUR_MS);
      clew = await open();
      assert.equal(await post(clew, second), 200);
      assert.ok((await metric(clew, "clew_receive_repeats_total")) >= 1);
      assert.equal(await post(clew, traceOf(6)), 200);
      await assertRead(clew, [1, 2, 3, 4, 5, 6]);
      const listed = await fetch(`${clew.apiUrl}/api/clew/v1/traces`);
      const { traces } = (await listed.json()) as TracesAnswer;
      assert.ok(traces.some(({ traceId }) => Number.parseInt(traceId, 16) === 6));
      assert.equal((await fetch(`${clew.apiUrl}/ready`)).status, 200);
    }));
}

test("set days ahead while ClickHouse stands still: refused as too old, taken when it moves", () =>
  withClock(["ingest.maxLogHours=24"], async (open, shift, dataDir) => {
    const clew = await open();
    const [engine] = pidsOf(clew, "clickhouse is ready").slice(-1);
    process.kill(engine!, "SIGSTOP");
    try {
      assert.equal(await post(clew, traceOf(1)), 200);
      await sleep(200); // until it is sealed
      await shift(25 * HOUR_MS);
      assert.equal(await post(clew, traceOf(2)), 503);
      const ready = await (await fetch(`${clew.apiUrl}/ready`)).text();
      assert.match(ready, /ClickHouse has none of the spans of the last 25 hours/);
      const status = await (await fetch(`${clew.apiUrl}/api/clew/v1/status`)).json();
      assert.match(
        (status as StatusAnswer).trouble.join("\n"),
        /last 25 hours; senders are refused/,
      );
      assert.equal(await metric(clew, 'clew_ingest_log_state{state="old"}'), 1);
      const age = await metric(clew, "clew_ingest_log_oldest_unconfirmed_seconds");
      assert.ok(age >= 25 * 3600, `${age} s`);
      const log = path.join(dataDir, "ingest", "0");
      assert.ok(readdirSync(log).some((name) => name.endsWith(".log")));
      process.kill(engine!, "SIGCONT");
      await until("it is taken", async () => (await post(clew, traceOf(2))) === 200);
      await assertRead(clew, [1, 2]);
      assert.equal(await metric(clew, 'clew_ingest_log_state{state="old"}'), 0);
    } finally {
      process.kill(engine!, "SIGCONT");
    }
  }));
