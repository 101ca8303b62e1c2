/** `clew bench` as people run it: its own Clew, somebody else's endpoint, both protocols. Small numbers:
 * what is checked is the report, not the speed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Report } from "../../src/bench/report.ts";
import { startTestClew, type TestClew } from "../support/clew.ts";

const root = join(import.meta.dirname, "../..");
const isLinux = process.platform === "linux";

async function bench(...args: string[]) {
  const file = join(root, "bin/clew.mjs");
  const child = spawn(process.execPath, [file, "bench", "--quick", "--json", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const lines = stdout.trimEnd().split("\n");
  return { code, stdout, stderr, json: () => JSON.parse(lines.at(-1)!) as Report };
}

const ownFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("clew-bench-"));

describe("clew bench", () => {
  const folder = mkdtempSync(join(tmpdir(), "clew-test-bench-"));
  const ids = join(folder, "ids.json");
  let clew: TestClew;
  before(async () => (clew = await startTestClew()));
  after(async () => {
    await clew.close();
    rmSync(folder, { recursive: true });
  });

  test("with a Clew of its own: every span once, and nothing is left behind", async () => {
    const before = ownFolders();
    const small = ["--spans", "3000", "--query-runs", "5", "--settle", "1s", "--seed", "11"];
    const { code, stdout, stderr, json } = await bench(...small, "--set", "ingest.groupMs=5");
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^ {2}verified +every span once: 3,000 stored, 3,000 confirmed/m);
    const { ingest, queries, versions, machine } = json();
    assert.equal(ingest!.result.spansAcknowledged, 3000);
    assert.equal(ingest!.result.requestsAcknowledged, 6);
    assert.equal(ingest!.result.latencyMs.count, 6);
    assert.equal(ingest!.options.seed, 11);
    assert.deepEqual(ingest!.verification, {
      inserted: 3000,
      stored: 3000,
      tracesRead: 6,
      problems: [],
    });
    assert.ok(ingest!.disk!.bytesPerSpan > 0);
    assert.deepEqual(
      queries!.map(({ kind, ms, wrong }) => [kind, ms.count, wrong]),
      [["trace by id", 5, 0]],
    );
    assert.ok(machine.cores >= 1 && machine.memoryBytes > 0);
    assert.match(versions.node, /^v24\./);
    assert.match(versions.clickhouse!, /^\d+\.\d+\.\d+\.\d+$/);
    if (isLinux) {
      assert.ok(ingest!.cpu!.microsPerSpan > 0);
      assert.ok(ingest!.cpu!.processes.length >= 2, "Clew and its engine");
      assert.ok(ingest!.memory!.peakBytes > 50e6);
    }
    assert.deepEqual(ownFolders(), before);
  });

  test("Ctrl+C in the middle: it stops, and nothing is left behind", async () => {
    const before = ownFolders();
    const file = join(root, "bin/clew.mjs");
    const child = spawn(process.execPath, [file, "bench", "--settle", "1s"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = false;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (told || !text.includes("spans acknowledged")) return;
      told = true;
      child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.deepEqual([code, told], [130, true]);
    assert.deepEqual(ownFolders(), before);
  });

  test("somebody else's endpoint over gRPC, its process watched, its traces asked for", async () => {
    const where = ["--otlp", clew.grpcUrl, "--protocol", "grpc", "--query", clew.apiUrl];
    const watched = isLinux ? ["--pid", String(clew.server.enginePid())] : [];
    const small = ["--spans", "2000", "--spans-per-request", "200", "--settle", "1s", "--gzip"];
    const asking = ["--ids", ids, "--query-runs", "3", "--fresh", "--rate", "4000"];
    const { code, stdout, stderr, json } = await bench(...where, ...watched, ...small, ...asking);
    const { ingest, queries } = json();
    assert.equal(ingest!.result.spansAcknowledged, 2000, stdout + stderr);
    assert.equal(ingest!.verification, undefined);
    assert.ok(ingest!.fresh!.ms.count >= 1);
    assert.equal(ingest!.cpu?.processes.length, isLinux ? 1 : undefined);
    assert.ok(existsSync(ids));
    // What was acknowledged last may not be readable yet: only answers that came are counted.
    assert.equal(queries![0]!.ms.count + queries![0]!.wrong, 3);
    assert.equal(code, queries![0]!.wrong === 0 ? 0 : 1);
  });

  test("questions alone, about the traces of an earlier run", async () => {
    const { code, json } = await bench("--query", clew.apiUrl, "--ids", ids, "--query-runs", "4");
    assert.equal(code, 0);
    const { ingest, queries } = json();
    assert.equal(ingest, undefined);
    assert.deepEqual([queries![0]!.ms.count, queries![0]!.wrong], [4, 0]);
  });

  test("an endpoint that refuses now and then: asked again, counted, nothing lost", async () => {
    const taken = new Map<string, number>();
    let requests = 0;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const n = requests++;
        if (n === 1) return response.writeHead(429, { "retry-after": "1" }).end();
        if (n === 2) return response.writeHead(503).end();
        if (n === 3) return request.socket.destroy();
        const body = Buffer.concat(chunks).toString("base64");
        taken.set(body, (taken.get(body) ?? 0) + 1);
        response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, json } = await bench(
      "--otlp",
      url,
      "--spans",
      "1000",
      "--spans-per-request",
      "100",
    );
    server.close();
    assert.equal(code, 0);
    const { result } = json().ingest!;
    assert.deepEqual([result.spansAcknowledged, result.refusals, result.unanswered], [1000, 2, 1]);
    assert.deepEqual([taken.size, requests], [10, 13]);
  });

  test("an endpoint that is none: said, not measured", async () => {
    const { code, stdout, stderr } = await bench("--otlp", `${clew.apiUrl}/nowhere`);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^clew: http.*\/nowhere does not take these spans: HTTP 40[45]/m);
  });
});
