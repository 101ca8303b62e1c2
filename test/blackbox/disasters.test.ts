/**
 * What can happen to a machine: the disk is full, or read-only, the engine stands still. Senders are
 * told, /ready says why, and all of it recovers without help.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { StatusAnswer } from "../../src/api/contract.ts";
import { postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";

function requestOf(traceNumber: number, spans = 50): Uint8Array {
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

async function status(clew: TestClew): Promise<StatusAnswer> {
  return (await (await fetch(`${clew.apiUrl}/api/clew/v1/status`)).json()) as StatusAnswer;
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

/** Whether this process may mount file systems; where it may not, those tests are left out. */
function canMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), "clew-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether this process may make a folder immutable, even for itself. */
function canFreeze(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), "clew-freeze-"));
  try {
    execFileSync("chattr", ["+i", folder], { stdio: "ignore" });
    execFileSync("chattr", ["-i", folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const withoutMount = !canMount() && "needs to mount a tmpfs";

describe("a small disk", { skip: withoutMount }, () => {
  /** A Clew whose data folder is a file system of its own. */
  async function onSmallDisk(
    use: (clew: TestClew, folder: string) => Promise<void>,
  ): Promise<void> {
    const folder = mkdtempSync(path.join(tmpdir(), "clew-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", folder]);
    try {
      const clew = await startTestClew({ data: { dir: folder } });
      try {
        await use(clew, folder);
      } finally {
        await clew.close();
      }
    } finally {
      execFileSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test("full: senders are told to wait, nothing acknowledged is lost, it goes on with room", async () => {
    await onSmallDisk(async (clew, folder) => {
      await sendUntilTaken(clew, requestOf(1));
      const filler = path.join(folder, "filler");
      fillDisk(filler);
      const taken: number[] = [1];
      let refused = 0;
      for (let i = 2; i < 60 && refused < 3; i++) {
        const answer = await postTraces(clew, requestOf(i));
        if (answer.status === 200) taken.push(i);
        else {
          assert.equal(answer.status, 503);
          assert.ok(Number(answer.headers.get("retry-after")) >= 1);
          refused++;
        }
      }
      assert.equal(refused, 3, "a full disk must be noticed");
      const ready = await fetch(`${clew.apiUrl}/ready`);
      assert.equal(ready.status, 503);
      assert.match(await ready.text(), /ingest log cannot be written: ENOSPC/);
      const { trouble } = await status(clew);
      assert.match(trouble[0]!, /ingest log cannot be written: ENOSPC/);
      rmSync(filler);
      await sendUntilTaken(clew, requestOf(100));
      await stored(clew);
      for (const traceNumber of [...taken, 100]) {
        assert.equal(await spansOf(clew, traceNumber), 50, `trace ${traceNumber}`);
      }
      assert.equal((await fetch(`${clew.apiUrl}/ready`)).status, 200);
      assert.deepEqual((await status(clew)).trouble, []);
    });
  });
});

describe("a log folder that cannot be written", { skip: !canFreeze() && "needs chattr +i" }, () => {
  test("senders are told to wait until it can, and nothing acknowledged is lost", async () => {
    // Small segments, so that a new file is needed soon.
    const clew = await startTestClew({ ingest: { maxLogBytes: 2_000_000 } });
    const folder = path.join(clew.config.data.dir, "ingest", "0");
    const logFolder = existsSync(folder) ? folder : path.dirname(folder);
    try {
      execFileSync("chattr", ["+i", logFolder]);
      const taken: number[] = [];
      let refused = 0;
      for (let i = 1; i < 400 && refused < 3; i++) {
        const answer = await postTraces(clew, requestOf(i));
        if (answer.status === 200) taken.push(i);
        else {
          assert.equal(answer.status, 503);
          refused++;
        }
        if (i % 10 === 0) await sleep(50); // time for a seal, after which the segment may change
      }
      assert.equal(refused, 3, "a folder without room for a new segment must be noticed");
      assert.match(
        await (await fetch(`${clew.apiUrl}/ready`)).text(),
        /ingest log cannot be written/,
      );
      execFileSync("chattr", ["-i", logFolder]);
      await sendUntilTaken(clew, requestOf(1000));
      await stored(clew);
      for (const traceNumber of [...taken, 1000]) {
        assert.equal(await spansOf(clew, traceNumber), 50, `trace ${traceNumber}`);
      }
    } finally {
      execFileSync("chattr", ["-i", logFolder]);
      await clew.close();
    }
  });
});

describe("an engine that stands still", () => {
  test("requests are taken all the same, and are there once it moves", async () => {
    const clew = await startTestClew();
    const pid = clew.server.enginePid()!;
    try {
      process.kill(pid, "SIGSTOP");
      for (let i = 1; i <= 10; i++)
        assert.equal((await postTraces(clew, requestOf(i))).status, 200);
      const ready = await fetch(`${clew.apiUrl}/ready`);
      assert.equal(ready.status, 503);
      assert.match(await ready.text(), /ClickHouse is silent/);
      process.kill(pid, "SIGCONT");
      await stored(clew);
      for (let i = 1; i <= 10; i++) assert.equal(await spansOf(clew, i), 50);
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
