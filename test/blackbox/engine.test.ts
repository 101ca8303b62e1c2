// The embedded engine, for real: every test starts ClickHouse in a temporary folder.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { createLogger } from "../../src/base/log.ts";
import { createStoreClient, isRetryable, type StoreClient } from "../../src/store/client.ts";
import type { Endpoint } from "../../src/store/endpoint.ts";
import { startEngine, type Engine, type EngineOptions } from "../../src/store/engine/engine.ts";
import { locateEngine, type EngineProgram } from "../../src/store/engine/locate.ts";
import { sql } from "../../src/store/sql.ts";

const require = createRequire(import.meta.url);
const temp = mkdtempSync(path.join(tmpdir(), "clew-engine-"));
const lines: string[] = [];
const log = createLogger({
  level: "debug",
  write: (line) => lines.push(line),
  now: () => new Date(),
});

after(() => rmSync(temp, { recursive: true, force: true }));

function start(name: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return startEngine({ dataDir: path.join(temp, name), log, ...options });
}

async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 8_000) {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) assert.fail(`${what}: not within ${ms} ms`);
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is dead, only not yet buried.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Command lines of running processes that name this folder or file. */
function processesNaming(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isAlive(Number(name)))
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"))
    .filter((line) => line.includes(text));
}

async function createNumbers(client: StoreClient): Promise<void> {
  await client.command(sql`CREATE DATABASE IF NOT EXISTS clew`);
  await client.command(sql`
    CREATE TABLE clew.numbers (n UInt64) ENGINE = MergeTree ORDER BY n
    SETTINGS non_replicated_deduplication_window = 1000`);
}

/** A Native block of the numbers from 0 to `rows`. */
function block(client: StoreClient, rows: number): Promise<Uint8Array> {
  const count = { type: "UInt64", value: rows } as const;
  return client.queryBytes(sql`SELECT number AS n FROM numbers(${count})`, "Native");
}

const insertNumbers = sql`INSERT INTO clew.numbers (n) FORMAT Native`;

async function countNumbers(client: StoreClient): Promise<number> {
  const [row] = await client.query<{ n: string }>(sql`SELECT count() AS n FROM clew.numbers`);
  return Number(row!.n);
}

describe("a running engine", () => {
  let engine: Engine;
  let client: StoreClient;
  let restarts = 0;
  const dataDir = path.join(temp, "running");
  before(async () => {
    const startedMs = Date.now();
    engine = await start("running", { onRestart: () => restarts++ });
    const readyMs = Date.now() - startedMs;
    client = createStoreClient(() => engine.endpoint());
    await createNumbers(client);
    const [row] = await client.query<{ version: string }>(sql`SELECT version() AS version`);
    console.log(`ClickHouse ${row!.version}, Node ${process.version}: ready in ${readyMs} ms`);
  });
  after(async () => {
    await client.close();
    await engine.close();
  });

  test("gives every local user no more than an idle SELECT", async () => {
    const refused = async (query: string, user: Record<string, string>): Promise<string> => {
      const response = await fetch(engine.endpoint().url, {
        method: "POST",
        body: query,
        headers: user,
      });
      const text = await response.text();
      assert.notEqual(response.status, 200, `${query} gives ${text}`);
      return text;
    };
    for (const query of [
      "SELECT * FROM clew.numbers",
      "INSERT INTO clew.numbers VALUES (1)",
      "CREATE TABLE clew.mine (n UInt8) ENGINE = Memory",
      "CREATE TABLE default.mine (n UInt8) ENGINE = Memory",
      "DROP TABLE clew.numbers",
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT query FROM system.processes",
      "KILL QUERY WHERE 1",
      "SYSTEM STOP LISTEN HTTP",
      "SYSTEM START LISTEN TCP",
      "CREATE USER me",
    ]) {
      assert.match(await refused(query, {}), /ACCESS_DENIED|QUOTA_EXCEEDED/, query);
    }
    const { user } = engine.endpoint();
    const wrong = { "X-ClickHouse-User": user, "X-ClickHouse-Key": "guess" };
    assert.match(await refused("SELECT 1", wrong), /AUTHENTICATION_FAILED/);
    assert.equal(await countNumbers(client), 0);
  });

  test("listens on loopback only", () => {
    const { port } = new URL(engine.endpoint().url);
    const hex = Number(port).toString(16).toUpperCase().padStart(4, "0");
    const sockets = ["tcp", "tcp6"].flatMap((family) =>
      readFileSync(`/proc/net/${family}`, "utf8").split("\n"),
    );
    const listening = sockets.filter((line) => new RegExp(`:${hex} \\S+ 0A `).test(line));
    assert.deepEqual(
      listening.map((line) => line.trim().split(/\s+/)[1]),
      [`0100007F:${hex}`],
    );
  });

  test("keeps its files to itself, in the data folder", () => {
    for (const folder of ["clickhouse", "clickhouse/config", "log"]) {
      assert.equal(statSync(path.join(dataDir, folder)).mode & 0o777, 0o700, folder);
    }
    for (const file of ["config.xml", "users.xml"]) {
      const mode = statSync(path.join(dataDir, "clickhouse/config", file)).mode & 0o777;
      assert.equal(mode, 0o600, file);
    }
    assert.deepEqual(readdirSync(dataDir).sort(), ["clickhouse", "log"]);
  });

  test("writes its log to a file that rotates, and no system log tables", async () => {
    assert.ok(existsSync(path.join(dataDir, "log", "clickhouse.log")));
    const settings = await client.query<{ name: string; value: string }>(
      sql`SELECT name, value FROM system.server_settings WHERE name LIKE 'logger.%'`,
    );
    const value = new Map(settings.map((row) => [row.name, row.value]));
    assert.equal(value.get("logger.level"), "information");
    assert.equal(value.get("logger.size"), "10000000");
    assert.equal(value.get("logger.count"), "3");
    await client.command(sql`SYSTEM FLUSH LOGS`);
    const tables = await client.query(
      sql`SELECT name FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log'`,
    );
    assert.deepEqual(tables, []);
  });

  test("may open as many files as the system allows", () => {
    const limits = readFileSync(`/proc/${engine.pid()}/limits`, "utf8");
    const [, soft, hard] = /Max open files\s+(\d+)\s+(\d+)/.exec(limits) ?? [];
    assert.equal(soft, hard);
  });

  test("brings values back as they went in, whatever is in them", async () => {
    const nasty = "a'b\"c`d\\e\tf\ng\rh\0i{p0:String}?&=%é😀";
    const [row] = await client.query<Record<string, unknown>>(sql`
      SELECT ${{ type: "String", value: nasty }} AS s,
        ${{ type: "Array(String)", value: [nasty, ""] }} AS list,
        ${{ type: "UInt64", value: 2n ** 64n - 1n }} AS big,
        ${{ type: "Int64", value: -(2n ** 63n) }} AS small,
        ${{ type: "Float64", value: 0.1 }} AS f,
        ${{ type: "Bool", value: true }} AS b,
        ${{ type: "DateTime64(9)", value: "1700000000.123456789" }} AS t`);
    assert.deepEqual(row, {
      s: nasty,
      list: [nasty, ""],
      big: "18446744073709551615",
      small: "-9223372036854775808",
      f: 0.1,
      b: true,
      t: "2023-11-14 22:13:20.123456789",
    });
  });

  test("tells what it refuses from what may pass", async () => {
    const cases: [name: string, run: () => Promise<unknown>, want: object][] = [
      ["syntax", () => client.query(sql`SELEC 1`), { code: "62" }],
      ["a query that writes", () => client.query(sql`DROP TABLE clew.numbers`), { code: "164" }],
      ["a table that is not there", () => client.query(sql`SELECT 1 FROM clew.no`), { code: "60" }],
      [
        "a big insert into it",
        () => client.insertBytes(sql`INSERT INTO clew.no (n) FORMAT Native`, [new Uint8Array(3e7)]),
        { code: "60" },
      ],
      [
        "bytes that are no block",
        () => client.insertBytes(insertNumbers, [new Uint8Array(1e6).fill(7)]),
        { name: "Error" },
      ],
      [
        "an error after the answer has begun, as rows",
        () => client.query(sql`SELECT throwIf(number = 3000000) AS x FROM numbers(5000000)`),
        { code: "395" },
      ],
      [
        "an error after the answer has begun, as bytes",
        () =>
          client.queryBytes(
            sql`SELECT throwIf(number = 3000000) AS x FROM numbers(5000000)`,
            "Native",
            { max_block_size: "10000" },
          ),
        { code: "395" },
      ],
    ];
    for (const [name, run, want] of cases) {
      await assert.rejects(
        run,
        (error: Error) => {
          assert.ok(!isRetryable(error), `${name}: ${error.message}`);
          for (const [key, value] of Object.entries(want)) {
            assert.equal(error[key as keyof Error], value, `${name}: ${error.message}`);
          }
          return true;
        },
        name,
      );
    }
    await assert.rejects(
      client.query(sql`SELECT sleepEachRow(1) FROM numbers(20) SETTINGS max_block_size = 1`, {
        max_execution_time: 1,
      }),
      (error) => isRetryable(error),
    );
  });

  test("lets go of a query whose reader has gone", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 100);
    const slow = sql`SELECT sum(sleepEachRow(0.1)) FROM numbers(30) SETTINGS max_block_size = 1`;
    await assert.rejects(client.query(slow, {}, { signal: stop.signal }), { message: "enough" });
    const running = sql`SELECT 1 FROM system.processes WHERE query LIKE 'SELECT sum(sleep%'`;
    await until("cancelled", async () => (await client.query(running)).length === 0, 2_500);
  });

  test("counts an insert once, however often it is sent", async () => {
    await client.command(sql`TRUNCATE TABLE clew.numbers`);
    const bytes = await block(client, 100);
    const settings = { insert_deduplication_token: "batch 1" };
    await client.insertBytes(insertNumbers, [bytes], settings);
    await client.insertBytes(insertNumbers, [bytes.subarray(0, 7), bytes.subarray(7)], settings);
    assert.equal(await countNumbers(client), 100);
  });

  test("takes inserts as zstd, in pieces, and what else is asked", async () => {
    await client.command(sql`TRUNCATE TABLE clew.numbers`);
    const bytes = await block(client, 100_000);
    const compressing = createStoreClient(() => engine.endpoint(), { compressInserts: true });
    try {
      await compressing.insertBytes(insertNumbers, [bytes.subarray(0, 7), bytes.subarray(7)]);
      await compressing.command(sql`OPTIMIZE TABLE clew.numbers FINAL`);
      assert.equal(await countNumbers(compressing), 100_000);
    } finally {
      await compressing.close();
    }
  });

  test("comes back after a kill -9 in the middle of inserts, with all it had acknowledged", async () => {
    await client.command(sql`TRUNCATE TABLE clew.numbers`);
    const bytes = await block(client, 1_000);
    const { url, password } = engine.endpoint();
    const killed = engine.pid()!;
    setTimeout(() => process.kill(killed, "SIGKILL"), 300);
    let refused = 0;
    for (let batch = 0; batch < 200; batch++) {
      const settings = { insert_deduplication_token: `after ${batch}` };
      await until(`batch ${batch}`, async () => {
        try {
          await client.insertBytes(insertNumbers, [bytes], settings);
          return true;
        } catch (error) {
          assert.ok(isRetryable(error), String(error));
          refused++;
          return false;
        }
      });
      if (refused === 0) await sleep(2);
    }
    assert.ok(refused > 0, "the kill came too late");
    assert.equal(await countNumbers(client), 200_000);
    assert.equal(restarts, 1);
    assert.notEqual(engine.pid(), killed);
    assert.equal(engine.endpoint().url, url);
    assert.notEqual(engine.endpoint().password, password);
    const event = lines.find((line) => line.includes("clickhouse ended, starting it again"));
    assert.match(event ?? "", /"reason":"SIGKILL"/);
  });
});

// Starts an engine, says its process number and endpoint, and then does nothing until it is killed.
const holder = `
  import { startEngine } from ${JSON.stringify(path.resolve("src/store/engine/engine.ts"))};
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const [dataDir, program] = process.argv.slice(1);
  const engine = await startEngine({ dataDir, log, ...(program && { program: JSON.parse(program) }) });
  console.log(JSON.stringify({ pid: engine.pid(), ...engine.endpoint() }));
  setInterval(() => {}, 1000);`;

/** An engine whose Clew is a process of its own, which is then killed. */
async function orphan(dataDir: string, program?: EngineProgram): Promise<number> {
  const argv = ["--input-type=module", "-e", holder, dataDir];
  if (program !== undefined) argv.push(JSON.stringify(program));
  const parent = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  const { pid, ...endpoint } = JSON.parse(line) as Endpoint & { pid: number };
  const client = createStoreClient(() => endpoint);
  await createNumbers(client);
  await client.insertBytes(insertNumbers, [await block(client, 10)]);
  await client.close();
  parent.kill("SIGKILL");
  await once(parent, "exit");
  return pid;
}

describe("the life of an engine", () => {
  test("close() leaves no process, and the data for the next start", async () => {
    const first = await start("closed");
    const client = createStoreClient(() => first.endpoint());
    await createNumbers(client);
    await client.insertBytes(insertNumbers, [await block(client, 10)]);
    await client.close();
    await first.close();
    assert.deepEqual(processesNaming(temp), []);
    assert.equal(first.pid(), undefined);
    const second = await start("closed");
    const again = createStoreClient(() => second.endpoint());
    assert.equal(await countNumbers(again), 10);
    await again.close();
    await second.close();
    await second.close();
  });

  test("it does not outlive its Clew, and the next one gets folder and data", async () => {
    const dataDir = path.join(temp, "orphan");
    const pid = await orphan(dataDir);
    // The engine may be ending still: the start waits for that.
    const next = await startEngine({ dataDir, log });
    await until("the orphan is gone", () => !isAlive(pid), 3_000);
    const client = createStoreClient(() => next.endpoint());
    assert.equal(await countNumbers(client), 10);
    await client.close();
    await next.close();
    await until("no process left", () => processesNaming(temp).length === 0);
  });

  test("close() while it is being started again ends that too", async () => {
    const engine = await start("interrupted", { limits: { backoffFirstMs: 1 } });
    const pid = engine.pid()!;
    process.kill(pid, "SIGKILL");
    await until("noticed", () => engine.pid() === undefined);
    await sleep(50);
    await engine.close();
    assert.deepEqual(processesNaming(temp), []);
  });

  test("a start that fails says why, in ClickHouse's words", async () => {
    const first = await start("twice");
    // It is tried again for two seconds, and on a slow machine the last try may not be over by then.
    await assert.rejects(start("twice", { limits: { startMs: 2_000 } }), {
      name: "Fault",
      code: "unavailable",
      message: /^clickhouse did not start: .*Another server instance .* running/,
    });
    await first.close();
    assert.deepEqual(processesNaming(temp), []);
  });

  test("a start that takes too long is ended", async () => {
    await assert.rejects(start("late", { limits: { startMs: 1 } }), {
      code: "unavailable",
      message: /^clickhouse did not start: not ready after 1 ms/,
    });
    assert.deepEqual(processesNaming(temp), []);
  });

  test("an engine that cannot be started again is given up, with the reason", async () => {
    const standIn = standInBinary("breaks");
    const engine = await start("breaks", {
      program: { kind: "binary", path: standIn },
      limits: { backoffFirstMs: 1, backoffLastMs: 2, failedRestarts: 3 },
    });
    writeFileSync(standIn, "#!/bin/sh\necho the disk is full >&2; exit 3\n");
    process.kill(engine.pid()!, "SIGKILL");
    const fault = await engine.failed;
    assert.equal(fault.code, "unavailable");
    assert.match(
      fault.message,
      /^clickhouse was started 3 times in a row in vain: .*disk is full.*3/,
    );
    await engine.close();
    await until("no process left", () => processesNaming(temp).length === 0);
  });
});

/** An executable `clickhouse` in a folder of its own, which is the library in truth. */
function standInBinary(name: string): string {
  const folder = path.join(temp, `bin-${name}`);
  mkdirSync(folder);
  const script = path.join(folder, "local.cjs");
  writeFileSync(
    script,
    `const { DataType, load, open } = require(${JSON.stringify(require.resolve("ffi-rs"))});
    const argv = ["clickhouse-local", ...process.argv.slice(3)];
    open({ library: "chdb", path: ${JSON.stringify(locateEngine().path)} });
    load({ library: "chdb", funcName: "chdb_query_cmdline", retType: DataType.External,
      paramsType: [DataType.I32, DataType.StringArray], paramsValue: [argv.length, argv] });`,
  );
  const binary = path.join(folder, "clickhouse");
  writeFileSync(binary, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
  chmodSync(binary, 0o755);
  return binary;
}

describe("a clickhouse binary on PATH", () => {
  const find = (name: string): EngineProgram =>
    locateEngine({
      platform: "freebsd",
      arch: "x64",
      searchPath: `/nowhere:${path.dirname(standInBinary(name))}`,
    });

  test("is run where there is no library, restarted and stopped like it", async () => {
    const engine = await start("binary", { program: find("binary") });
    const client = createStoreClient(() => engine.endpoint());
    await createNumbers(client);
    await client.insertBytes(insertNumbers, [await block(client, 10)]);
    const binaryProcesses = (): string[] => processesNaming("local.cjs");
    assert.equal(binaryProcesses().length, 1);
    const pid = engine.pid()!;
    process.kill(pid, "SIGKILL");
    await until("restarted", () => engine.pid() !== undefined && engine.pid() !== pid);
    assert.equal(await countNumbers(client), 10);
    assert.equal(binaryProcesses().length, 1);
    await client.close();
    await engine.close();
    await until("no process left", () => processesNaming(temp).length === 0);
  });

  test("does not outlive its Clew", async () => {
    const dataDir = path.join(temp, "binary-orphan");
    await orphan(dataDir, find("orphan"));
    await until("no process left", () => processesNaming(temp).length === 0, 5_000);
  });
});
