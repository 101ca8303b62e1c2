/** What has been acknowledged is there: under load, through a crash of the engine, with odd spans. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Trace } from "../../src/model/trace.ts";
import { metricValue, postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleDecode, oracleEncode, type Plain } from "../support/oracle.ts";

const DAY_MS = 86_400_000;

/** A request with one trace of so many spans; each has ten of `keys` attribute keys. */
function traceOf(
  traceNumber: number,
  spans: number,
  keys: number,
  startMs = Date.now(),
): Uint8Array {
  const start = BigInt(startMs) * 1_000_000n;
  const traceId = Buffer.from(traceNumber.toString(16).padStart(32, "0"), "hex");
  const attributes = (span: number) =>
    Array.from({ length: 10 }, (_, i) => ({
      key: `app.key.${(span * 10 + i) % keys}`,
      value: i % 2 === 0 ? { stringValue: `value ${span} ${i}` } : { intValue: String(span) },
    }));
  return oracleEncode("TracesData", {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "load" } }] },
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, i) => ({
              traceId,
              spanId: Buffer.from((i + 1).toString(16).padStart(16, "0"), "hex"),
              name: `step ${i % 7}`,
              startTimeUnixNano: String(start + BigInt(i)),
              endTimeUnixNano: String(start + BigInt(i) + 1000n),
              attributes: attributes(i),
            })),
          },
        ],
      },
    ],
  });
}

async function readTrace(clew: TestClew, traceNumber: number): Promise<Trace> {
  const answer = await fetch(`${clew.apiUrl}/api/clew/v1/traces/${traceNumber.toString(16)}`);
  assert.equal(answer.status, 200, `trace ${traceNumber}`);
  return (await answer.json()) as Trace;
}

describe("ingest", () => {
  let clew: TestClew;
  before(async () => (clew = await startTestClew()));
  after(() => clew.close());

  test("50,000 spans with 200 attribute keys go in and come back, memory within 1.5 GB", async () => {
    const sent: Promise<void>[] = [];
    for (let traceNumber = 1; traceNumber <= 100; traceNumber++) {
      const answer = postTraces(clew, traceOf(traceNumber, 500, 200));
      sent.push(answer.then(({ status }) => assert.equal(status, 200)));
      if (traceNumber % 8 === 0) await Promise.all(sent);
    }
    await Promise.all(sent);
    await stored(clew);
    let spans = 0;
    const keys = new Set<string>();
    for (let traceNumber = 1; traceNumber <= 100; traceNumber++) {
      const trace = await readTrace(clew, traceNumber);
      spans += trace.spans.length;
      for (const { attributes, name } of trace.spans) {
        assert.equal(attributes.length, 10, name);
        for (const { key } of attributes) keys.add(key);
      }
    }
    assert.deepEqual([spans, keys.size], [50_000, 200]);
    // This process is sender, Clew and reader at once; both peaks together are an upper bound.
    const peakBytes = peakMemoryBytes("self") + peakMemoryBytes(String(clew.server.enginePid()));
    console.log(`peak memory: ${Math.round(peakBytes / 2 ** 20)} MiB, test and engine together`);
    assert.ok(peakBytes < 1.5e9, `${peakBytes} bytes`);
  });

  test("a span of the oldest day that is kept is kept", async () => {
    const startMs = Date.now() - 14 * DAY_MS + 60_000;
    assert.equal((await postTraces(clew, traceOf(0xabc, 1, 10, startMs))).status, 200);
    await stored(clew);
    const trace = await readTrace(clew, 0xabc);
    assert.deepEqual(trace.spans[0]!.marks, []);
  });

  test("kill -9 of the engine in the middle: restarted, nothing acknowledged is lost", async () => {
    const acknowledged = new Set<number>();
    let next = 1000;
    let refusals = 0;
    const stop = new AbortController();
    const sender = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const traceNumber = next++;
        const body = traceOf(traceNumber, 50, 20);
        // A sender as OTLP wants it: tries again after 503, however often.
        for (;;) {
          const { status } = await postTraces(clew, body);
          if (status === 200) break;
          assert.equal(status, 503);
          refusals++;
          await sleep(200);
        }
        acknowledged.add(traceNumber);
      }
    };
    const senders = [sender(), sender(), sender(), sender()];
    for (let kill = 0; kill < 3; kill++) {
      await sleep(700);
      // It has none while it is being started again.
      while (clew.server.enginePid() === undefined) await sleep(20);
      process.kill(clew.server.enginePid()!, "SIGKILL");
      const before = acknowledged.size;
      while (acknowledged.size < before + 8) await sleep(20);
    }
    stop.abort();
    await Promise.all(senders);
    await stored(clew);
    const traceNumbers = [...acknowledged];
    while (traceNumbers.length > 0) {
      const read = async (traceNumber: number): Promise<void> => {
        const { spans } = await readTrace(clew, traceNumber);
        assert.equal(spans.length, 50, `trace ${traceNumber}`);
      };
      await Promise.all(traceNumbers.splice(0, 16).map(read));
    }
    console.log(`${acknowledged.size} requests acknowledged through 3 kills, ${refusals} retried`);
    const restarts = await metricValue(clew, "clew_engine_restarts_total");
    assert.equal(restarts, 3);
    assert.ok(
      clew.events.some(
        ({ level, message }) => level !== "info" && /engine|clickhouse/i.test(String(message)),
      ),
    );
  });

  test("invalid ids are rejected and counted, odd times are kept and marked", async () => {
    const nowNano = BigInt(Date.now()) * 1_000_000n;
    const span = (spanId: number, startNano: bigint, endNano: bigint): Plain => ({
      traceId: Buffer.from("77".repeat(16), "hex"),
      spanId: Buffer.alloc(8, spanId),
      startTimeUnixNano: String(startNano),
      endTimeUnixNano: String(endNano),
    });
    const tenYears = 10n * 365n * 86_400n * 1_000_000_000n;
    const spans = [
      span(1, nowNano, nowNano + 5n),
      span(2, nowNano, nowNano - 5n),
      span(3, nowNano + tenYears, nowNano + tenYears),
      span(4, 0n, 1n),
      { ...span(5, nowNano, nowNano), traceId: Buffer.alloc(16) },
    ];
    const body = oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const answer = await postTraces(clew, body);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const { partialSuccess } = oracleDecode("ExportTraceServiceResponse", bytes);
    assert.equal(answer.status, 200);
    assert.equal((partialSuccess as Plain)["rejectedSpans"], "1");
    assert.match((partialSuccess as Plain)["errorMessage"] as string, /spans\[4\]: trace_id/);
    await stored(clew);
    const trace = (await (
      await fetch(`${clew.apiUrl}/api/clew/v1/traces/${"77".repeat(16)}`)
    ).json()) as Trace;
    const marks = trace.spans.map(({ spanId, marks }) => [spanId.slice(0, 2), ...marks]);
    assert.deepEqual(
      marks.toSorted(([a], [b]) => (a! < b! ? -1 : 1)),
      [["01"], ["02", "endsBeforeStart"], ["03", "farFuture"], ["04", "farPast"]],
    );
    assert.equal(
      await metricValue(clew, 'clew_spans_rejected_total{reason="invalid_trace_id"}'),
      1,
    );
    for (const mark of ["endsBeforeStart", "farFuture", "farPast"]) {
      assert.equal(await metricValue(clew, `clew_spans_marked_total{mark="${mark}"}`), 1);
    }
  });
});

describe("a service that floods", () => {
  test("is refused first, others are not, and it is taken again with time", async () => {
    const clew = await startTestClew({ ingest: { maxServiceSpansPerSecond: 200 } });
    try {
      const send = async (service: string, traceNumber: number): Promise<Response> => {
        const body = Buffer.from(traceOf(traceNumber, 300, 20));
        // "load" is what traceOf calls its service; the other name is as long.
        const at = body.indexOf("load");
        body.write(service, at, 4, "latin1");
        return postTraces(clew, body);
      };
      const statuses = [await send("loud", 1), await send("loud", 2), await send("loud", 3)];
      assert.deepEqual(
        statuses.map(({ status }) => status),
        [200, 200, 429],
      );
      assert.ok(Number(statuses[2]!.headers.get("retry-after")) >= 1);
      assert.equal((await send("mild", 4)).status, 200);
      const outcomes = 'clew_receive_requests_total{door="otlp_http",outcome="exhausted"}';
      assert.equal(await metricValue(clew, outcomes), 1);
      let status = 429;
      for (let i = 0; i < 50 && status === 429; i++) {
        await sleep(100);
        ({ status } = await send("loud", 3));
      }
      assert.equal(status, 200);
      await stored(clew);
      assert.equal((await readTrace(clew, 3)).spans.length, 300);
    } finally {
      await clew.close();
    }
  });
});

describe("a log that is full", () => {
  test("tells senders to come back, and takes their spans when ClickHouse does", async () => {
    const clew = await startTestClew({ ingest: { maxLogBytes: 500_000 } });
    const pid = clew.server.enginePid()!;
    try {
      process.kill(pid, "SIGSTOP");
      const statuses: number[] = [];
      for (let i = 1; i <= 20; i++) {
        const answer = await postTraces(clew, traceOf(i, 400, 20));
        statuses.push(answer.status);
        if (answer.status !== 200) assert.ok(Number(answer.headers.get("retry-after")) >= 1);
      }
      const taken = statuses.filter((status) => status === 200).length;
      assert.ok(taken > 0 && taken < 20, "some are taken although ClickHouse stands still");
      assert.deepEqual([...new Set(statuses)], [200, 503]);
      process.kill(pid, "SIGCONT");
      let status = 503;
      for (let i = 0; i < 100 && status !== 200; i++) {
        ({ status } = await postTraces(clew, traceOf(500, 10, 20)));
        await sleep(100);
      }
      assert.equal(status, 200);
      await stored(clew);
      for (let i = 1; i <= taken; i++) assert.equal((await readTrace(clew, i)).spans.length, 400);
      assert.equal((await readTrace(clew, 500)).spans.length, 10);
    } finally {
      process.kill(pid, "SIGCONT");
      await clew.close();
    }
  });
});

/** The largest resident memory a process has had, in bytes; 0 where the system does not tell. */
function peakMemoryBytes(pid: string): number {
  if (process.platform !== "linux") return 0;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}
