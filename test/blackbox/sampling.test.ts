/** Sampling as a user sees it: a policy file, a running Clew, the `clew` command. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { samplingAnswer } from "../../src/api/answers/sampling.ts";
import type { RedAnswer, SamplingTryAnswer, TracesAnswer } from "../../src/api/contract.ts";
import { drained, metricValue, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode, printedSeed } from "../support/oracle.ts";
import { seededRandom } from "../support/seeded-random.ts";

const DAY = 86_400;
const AGO_SECONDS = 3 * DAY;
const POLICIES = `
policies:
  - { name: errors, match: "{ status = error }", keep: always }
  - { name: slow, match: "{ trace:duration > 500ms }", keep: always }
default: 1%
`;
type Kind = "failing" | "slow" | "fast";

interface SentTrace {
  readonly traceId: string;
  readonly kind: Kind;
}

/** Traces of three spans, all of the same old day. */
function encode(traces: readonly SentTrace[], startSeconds: number): Uint8Array {
  const spans = traces.flatMap(({ traceId, kind }, at) =>
    [0, 1, 2].map((i) => {
      const start = BigInt(startSeconds + (at % 60)) * 10n ** 9n + BigInt(i) * 1_000_000n;
      return {
        traceId: Buffer.from(traceId, "hex"),
        spanId: Buffer.from(`${i + 1}`.padStart(16, "0"), "hex"),
        ...(i > 0 && { parentSpanId: Buffer.from(`${i}`.padStart(16, "0"), "hex") }),
        name: `step ${i}`,
        kind: 2,
        startTimeUnixNano: String(start),
        endTimeUnixNano: String(start + (kind === "slow" && i === 0 ? 600_000_000n : 9_000_000n)),
        status: { code: kind === "failing" && i === 2 ? 2 : 0 },
      };
    }),
  );
  const attributes = [{ key: "service.name", value: { stringValue: "shop" } }];
  return oracleEncode("TracesData", {
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }],
  });
}

/** The same request from another service, whose name is as long. */
function renamed(request: Uint8Array): Uint8Array {
  const text = Buffer.from(request).toString("latin1").replaceAll("shop", "hops");
  return Buffer.from(text, "latin1");
}

function run(
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ["src/cli/main.ts", ...args]);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (piece: Buffer) => out.push(piece));
  child.stderr.on("data", (piece: Buffer) => err.push(piece));
  return new Promise((resolve) => {
    child.on("close", (code) =>
      resolve({
        code,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      }),
    );
  });
}

describe("sampling", () => {
  let clew: TestClew;
  let folder: string;
  let traces: SentTrace[];
  const startSeconds = Math.floor(Date.now() / 1000) - AGO_SECONDS;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "clew-policies-"));
    const policyFile = path.join(folder, "policies.yaml");
    writeFileSync(policyFile, "default: always\n");
    clew = await startTestClew({ sampling: { policyFile, fullHours: 24, everySeconds: 1 } });
    const random = seededRandom(printedSeed("sampling"));
    const digit = (): string => Math.floor(random() * 16).toString(16);
    traces = Array.from({ length: 1000 }, (_, i) => ({
      traceId: Array.from({ length: 32 }, digit).join(""),
      kind: i % 10 === 0 ? "failing" : i % 10 === 1 ? "slow" : "fast",
    }));
  });
  after(async () => {
    await clew.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Those that are stored, all of them whole. */
  const stored = async ({ apiUrl }: TestClew): Promise<Set<string>> => {
    const question = `since=${AGO_SECONDS + DAY}&limit=1000`;
    const answer = await fetch(`${apiUrl}/api/clew/v1/traces?${question}`);
    const { traces: found } = (await answer.json()) as TracesAnswer;
    for (const { spanCount } of found) assert.equal(spanCount, 3);
    return new Set(found.map(({ traceId }) => traceId));
  };

  const traceSizes = async ({ apiUrl }: TestClew): Promise<Map<string, number>> => {
    const answer = await fetch(`${apiUrl}/api/clew/v1/traces?since=3600&limit=1000`);
    const { traces: found } = (await answer.json()) as TracesAnswer;
    return new Map(found.map(({ traceId, spanCount }) => [traceId, spanCount]));
  };

  const calls = async ({ apiUrl }: TestClew, around = startSeconds): Promise<number> => {
    const range = `start=${around - 3600}&end=${around + 3600}`;
    const answer = await fetch(`${apiUrl}/api/clew/v1/red?${range}`);
    return ((await answer.json()) as RedAnswer).series[0]!.total.calls;
  };

  test("a pinned trace, and a file that keeps everything", async () => {
    const pinned = traces.find(({ kind }) => kind === "fast")!;
    const unknown = await run(["pin", pinned.traceId, "--url", clew.apiUrl]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no span of trace .* is stored/);
    assert.equal((await postTraces(clew, encode(traces, startSeconds))).status, 200);
    await drained(clew);
    const pinning = await run(["pin", pinned.traceId, "--url", clew.apiUrl]);
    assert.equal(pinning.stdout, `${pinned.traceId} is pinned\n`, pinning.stderr);
    const list = await run(["pin", "--list", "--url", clew.apiUrl]);
    assert.equal(list.stdout, `${pinned.traceId}\n`);

    const isPinned = await fetch(`${clew.apiUrl}/api/clew/v1/pins/${pinned.traceId}`);
    assert.deepEqual(await isPinned.json(), { traceId: pinned.traceId, isPinned: true });

    assert.equal((await stored(clew)).size, 1000);
    assert.equal(await calls(clew), 3000);
  });

  test("1,000 traces thinned by policies, and figures that stay", async () => {
    const file = path.join(folder, "other.yaml");
    writeFileSync(file, POLICIES);
    const other = await startTestClew({ sampling: { policyFile: file, everySeconds: 1 } });
    try {
      assert.equal((await postTraces(other, encode(traces, startSeconds))).status, 200);
      await drained(other);
      const isThinned = (): boolean =>
        other.events.some(({ message }) => message === "a day was thinned");
      for (let i = 0; i < 300 && !isThinned(); i++) await sleep(100);
      const kept = await stored(other);
      const answer = await fetch(`${other.apiUrl}/api/clew/v1/sampling`);
      const { inForce, ledger } = samplingAnswer.parse(await answer.json());
      assert.deepEqual(
        [inForce?.text, inForce?.policies.map(({ name, keep }) => `${name} ${keep}`)],
        [POLICIES, ["errors always", "slow always", "default 1%"]],
      );
      assert.deepEqual([ledger[0]?.spansBefore, ledger[0]?.spansAfter], [3000, kept.size * 3]);
      const errors = ledger[0]?.policies.find(({ name }) => name === "errors");
      assert.deepEqual(errors, { name: "errors", keptTraces: 100, droppedTraces: 0 });
      const counts = { failing: 0, slow: 0, fast: 0 };
      for (const { traceId, kind } of traces) counts[kind] += kept.has(traceId) ? 1 : 0;
      assert.deepEqual([counts.failing, counts.slow], [100, 100]);
      // Binomial, 800 times 1 %: more than 26 once in ten million times.
      assert.ok(counts.fast <= 26, `${counts.fast} of 800`);
      assert.equal(
        await calls(other),
        3000,
        "calls are those of all spans, also of those that are gone",
      );
    } finally {
      await other.close();
    }
  });

  test("a policy file that is wrong keeps Clew from starting, and says where it is wrong", async () => {
    const file = path.join(folder, "wrong.yaml");
    writeFileSync(file, "policies:\n  - { name: a, match: '{ status = }', keep: never }\n");
    await assert.rejects(startTestClew({ sampling: { policyFile: file } }), {
      code: "invalid",
      message: /wrong\.yaml:2: a: match: .* at line 1, col 12/,
    });
  });

  test("policies are tried on what is there, and change nothing", async () => {
    const fresh = traces.map(({ traceId, kind }) => {
      return { traceId: traceId.replace(/^.{8}/, "0123abcd"), kind };
    });
    const now = Math.floor(Date.now() / 1000);
    assert.equal((await postTraces(clew, encode(fresh, now - 600))).status, 200);
    const late = encode([{ traceId: "1".repeat(31) + "0", kind: "fast" }], now - 60);
    assert.equal((await postTraces(clew, renamed(late))).status, 200);
    await drained(clew);
    const file = path.join(folder, "try.yaml");
    writeFileSync(file, POLICIES.replace("1%", "never"));
    const answer = await fetch(`${clew.apiUrl}/api/clew/v1/sampling/try`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ policies: POLICIES.replace("1%", "never"), since: 3600 }),
    });
    const tried = (await answer.json()) as SamplingTryAnswer;
    const amounts = tried.policies.map(({ name, kept, dropped }) => {
      return [name, kept.traces, kept.spans, dropped.traces, dropped.spans];
    });
    assert.deepEqual(amounts, [
      ["errors", 100, 300, 0, 0],
      ["slow", 100, 300, 0, 0],
      ["default", 0, 0, 801, 2403],
    ]);
    assert.deepEqual([tried.kept.traces, tried.dropped.traces], [200, 801]);
    assert.ok(tried.kept.bytes > 0);
    assert.deepEqual(tried.invisibleServices, ["hops"]);
    const printed = await run(["sampling", "try", file, "--since", "1h", "--url", clew.apiUrl]);
    assert.match(printed.stdout, /^errors +100 +100 +300 +300 /m);
    assert.match(printed.stdout, /^default +801 +0 +2403 +0 /m);
    assert.match(printed.stdout, /^Nothing would be left of: hops$/m);
    const wrong = await run(["sampling", "try", "/dev/null", "--url", clew.apiUrl]);
    assert.match(wrong.stderr, /is not a group of policies, default/);
    const found = await stored(clew);
    assert.equal(
      fresh.filter(({ traceId }) => found.has(traceId)).length,
      999,
      "the newest thousand",
    );
    const page = await fetch(`${clew.apiUrl}/api/clew/v1/sampling/try`, {
      method: "POST",
      body: "{}",
    });
    assert.equal(page.status, 400, "another site's page may not ask");
  });

  test("at the door a share of the traces is taken, and some errors, and figures stand for all", async () => {
    const file = path.join(folder, "door.yaml");
    writeFileSync(file, "default: { keep: 25%, errorSpansPerSecond: 20 }\n");
    const other = await startTestClew({ sampling: { doorFile: file } });
    try {
      const now = Math.floor(Date.now() / 1000);
      const request = encode(traces, now - 60);
      for (let again = 0; again < 2; again++) {
        assert.equal((await postTraces(other, request)).status, 200);
      }
      const only = encode([{ traceId: `${"1".repeat(30)}00`, kind: "fast" }], now - 60);
      assert.equal((await postTraces(other, only)).status, 200, "of which nothing is taken");
      await drained(other);
      const found = await traceSizes(other);
      const whole = [...found.values()].filter((size) => size === 3).length;
      const errors = found.size - whole;
      assert.ok(Math.abs(whole - 250) <= 5.4 * Math.sqrt(1000 * 0.25 * 0.75), `${whole} traces`);
      assert.ok(errors <= 21 && errors > 0, `${errors} errors of traces that were not taken`);
      const inserted = await metricValue(other, "clew_spans_inserted_total");
      assert.equal(inserted, 3 * whole + errors, "nothing else was written, and no repeat");
      const counted = await calls(other, now - 60);
      assert.ok(Math.abs(counted - (12 * whole + errors)) < 1e-6, `${counted} calls`);
      const dropped = await metricValue(other, 'clew_door_spans_total{outcome="dropped"}');
      assert.equal(dropped + inserted, 3003);
      writeFileSync(file, "default: { keep: 0% }\n");
      await sleep(300);
      const later = traces.map(({ kind, traceId }) => ({
        kind,
        traceId: `cafe${traceId.slice(4)}`,
      }));
      assert.equal((await postTraces(other, encode(later, now - 50))).status, 200);
      await drained(other);
      assert.equal(await metricValue(other, "clew_spans_inserted_total"), inserted);
    } finally {
      await other.close();
    }
  });

  test("clew sampling check and import", async () => {
    const file = path.join(folder, "collector.yaml");
    const policy = "{ name: e, type: status_code, status_code: { status_codes: [ERROR] } }";
    writeFileSync(file, `processors: { tail_sampling: { policies: [${policy}] } }`);
    const imported = await run(["sampling", "import", file]);
    assert.deepEqual([imported.code, imported.stderr], [0, ""]);
    writeFileSync(file, imported.stdout);
    const checked = await run(["sampling", "check", file]);
    assert.equal(
      checked.stdout,
      "1.  always  e        { status = error }\n2.  never   default  all other traces\n",
    );
  });
});
