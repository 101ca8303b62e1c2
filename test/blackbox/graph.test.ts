/** The service graph, from spans in a real engine to the answers. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { GraphAnswer } from "../../src/api/contract.ts";
import { bucketOf } from "../../src/model/latency-buckets.ts";
import type { Trace } from "../../src/model/trace.ts";
import { computeEdges } from "../../src/query/compute-edges.ts";
import { briefTrace, type BriefSpan } from "../support/brief-trace.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { graphCases } from "../support/graph-cases.ts";
import { type NaiveCall, naiveCalls } from "../support/naive-graph.ts";
import { printedSeed } from "../support/oracle.ts";
import { anyGraph } from "../support/random-graphs.ts";
import { openTraceStore, type TraceStore } from "../support/stored-traces.ts";
import { otlpOfTrace } from "../support/trace-otlp.ts";

const SLICE = 300;
const MARGIN = 120;
const NOW = 1_800_000_000;
/** 100 s before the end of a slice, so that spans are in two of them. */
const START = NOW - 10 * SLICE + 200;

describe("edges of random traces", () => {
  let store: TraceStore;
  before(async () => void (store = await openTraceStore()));
  after(() => store.close());

  for (const [shares, numRuns] of [
    [1, 60],
    [3, 20],
  ] as const) {
    test(`are those of the simpler way, in ${shares} shares`, async () => {
      const seed = printedSeed("graph");
      const property = fc.asyncProperty(
        anyGraph(BigInt(START) * 1_000_000_000n),
        async (traces) => {
          await store.fill(traces, NOW);
          assert.deepEqual(await computed(store, shares), naive(naiveCalls(traces)));
        },
      );
      await fc.assert(property, { seed, numRuns, endOnFailure: true });
    });
  }
});

/** Edges by minute, as lines. */
async function computed({ client }: TraceStore, shares: number): Promise<string[]> {
  const lines: string[] = [];
  for (const fromSeconds of [START - 200, START + 100]) {
    const { edges, names } = await computeEdges(
      { client, database: "clew", settings: {} },
      { fromSeconds, toSeconds: fromSeconds + SLICE },
      shares * 500_000,
    );
    for (const { clientSide, serverSide, ...edge } of edges) {
      const [client, server, via] = [edge.client, edge.server, edge.via].map((n) => names.text(n));
      const sides = [clientSide, serverSide].map(({ nano, histogram }) =>
        [nano, ...histogram.buckets.map((bucket, i) => `${bucket}:${histogram.counts[i]}`)].join(
          " ",
        ),
      );
      const { minute, connection, calls, failed } = edge;
      lines.push([minute, connection, client, server, via, calls, failed, ...sides].join("|"));
    }
  }
  return lines.sort();
}

function naive(calls: readonly NaiveCall[]): string[] {
  const keyOf = ({ minute, connection, client, server, via }: NaiveCall): string =>
    [minute, connection, client, server, via].join("|");
  const groups = Map.groupBy(calls, keyOf);
  const side = (of: readonly NaiveCall[], nanoOf: (call: NaiveCall) => number | undefined) => {
    const cells = new Map<number, number>();
    let sum = 0;
    for (const call of of) {
      const nano = nanoOf(call);
      if (nano === undefined) continue;
      sum += nano * call.weight;
      cells.set(bucketOf(nano), (cells.get(bucketOf(nano)) ?? 0) + call.weight);
    }
    const sorted = [...cells].sort(([a], [b]) => a - b);
    return [sum, ...sorted.map(([bucket, count]) => `${bucket}:${count}`)].join(" ");
  };
  return [...groups]
    .map(([key, of]) => {
      const weigh = (list: readonly NaiveCall[]) =>
        list.reduce((sum, { weight }) => sum + weight, 0);
      const clientSide = side(of, ({ clientNano }) => clientNano);
      const serverSide = side(of, ({ serverNano }) => serverNano);
      const failed = weigh(of.filter(({ isFailed }) => isFailed));
      return [key, weigh(of), failed, clientSide, serverSide].join("|");
    })
    .sort();
}

describe("GET /api/clew/v1/graph", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew({ tenancy: { enabled: true }, graph: { everySeconds: 1 } });
  });
  after(() => clew.close());

  async function send(tenant: string, traces: readonly Trace[]): Promise<void> {
    for (const trace of traces) {
      const answer = await postTraces(clew, otlpOfTrace(trace), { "x-scope-orgid": tenant });
      assert.equal(answer.status, 200);
    }
    await drained(clew);
  }

  async function graph(tenant: string, query = "since=7200"): Promise<GraphAnswer> {
    const url = `${clew.apiUrl}/api/clew/v1/graph?${query}`;
    const answer = await fetch(url, { headers: { "x-scope-orgid": tenant } });
    assert.equal(answer.status, 200);
    return (await answer.json()) as GraphAnswer;
  }

  async function settled(tenant: string, want: readonly string[]): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const { isComplete, edges } = await graph(tenant);
      if (isComplete && String(lines({ edges })) === String(want.toSorted())) return;
      await sleep(250);
    }
    assert.deepEqual(lines(await graph(tenant)), want.toSorted());
  }

  /** Until a line is on /metrics/spans. */
  async function counted(tenant: string, line: string): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const headers = { "x-scope-orgid": tenant };
      const metrics = await (await fetch(`${clew.apiUrl}/metrics/spans`, { headers })).text();
      if (metrics.includes(`\ntraces_service_graph_${line}\n`)) return;
      await sleep(250);
    }
    assert.fail(`not on /metrics/spans: ${line}`);
  }

  for (const [name, when] of [
    ["of a while ago", latestComputed],
    ["of just now", () => Math.floor(Date.now() / 1000) - 60],
  ] as const) {
    test(`gives the edges of every small trace ${name}`, async () => {
      const start = when();
      const tenantOf = (i: number): string => `case-${start}-${i}`;
      for (const [i, { traces }] of graphCases.entries()) {
        const moved = traces.map((trace) => at(trace, start));
        await send(tenantOf(i), moved);
      }
      for (const [i, { edges }] of graphCases.entries()) {
        const shown = edges.filter((edge) => !edge.includes("unpaired"));
        await settled(tenantOf(i), shown);
      }
    });
  }

  test("repairs edges when the other side comes later", async () => {
    const base = BigInt(latestComputed()) * 1_000_000_000n;
    const trace = (...spans: BriefSpan[]): Trace => briefTrace(spans, { base });
    const server: BriefSpan = { id: "s", of: "c", kind: "server", service: "cart" };
    await send("late", [trace(server)]);
    await settled("late", ["unknown → cart: caller 1/0"]);
    await counted("late", 'unpaired_spans_total{client="",connection_type="",server="cart"} 1');
    await send("late", [trace({ id: "c", kind: "client", service: "shop" })]);
    await settled("late", ["shop → cart: call 1/0"]);
    await counted("late", 'request_total{client="shop",connection_type="",server="cart"} 1');
  });

  test("shows what is near a node", async () => {
    const trace = briefTrace(
      [
        { id: "a", kind: "server", service: "a" },
        { id: "b", of: "a", kind: "server", service: "b" },
        { id: "c", of: "b", kind: "server", service: "c" },
        { id: "d", of: "c", kind: "server", service: "d" },
      ],
      { base: BigInt(Date.now()) * 1_000_000n },
    );
    await send("near", [trace]);
    const near = await graph("near", "service=b&depth=1");
    assert.deepEqual(
      near.nodes.map(({ name, kind }) => `${name} ${kind}`),
      ["a service", "b service", "c service"],
    );
    assert.deepEqual(lines(near), ["a → b: call 1/0", "b → c: call 1/0"]);
    assert.equal((await graph("near", "service=b")).edges.length, 4);
    const wrong = await fetch(`${clew.apiUrl}/api/clew/v1/graph?depth=0`, {
      headers: { "x-scope-orgid": "near" },
    });
    assert.equal(wrong.status, 400);
  });

  test("is drawn and compared by the clew command", async () => {
    const chain: BriefSpan[] = [
      { id: "a", kind: "server", service: "a" },
      { id: "b", of: "a", kind: "server", service: "b" },
    ];
    await send("cli", [briefTrace(chain, { base: BigInt(Date.now()) * 1_000_000n })]);
    const run = (...args: string[]) =>
      clewCommand(["graph", "--url", clew.apiUrl, "--tenant", "cli", ...args]);
    assert.match((await run()).stdout, /^a +b +call +1 /m);
    const dot = await run("--format", "dot");
    assert.match(dot.stdout, /"a" -> "b" \[label="1, p95 1 ns"\];/);
    const folder = mkdtempSync(path.join(tmpdir(), "clew-graph-"));
    const file = path.join(folder, "expected.dot");
    writeFileSync(file, dot.stdout);
    assert.deepEqual(await run("--diff", file), { code: 0, stdout: "The graph is as expected.\n" });
    writeFileSync(file, "digraph { user -> a -> c }");
    const different = { code: 1, stdout: "unexpected: a → b\nmissing:    a → c\n" };
    assert.deepEqual(await run("--diff", file), different);
    assert.equal((await run("--depth", "2")).code, 2);
    rmSync(folder, { recursive: true });
  });
});

/** Runs `clew` and waits for it. */
async function clewCommand(args: readonly string[]) {
  const file = path.join(import.meta.dirname, "../../bin/clew.mjs");
  const env = { ...process.env, LC_ALL: "C.UTF-8" };
  const child = spawn(process.execPath, [file, ...args], { env });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout };
}

/** The latest slice that the job has come to: late spans wait longer for others the later they are. */
function latestComputed(): number {
  return Math.floor((Date.now() / 1000 - SLICE - MARGIN) / SLICE) * SLICE;
}

function at(trace: Trace, seconds: number): Trace {
  return { ...trace, startUnixNano: String(BigInt(seconds) * 1_000_000_000n) };
}

function lines({ edges }: Pick<GraphAnswer, "edges">): string[] {
  return edges
    .map(({ client, server, connection, via, calls, failed }) => {
      const way = via === undefined ? "" : ` via ${via}`;
      return `${client} → ${server}: ${connection} ${calls}/${failed}${way}`;
    })
    .sort();
}
