/**
 * What can happen to a machine: the disk is full, or read-only, the engine stands still, the clock is
 * set. Senders get the right status, the page and /metrics say what is wrong, and all of it recovers
 * without help. `CLEW_DISASTERS=long npm run disasters` lets the engine stand still for a minute.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { StatusAnswer } from "../../src/api/contract.ts";
import { metricValue, postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";

const SPANS = 50;
const FROZEN_MS = process.env["CLEW_DISASTERS"] === "long" ? 65_000 : 4000;

function requestOf(traceNumber: number, spans = SPANS): Uint8Array {
  const start = BigInt(Date.now()) * 1_000_000n;
  const traceId = Buffer.from(traceNumber.toString(16).padStart(32, "0"), "hex");
  return oracleEncode("TracesData", {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, i) => ({
              traceId,
              spanId: Buffer.from((i + 1).toString(16).padStart(16, "0"), "hex"),
              name: "x".repeat(100),
              startTimeUnixNano: String(start),
              endTimeUnixNano: String(start + 1n),
            })),
          },
        ],
      },
    ],
  });
}

async function spansOf(clew: TestClew, traceNumber: number): Promise<number> {
  const answer = await fetch(`${clew.apiUrl}/api/clew/v1/traces/${traceNumber.toString(16)}`);
  if (answer.status === 404) return 0;
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { spans: unknown[] }).spans.length;
}

/** All that was sent, and no more, is in the table: what is read shows a span that is there twice once. */
async function assertStored(clew: TestClew, traceNumbers: readonly number[]): Promise<void> {
  await stored(clew);
  const step = Math.ceil(traceNumbers.length / 50);
  for (const traceNumber of traceNumbers.filter((_, i) => i % step === 0)) {
    assert.equal(await spansOf(clew, traceNumber), SPANS, `trace ${traceNumber}`);
  }
  const inserted = await metricValue(clew, "clew_spans_inserted_total");
  assert.equal(inserted, traceNumbers.length * SPANS);
}

/** The page and the terminal get this; /ready answers 503 with the same. */
async function troubleOf(clew: TestClew): Promise<readonly string[]> {
  const answer = await fetch(`${clew.apiUrl}/api/clew/v1/status`);
  return ((await answer.json()) as StatusAnswer).trouble;
}

async function assertTrouble(clew: TestClew, what: RegExp): Promise<void> {
  const ready = await fetch(`${clew.apiUrl}/ready`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), what);
  assert.match((await troubleOf(clew)).join("\n"), what);
}

/** Waits until nothing is wrong any more: nobody helps. */
async function assertRecovers(clew: TestClew): Promise<void> {
  for (let i = 0; i < 100 && (await troubleOf(clew)).length > 0; i++) await sleep(100);
  assert.deepEqual(await troubleOf(clew), []);
  assert.equal((await fetch(`${clew.apiUrl}/ready`)).status, 200);
  for (const state of ["unwritable", "full", "old", "stuck"]) {
    assert.equal(await metricValue(clew, `clew_ingest_log_state{state="${state}"}`), 0, state);
  }
  assert.equal(await metricValue(clew, "clew_clickhouse_up"), 1);
}

/** Sends the same bytes until they are taken, as exporters do. */
async function sendUntilTaken(clew: TestClew, body: Uint8Array): Promise<void> {
  for (let i = 0; i < 150; i++) {
    const { status } = await postTraces(clew, body);
    if (status === 200) return;
    assert.equal(status, 503);
    await sleep(100);
  }
  throw new Error("not taken within 15 s");
}

/** Sends traces from a number on until three in a row are refused, rightly. Gives those that were taken. */
async function sendUntilRefused(clew: TestClew, first: number): Promise<number[]> {
  const taken: number[] = [];
  let refused = 0;
  for (let i = first; i < first + 400 && refused < 3; i++) {
    const answer = await postTraces(clew, requestOf(i));
    if (answer.status === 200) taken.push(i);
    else {
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get("retry-after")) >= 1);
      refused++;
    }
    if (i % 10 === 0) await sleep(50); // time for a seal, after which the segment may change
  }
  assert.equal(refused, 3, "it must be noticed");
  return taken;
}

/** Whether a command that needs rights works here; where it does not, its tests are left out. */
function can(attempt: (folder: string) => void): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), "clew-can-"));
  try {
    attempt(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const run = (command: string, ...args: string[]): void =>
  void execFileSync(command, args, { stdio: "ignore" });
const canMount = can((folder) => {
  run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
  run("umount", folder);
});
const canFreeze = can((folder) => {
  run("chattr", "+i", folder);
  run("chattr", "-i", folder);
});

describe("a small disk", { skip: !canMount && "needs to mount a tmpfs" }, () => {
  /** A Clew whose data folder is a file system of its own. */
  async function onSmallDisk(
    use: (clew: TestClew, folder: string) => Promise<void>,
  ): Promise<void> {
    const folder = mkdtempSync(path.join(tmpdir(), "clew-disk-"));
    run("mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", folder);
    try {
      const clew = await startTestClew({ data: { dir: folder } });
      try {
        await use(clew, folder);
      } finally {
        await clew.close();
      }
    } finally {
      run("umount", "-l", folder);
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test("full: senders are told to wait, nothing acknowledged is lost, it goes on with room", async () => {
    await onSmallDisk(async (clew, folder) => {
      await sendUntilTaken(clew, requestOf(1));
      const filler = path.join(folder, "filler");
      fillDisk(filler);
      const taken = await sendUntilRefused(clew, 2);
      await assertTrouble(clew, /ingest log cannot be written: ENOSPC/);
      assert.equal(await metricValue(clew, 'clew_ingest_log_state{state="unwritable"}'), 1);
      rmSync(filler);
      await sendUntilTaken(clew, requestOf(1000));
      await assertStored(clew, [1, ...taken, 1000]);
      await assertRecovers(clew);
    });
  });
});

describe("a log folder that is made read-only", () => {
  const ways: [
    name: string,
    isPossible: boolean,
    on: (f: string) => void,
    off: (f: string) => void,
  ][] = [
    [
      "as immutable",
      canFreeze,
      (folder) => run("chattr", "+i", folder),
      (folder) => run("chattr", "-i", folder),
    ],
    [
      "as a read-only mount",
      canMount,
      (folder) => {
        run("mount", "--bind", folder, folder);
        run("mount", "-o", "remount,bind,ro", folder);
      },
      (folder) => run("umount", folder),
    ],
  ];
  for (const [name, isPossible, on, off] of ways) {
    test(
      `${name}: senders are told to wait until it is not, nothing is lost`,
      {
        skip: !isPossible && "needs rights",
      },
      async () => {
        // Small segments, so that a new file is needed soon.
        const clew = await startTestClew({ ingest: { maxLogBytes: 2_000_000 } });
        const folder = path.join(clew.config.data.dir, "ingest", "0");
        let isOn = false;
        try {
          on(folder);
          isOn = true;
          const taken = await sendUntilRefused(clew, 1);
          await assertTrouble(clew, /ingest log cannot be written/);
          assert.equal(await metricValue(clew, 'clew_ingest_log_state{state="unwritable"}'), 1);
          off(folder);
          isOn = false;
          await sendUntilTaken(clew, requestOf(1000));
          await assertStored(clew, [...taken, 1000]);
          await assertRecovers(clew);
        } finally {
          if (isOn) off(folder);
          await clew.close();
        }
      },
    );
  }
});

describe("an engine that stands still", () => {
  test(`for ${FROZEN_MS / 1000} s under load: all is taken, memory is bounded, nothing is lost`, async () => {
    // So little memory that batches must wait on disk.
    const memoryBytes = 12 * 2 ** 20;
    const clew = await startTestClew({
      ingest: { maxMemoryBytes: memoryBytes, maxBlockDelayMs: 200 },
    });
    const pid = clew.server.enginePid()!;
    const taken: number[] = [];
    let highest = 0;
    const look = async (): Promise<void> => {
      const text = await (await fetch(`${clew.apiUrl}/metrics`)).text();
      const parts = text.matchAll(/^clew_ingest_memory_bytes\{part="\w+"\} (\d+)$/gm);
      highest = Math.max(
        highest,
        [...parts].reduce((sum, [, bytes]) => sum + Number(bytes), 0),
      );
    };
    try {
      process.kill(pid, "SIGSTOP");
      const looking = setInterval(() => void look(), 500);
      const untilMs = Date.now() + FROZEN_MS;
      const sender = async (): Promise<void> => {
        while (Date.now() < untilMs) {
          const traceNumber = taken.push(taken.length + 1);
          const { status } = await postTraces(clew, requestOf(traceNumber));
          assert.equal(status, 200, `trace ${traceNumber}`);
          await sleep(10);
        }
      };
      await Promise.all(Array.from({ length: 4 }, sender));
      clearInterval(looking);
      await assertTrouble(clew, /ClickHouse is silent/);
      await look();
      assert.equal(await metricValue(clew, "clew_clickhouse_up"), 0);
      const age = await metricValue(clew, "clew_ingest_log_oldest_unconfirmed_seconds");
      assert.ok(age >= FROZEN_MS / 1000 - 2, `${age} s`);
      assert.ok(highest > 0 && highest <= memoryBytes, `${highest} bytes of ${memoryBytes}`);
      process.kill(pid, "SIGCONT");
      await assertStored(clew, taken);
      await assertRecovers(clew);
      console.log(`${taken.length} requests taken, at most ${highest} bytes of memory held`);
    } finally {
      process.kill(pid, "SIGCONT");
      await clew.close();
    }
  });
});

/** Writes until the disk is full. */
function fillDisk(file: string): void {
  const piece = Buffer.alloc(64 * 1024);
  for (const size of [piece.length, 4096, 512, 1]) {
    try {
      for (;;) writeFileSync(file, piece.subarray(0, size), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}
