/** The `clew` command as people run it: real processes, real signals, loopback only. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

const root = join(import.meta.dirname, "../..");
const clewFile = join(root, "bin/clew.mjs");
const READY_MS = 60_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program; `ended` settles with what it printed. */
function launch(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const clean = Object.entries(process.env).filter(([name]) => !/^(CLEW_|NODE_TEST)/.test(name));
  const child = spawn(command, args, {
    cwd: root,
    env: { ...Object.fromEntries(clean), LC_ALL: "C.UTF-8", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { child, output, ended };
}

function clew(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return launch(process.execPath, [clewFile, ...args], env).ended;
}

describe("clew without a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "clew-cli-"));
  after(() => rmSync(folder, { recursive: true }));

  test("help names every command; each tells its options", async () => {
    const { code, stdout } = await clew(["--help"]);
    assert.equal(code, 0);
    const names = ["start", "traces", "trace", "demo", "config", "help", "version"];
    for (const name of names) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    for (const args of [
      ["trace", "--help"],
      ["help", "trace"],
    ]) {
      const { code, stdout } = await clew(args);
      assert.equal(code, 0);
      assert.match(stdout, /usage: clew trace TRACE_ID/);
      assert.match(stdout, /--json/);
    }
  });

  test("npx clew is this package", async () => {
    const { code, stdout } = await launch("npx", ["--no", "clew", "version"]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  const unreachable = "http://127.0.0.1:9"; // discard: nobody listens there
  const mistakes: [args: string[], code: number, stderr: RegExp][] = [
    [["trcae"], 2, /unknown command trcae; did you mean trace\?/],
    [["--hepl"], 2, /unknown option --hepl/],
    [["traces", "--limt", "3"], 2, /unknown option --limt; did you mean --limit\?/],
    [["trace"], 2, /missing argument: TRACE_ID/],
    [["trace", "xyz"], 2, /up to 32 hex digits, got "xyz"/],
    [["trace", "1", "--width", "7"], 2, /--width takes a whole number from 50 to 1000/],
    [["traces", "--url", "localhost:1"], 2, /--url takes a URL/],
    [["traces", "--url", unreachable], 1, /cannot reach Clew at http:\/\/127\.0\.0\.1:9 \(.+\)/],
    [["demo", "--errors", "2"], 2, /--errors takes a number from 0 to 1, got "2"/],
    [["start", "--config", "/nowhere.yaml"], 1, /cannot read \/nowhere\.yaml: ENOENT/],
    [
      ["start", "--set", "htpp.port=1"],
      1,
      /--set htpp\.port: unknown key; did you mean http\.port/,
    ],
  ];
  for (const [args, code, stderr] of mistakes) {
    test(`wrong: clew ${args.join(" ")}`, async () => {
      const ended = await clew(args);
      assert.match(ended.stderr, stderr);
      assert.equal(ended.code, code);
      assert.equal(ended.stdout, "");
    });
  }

  test("config: every source in its turn, secrets hidden", async () => {
    const file = join(folder, "clew.yaml");
    writeFileSync(file, "http:\n  port: 1\nclickhouse:\n  url: http://db:8123\n");
    const { code, stdout } = await clew(
      ["config", "--config", file, "--data", "/var/x", "--set", "retention.days=3"],
      { CLEW_OTLP_HTTP_PORT: "2", CLEW_CLICKHOUSE_PASSWORD: "hunter2" },
    );
    assert.equal(code, 0);
    assert.ok(stdout.includes(`  port: 1 # ${file}:2\n`), stdout);
    assert.ok(stdout.includes("    port: 2 # CLEW_OTLP_HTTP_PORT\n"));
    assert.ok(stdout.includes("  dir: /var/x # --data\n"));
    assert.ok(stdout.includes("  days: 3 # --set\n"));
    assert.ok(!stdout.includes("hunter2"));
  });

  test("start with a wrong configuration says all that is wrong, and where", async () => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, "otlp:\n  http:\n    prot: 1\nretention: { days: 0 }\n");
    const { code, stderr } = await clew(["start", "--config", file], { CLEW_LOG_LEVLE: "info" });
    assert.equal(code, 1);
    assert.deepEqual(stderr.split("\n").slice(0, 3), [
      `clew: ${file}:3: otlp.http.prot: unknown key; did you mean port?`,
      `clew: ${file}:4: retention.days: 0 is not a whole number of days from 1 to 36500`,
      "clew: CLEW_LOG_LEVLE: unknown variable; did you mean CLEW_LOG_LEVEL?",
    ]);
  });
});

const anyPorts = ["otlp.grpc.port=0", "otlp.http.port=0", "http.port=0"].flatMap((setting) => [
  "--set",
  setting,
]);

/** Waits for `clew start` to be ready; gives back where it says it listens. */
async function ready({ child, output }: ReturnType<typeof launch>) {
  const untilMs = performance.now() + READY_MS;
  const find = (label: string) =>
    new RegExp(`${label}\\s+(http://\\S+)`).exec(output.stdout)?.[1] ?? "";
  while (find("Look") === "") {
    assert.equal(child.exitCode, null, `it ended: ${output.stderr}`);
    assert.ok(performance.now() < untilMs, `not ready: ${output.stdout}${output.stderr}`);
    await wait(50);
  }
  return { http: find("OTLP/HTTP"), grpc: find("OTLP/gRPC"), page: find("Look") };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

const traceId = "000000000000000000000000000000c1";
const startNano = BigInt(Date.now()) * 1_000_000n;
const time = (ms: number) => String(startNano + BigInt(ms) * 1_000_000n);
const exported = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop\u001b[31m" } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: "00000000000000a1",
              name: "POST /checkout",
              kind: 2,
              startTimeUnixNano: time(0),
              endTimeUnixNano: time(100),
            },
            {
              traceId,
              spanId: "00000000000000a2",
              parentSpanId: "00000000000000a1",
              name: "pay",
              kind: 3,
              startTimeUnixNano: time(20),
              endTimeUnixNano: time(60),
              status: { code: 2, message: "declined" },
            },
          ],
        },
      ],
    },
  ],
};

describe("clew with a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "clew-start-"));
  let server: ReturnType<typeof launch>;
  let at: Awaited<ReturnType<typeof ready>>;

  before(async () => {
    server = launch(process.execPath, [clewFile, "start", "--data", folder, ...anyPorts]);
    at = await ready(server);
    const answer = await fetch(`${at.http}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(exported),
    });
    assert.equal(answer.status, 200, await answer.text());
    // Acknowledged is on disk; questions find it a moment later.
    const asked = () => fetch(`${at.page}/api/clew/v1/traces/${traceId}`);
    for (let i = 0; i < 100 && (await asked()).status !== 200; i++) await wait(50);
  });
  after(async () => {
    await stop(server.child, "SIGTERM");
    rmSync(folder, { recursive: true });
  });
  const ask = (...args: string[]) => clew([...args, "--url", at.page]);

  test("the three ports are free ones, and named", () => {
    const ports = new Set(Object.values(at).map((url) => new URL(url).port));
    assert.equal(ports.size, 3);
    assert.ok(!ports.has("0") && !ports.has(""));
  });

  test("trace: the waterfall, without anything that drives a terminal", async () => {
    const { code, stdout } = await ask("trace", traceId);
    assert.equal(code, 0);
    assert.match(stdout, /100 ms, 2 spans, 1 service, 1 error/);
    assert.match(stdout, /^ {2}POST \/checkout +shop\\u\{1b\}\[31m +100 ms +█+━+█+$/m);
    assert.match(stdout, /^✗ └ pay +shop\\u\{1b\}\[31m +40\.0 ms +[▐█▕]+/m);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /\p{Cc}/u);
  });

  test("trace: a short id, the address from CLEW_URL, ASCII without UTF-8", async () => {
    const { code, stdout } = await clew(["trace", "c1"], { CLEW_URL: at.page, LC_ALL: "C" });
    assert.equal(code, 0);
    assert.match(stdout, /POST \/checkout/);
    assert.match(stdout.replaceAll("\n", ""), /^[\x20-\x7e]+$/);
  });

  test("trace --json: OTLP", async () => {
    const { code, stdout } = await ask("trace", traceId, "--json");
    assert.equal(code, 0);
    const names = JSON.stringify(JSON.parse(stdout)).match(/"name":"(POST \/checkout|pay)"/g);
    assert.equal(names?.length, 2);
    assert.ok(stdout.includes(`"traceId":"${traceId}"`), "ids in hex, as OTLP/JSON has them");
  });

  test("trace: one that is not there", async () => {
    for (const args of [[], ["--json"]]) {
      const { code, stdout, stderr } = await ask("trace", "dead", ...args);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /^clew: .*0000dead/);
    }
  });

  test("traces: a table, and JSON for machines", async () => {
    const { code, stdout } = await ask("traces", "--since", "10m", "--limit", "5");
    assert.equal(code, 0);
    assert.match(stdout, /^TRACE +START \(UTC\) +DURATION +SPANS +ERRORS +SERVICE +NAME$/m);
    assert.match(stdout, new RegExp(`^${traceId} .* 100 ms +2 +1 +shop.* +POST /checkout$`, "m"));
    const { traces } = JSON.parse((await ask("traces", "--json")).stdout) as { traces: unknown[] };
    assert.equal(traces.length, 1);
    const other = await ask("traces", "--service", "nobody");
    assert.match(other.stdout, /No traces/);
  });

  test("a reader that goes away is no error", async () => {
    const script = `"$0" "$1" traces --json --url "$2" | head -c 1; echo "\${PIPESTATUS[0]}"`;
    const args = ["-c", script, process.execPath, clewFile, at.page];
    const { stdout, stderr } = await launch("bash", args).ended;
    assert.equal(stderr, "");
    assert.equal(stdout, "{0\n");
  });

  test("a second Clew on the same folder is refused, and says why", async () => {
    const { code, stderr } = await clew(["start", "--data", folder, ...anyPorts]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(folder), stderr);
  });

  test("SIGINT, twice at once as from a terminal and npm: a clean stop", async () => {
    server.child.kill("SIGINT");
    server.child.kill("SIGINT");
    const { code, stdout } = await server.ended;
    assert.equal(code, 0);
    assert.match(stdout, /Stopped\.\n$/);
    await assert.rejects(fetch(at.page));
  });
});
