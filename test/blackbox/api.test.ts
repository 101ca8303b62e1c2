/** Clew's own API, and what operators look at, over the running program. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { ErrorAnswer, StatusAnswer, TracesAnswer } from "../../src/api/contract.ts";
import type { Trace } from "../../src/model/trace.ts";
import { createLogger } from "../../src/base/log.ts";
import { startEngine } from "../../src/store/engine/engine.ts";
import { metricValue, postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleEncode, type Plain } from "../support/oracle.ts";

interface SpanWanted {
  readonly trace: number;
  readonly span: number;
  readonly parent?: number;
  readonly service: string;
  readonly agoSeconds: number;
  readonly durationMs?: number;
  readonly failed?: boolean;
}

const id = (value: number, bytes: number): Buffer =>
  Buffer.from(value.toString(16).padStart(bytes * 2, "0"), "hex");

function request(spans: readonly SpanWanted[]): Uint8Array {
  const now = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n;
  return oracleEncode("TracesData", {
    resourceSpans: spans.map(({ service, ...span }) => {
      const start = now - BigInt(span.agoSeconds) * 1_000_000_000n;
      return {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: id(span.trace, 16),
                spanId: id(span.span, 8),
                ...(span.parent === undefined ? {} : { parentSpanId: id(span.parent, 8) }),
                name: `${service} ${span.span}`,
                startTimeUnixNano: String(start),
                endTimeUnixNano: String(start + BigInt(span.durationMs ?? 1) * 1_000_000n),
                status: { code: span.failed === true ? 2 : 0 },
              },
            ],
          },
        ],
      };
    }),
  } satisfies Plain);
}

async function getJson<T>(clew: TestClew, where: string): Promise<T> {
  const answer = await fetch(`${clew.apiUrl}/api/clew/v1${where}`);
  assert.equal(answer.status, 200, `${where}: ${answer.status}`);
  return (await answer.json()) as T;
}

describe("Clew's own API", () => {
  let clew: TestClew;
  before(async () => (clew = await startTestClew()));
  after(() => clew.close());

  test("knows whether there are spans at all", async () => {
    const before = await getJson<StatusAnswer>(clew, "/status");
    assert.deepEqual([before.hasSpans, before.spansReceived], [false, 0]);
    const { grpc, http } = clew.server.ports;
    assert.deepEqual(before.otlp, { grpcPort: grpc, httpPort: http });
    assert.deepEqual((await getJson<TracesAnswer>(clew, "/traces")).traces, []);
  });

  test("lists the newest traces, whole, each span once", async () => {
    const spans: SpanWanted[] = [
      { trace: 1, span: 1, service: "shop", agoSeconds: 30, durationMs: 900 },
      { trace: 1, span: 2, parent: 1, service: "cart", agoSeconds: 30, failed: true },
      { trace: 1, span: 3, parent: 1, service: "cart", agoSeconds: 29, durationMs: 500 },
      { trace: 2, span: 1, parent: 9, service: "cart", agoSeconds: 1200 },
      { trace: 3, span: 1, service: "shop", agoSeconds: 5 },
    ];
    await postTraces(clew, request(spans));
    await postTraces(clew, request(spans.slice(0, 3))); // a retry, in another request
    await stored(clew);
    const { traces, services } = await getJson<TracesAnswer>(clew, "/traces");
    assert.deepEqual(services, ["cart", "shop"]);
    assert.deepEqual(
      traces.map(({ traceId }) => Number(traceId)),
      [3, 1, 2],
    );
    const { startUnixNano, ...one } = traces[1]!;
    assert.ok(Math.abs(Number(startUnixNano) / 1e9 - (Date.now() / 1000 - 30)) < 20);
    assert.deepEqual(one, {
      traceId: "1".padStart(32, "0"),
      rootService: "shop",
      rootName: "shop 1",
      durationNano: 1_500_000_000,
      spanCount: 3,
      errorCount: 1,
      services: [
        {
          name: "cart",
          spanCount: 2,
          errorCount: 1,
          startNano: 0,
          durationNano: 1_500_000_000,
        },
        { name: "shop", spanCount: 1, errorCount: 0, startNano: 0, durationNano: 900_000_000 },
      ],
    });
    assert.deepEqual([traces[2]!.rootService, traces[2]!.rootName], ["", ""], "no root yet");
  });

  const lists: [name: string, query: string, want: number[]][] = [
    ["a limit", "?limit=1", [3]],
    ["a service", "?service=cart", [1, 2]],
    ["a service and a limit", "?service=cart&limit=1", [1]],
    ["a service nobody has", "?service=nobody", []],
    ["a short time", "?since=600", [3, 1]],
    ["a value that looks like SQL", "?service=%27%29%20OR%201%3D1%20--", []],
  ];
  for (const [name, query, want] of lists) {
    test(`lists by ${name}`, async () => {
      const { traces } = await getJson<TracesAnswer>(clew, `/traces${query}`);
      assert.deepEqual(
        traces.map(({ traceId }) => Number(traceId)),
        want,
      );
    });
  }

  test("a span from the year 1970 is listed under its arrival", async () => {
    await postTraces(clew, request([{ trace: 7, span: 1, service: "old", agoSeconds: 1e9 }]));
    await stored(clew);
    const { traces } = await getJson<TracesAnswer>(clew, "/traces?service=old");
    assert.deepEqual(
      traces.map(({ traceId, durationNano }) => [Number(traceId), durationNano]),
      [[7, 0]],
    );
  });

  test("the OTLP download can be sent again", async () => {
    const answer = await fetch(`${clew.apiUrl}/api/clew/v1/traces/1/otlp`);
    assert.match(answer.headers.get("content-disposition") ?? "", /trace-0+1\.json/);
    const again = await fetch(`${clew.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: await answer.text(),
    });
    assert.equal(again.status, 200);
  });

  const refused: [where: string, status: number, message: RegExp][] = [
    ["/traces?limit=0", 400, /^limit: "0" is not a whole number from 1 to 1000$/],
    ["/traces?since=abc", 400, /^since: "abc" is not/],
    ["/traces/xyz", 400, /hex characters: invalid character 'x' at position 1/],
    ["/traces/abcd", 404, /^no span of trace 0+abcd is stored$/],
    ["/nothing", 404, /there is nothing at/],
  ];
  for (const [where, status, message] of refused) {
    test(`refused: ${where}`, async () => {
      const answer = await fetch(`${clew.apiUrl}/api/clew/v1${where}`);
      assert.equal(answer.status, status);
      const { error } = (await answer.json()) as ErrorAnswer;
      assert.match(error.message, message);
    });
  }

  test("health, readiness and metrics", async () => {
    const get = (where: string): Promise<Response> => fetch(`${clew.apiUrl}${where}`);
    assert.equal((await get("/health")).status, 200);
    await stored(clew);
    const received = await metricValue(clew, "clew_spans_received_total");
    assert.ok(received >= 9);
    assert.equal(await metricValue(clew, "clew_spans_inserted_total"), received);
    const pid = clew.server.enginePid()!;
    process.kill(pid, "SIGSTOP");
    const ready = await get("/ready");
    process.kill(pid, "SIGCONT");
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /^not ready: ClickHouse is silent/);
    assert.equal((await get("/ready")).status, 200);
  });
});

describe("a trace with more spans than may be read", () => {
  test("shows its earliest ones, and every door says that there are more", async () => {
    const clew = await startTestClew({ query: { maxTraceSpans: 2 } });
    try {
      const span = (number: number): SpanWanted => {
        return { trace: 1, span: number, service: "shop", agoSeconds: 30 - number };
      };
      await postTraces(clew, request([span(3), span(1), span(2)]));
      await postTraces(
        clew,
        request([
          { ...span(1), trace: 2 },
          { ...span(2), trace: 2 },
        ]),
      );
      await stored(clew);
      const trace = await getJson<Trace>(clew, "/traces/1");
      const names = trace.spans.map(({ name }) => name);
      assert.deepEqual([names, trace.isPartial], [["shop 1", "shop 2"], true]);
      assert.equal((await getJson<Trace>(clew, "/traces/2")).isPartial, undefined);
      const v1 = await fetch(`${clew.apiUrl}/api/traces/1`);
      assert.deepEqual(
        [v1.status, await v1.text()],
        [422, "trace exceeds max size (max spans: 2)"],
      );
      const v2 = await fetch(`${clew.apiUrl}/api/v2/traces/1`);
      const { status, message } = (await v2.json()) as { status: string; message: string };
      assert.equal(status, "PARTIAL");
      assert.match(message, /exceeds maximum size of 2 spans, a partial trace is returned/);
      const body = JSON.stringify({ base: { traceId: "2" }, compare: { traceId: "1" } });
      const diff = await fetch(`${clew.apiUrl}/api/v2/traces/diff`, { method: "POST", body });
      assert.equal(diff.status, 422);
      assert.match(await diff.text(), /^fetch compare trace: .*: partial traces cannot be diffed$/);
    } finally {
      await clew.close();
    }
  });
});

describe("a ClickHouse of the user's", () => {
  test("is used instead of the embedded one, by URL, user and password", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "clew-external-"));
    const log = createLogger({ level: "error", write: () => {}, now: () => new Date() });
    const engine = await startEngine({ dataDir: folder, log });
    const { url, user, password } = engine.endpoint();
    const clickhouse = { url, user, password, database: "my_traces" };
    try {
      const clew = await startTestClew({ clickhouse });
      assert.equal(clew.server.enginePid(), undefined);
      await postTraces(clew, request([{ trace: 1, span: 1, service: "shop", agoSeconds: 1 }]));
      await stored(clew);
      assert.equal((await getJson<TracesAnswer>(clew, "/traces")).traces.length, 1);
      await clew.close();
      // Another retention at the next start: the table follows. A wrong password: a clear word.
      const second = await startTestClew({ clickhouse, retention: { days: 3 } });
      assert.equal((await getJson<TracesAnswer>(second, "/traces")).traces.length, 1);
      await second.close();
      const wrong = startTestClew({ clickhouse: { ...clickhouse, password: "wrong" } });
      await assert.rejects(wrong, /Authentication failed/);
    } finally {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
