/**
 * Kills of Clew, of the engine and of both, at random moments under load: every acknowledged span is
 * in the table once, and counted once in every table of roll-ups. `CLEW_CRASH_ROUNDS=50 npm run crash`
 * does it for longer.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "../../src/base/log.ts";
import { createStoreClient } from "../../src/store/client.ts";
import { startEngine } from "../../src/store/engine/engine.ts";
import { sql } from "../../src/store/sql.ts";
import { oracleEncode, printedSeed } from "../support/oracle.ts";
import { rollUpDifferences } from "../support/roll-ups.ts";
import { seededRandom } from "../support/seeded-random.ts";

const rounds = Number(process.env["CLEW_CRASH_ROUNDS"] ?? 3);
const SPANS = 20;
const main = path.join(import.meta.dirname, "../../src/cli/main.ts");

/** A Clew of its own, as `clew start` runs it. */
interface Running {
  readonly child: ChildProcess;
  readonly otlpUrl: string;
  readonly ended: Promise<void>;
}

async function start(dataDir: string): Promise<Running> {
  const ports = ["otlp.grpc.port", "otlp.http.port", "http.port"];
  const args = ["start", "--data", dataDir, ...ports.flatMap((port) => ["--set", `${port}=0`])];
  // Small segments of the log (an eighth of its limit), so that they change often.
  args.push("--set", "ingest.maxBlockDelayMs=40", "--set", "ingest.maxLogBytes=1000000");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // Those of this test are no settings of Clew's.
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("CLEW_")),
    ),
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  let banner = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    banner += text as string;
    const url = /OTLP\/HTTP\s+(http:\S+)/.exec(banner)?.[1];
    if (url !== undefined && banner.includes("Stop ")) {
      child.stdout.resume();
      return { child, otlpUrl: url, ended };
    }
  }
  throw new Error(`clew did not start: ${banner}\n${log}`);
}

/** The engine's process: the child of Clew that leads its own group. */
function enginePid(clew: number): number | undefined {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      if (Number(/\) \S (\d+) /.exec(stat)![1]) === clew) return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}

function requestOf(traceNumber: number): Uint8Array {
  const start = BigInt(Date.now()) * 1_000_000n;
  const traceId = Buffer.from(traceNumber.toString(16).padStart(32, "0"), "hex");
  const spans = Array.from({ length: SPANS }, (_, i) => ({
    traceId,
    spanId: Buffer.from((i + 1).toString(16).padStart(16, "0"), "hex"),
    name: `step ${i}`,
    startTimeUnixNano: String(start + BigInt(i)),
    endTimeUnixNano: String(start + BigInt(i + 5)),
  }));
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

test(
  `${rounds} kills under load lose nothing and double nothing`,
  {
    skip: process.platform !== "linux" && "needs /proc",
  },
  async () => {
    const random = seededRandom(printedSeed("crash suite"));
    const dataDir = mkdtempSync(path.join(tmpdir(), "clew-crash-"));
    const acknowledged = new Set<number>();
    let running = await start(dataDir);
    let next = 1;
    const stop = new AbortController();
    const sender = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const traceNumber = next++;
        const body = requestOf(traceNumber);
        // Again and again, the same bytes, as an exporter does: also when no answer came.
        while (!stop.signal.aborted && !(await accepted(running.otlpUrl, body))) await sleep(20);
        if (!stop.signal.aborted) acknowledged.add(traceNumber);
      }
    };
    const senders = [sender(), sender(), sender()];
    try {
      for (let round = 0; round < rounds; round++) {
        await sleep(100 + random() * 900);
        const clewPid = running.child.pid!;
        const engine = enginePid(clewPid);
        const victim = Math.floor(random() * 3);
        if (victim !== 0 && engine !== undefined) process.kill(engine, "SIGKILL");
        if (victim !== 1) {
          process.kill(clewPid, "SIGKILL");
          await running.ended;
          running = await start(dataDir);
        }
        const before = acknowledged.size;
        for (let i = 0; i < 1500 && acknowledged.size < before + 5; i++) await sleep(20);
        assert.ok(acknowledged.size >= before + 5, `round ${round}: senders get no answer`);
      }
    } finally {
      stop.abort();
      await Promise.all(senders);
      running.child.kill("SIGTERM");
      await running.ended;
    }
    await checkTable(dataDir, acknowledged);
    console.log(`${acknowledged.size} traces acknowledged through ${rounds} kills`);
    rmSync(dataDir, { recursive: true });
  },
);

async function accepted(otlpUrl: string, body: Uint8Array): Promise<boolean> {
  try {
    const answer = await fetch(`${otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: Uint8Array.from(body),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Counts the rows themselves: what the API answers shows each span once in any case. */
async function checkTable(dataDir: string, acknowledged: ReadonlySet<number>): Promise<void> {
  const log = createLogger({ level: "error", write: () => {}, now: () => new Date() });
  const engine = await startEngine({ dataDir, log });
  const client = createStoreClient(() => engine.endpoint());
  try {
    const rows = await client.query<{ id: string; rows: string; spans: string }>(
      sql`SELECT hex(trace_id) AS id, count() AS rows, uniqExact(span_id) AS spans
        FROM clew.spans GROUP BY trace_id`,
    );
    const found = new Map(rows.map((row) => [Number.parseInt(row.id, 16), row]));
    const lost = [...acknowledged].filter((trace) => Number(found.get(trace)?.spans) !== SPANS);
    const doubled = rows.filter((row) => row.rows !== row.spans);
    assert.deepEqual({ lost, doubled }, { lost: [], doubled: [] });
    assert.deepEqual(await rollUpDifferences(client), []);
  } finally {
    await client.close();
    await engine.close();
  }
}
