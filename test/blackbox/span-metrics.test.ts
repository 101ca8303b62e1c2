/** /metrics/spans: what Prometheus scrapes, and what is sent to it, say what was sent to Clew. */
import assert from "node:assert/strict";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { uncompress } from "snappyjs";
import { metricValue, postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleEncode, type Plain } from "../support/oracle.ts";
import { decodeWriteRequest, type WrittenSeries } from "../support/remote-write.ts";

const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
  "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.1";

let nextId = 1;

function request(
  service: string,
  spans: readonly { name: string; ms: number; isError?: boolean; attributes?: Plain[] }[],
): Uint8Array {
  const now = BigInt(Date.now()) * 1_000_000n;
  const resource = {
    attributes: [{ key: "service.name", value: { stringValue: service } }],
  };
  const encoded = spans.map(({ name, ms, isError = false, attributes = [] }) => ({
    traceId: Buffer.from((nextId++).toString(16).padStart(32, "0"), "hex"),
    spanId: Buffer.alloc(8, 1),
    name,
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + BigInt(ms * 1e6)),
    status: { code: isError ? 2 : 0 },
    attributes,
  }));
  return oracleEncode("TracesData", {
    resourceSpans: [{ resource, scopeSpans: [{ spans: encoded }] }],
  });
}

async function scrape(clew: TestClew, accept = "", headers = {}): Promise<string> {
  const answer = await fetch(`${clew.apiUrl}/metrics/spans`, { headers: { accept, ...headers } });
  assert.equal(answer.status, 200);
  return answer.text();
}

/** The values of all lines, by name and labels as they stand there. */
function valuesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [, series, value] = /^(\S+\{.*?\}) (\S+)(?: # .*)?$/.exec(line)!;
      return [series!, Number(value)] as const;
    }),
  );
}

async function withClew(
  sections: Parameters<typeof startTestClew>[0],
  use: (clew: TestClew) => Promise<void>,
): Promise<void> {
  const clew = await startTestClew(sections);
  try {
    await use(clew);
  } finally {
    await clew.close();
  }
}

async function send(clew: TestClew, body: Uint8Array, headers = {}): Promise<void> {
  const { status } = await postTraces(clew, body, headers);
  assert.equal(status, 200);
}

const labels = (service: string, name: string, status = "UNSET"): string =>
  `service="${service}",span_kind="SPAN_KIND_SERVER",span_name="${name}",status_code="STATUS_CODE_${status}"`;

describe("/metrics/spans", () => {
  test("calls, latency and size under Tempo's names, in both formats, only ever growing", () =>
    withClew({}, async (clew) => {
      const spans = [
        { name: "GET /", ms: 2 },
        { name: "GET /", ms: 3 },
        { name: "GET /", ms: 20_000 },
        { name: 'a "b"\\\n', ms: 1 },
      ];
      await send(clew, request("shop", spans));
      await send(clew, request("shop", [{ name: "GET /", ms: 5, isError: true }]));
      await stored(clew);
      const text = await scrape(clew);
      const values = valuesOf(text);
      const get = labels("shop", "GET /");
      const want: [string, number][] = [
        [`traces_spanmetrics_calls_total{${get}}`, 3],
        [`traces_spanmetrics_calls_total{${labels("shop", "GET /", "ERROR")}}`, 1],
        [`traces_spanmetrics_calls_total{${labels("shop", 'a \\"b\\"\\\\\\n')}}`, 1],
        [`traces_spanmetrics_latency_bucket{${get},le="0.002"}`, 1],
        [`traces_spanmetrics_latency_bucket{${get},le="0.004"}`, 2],
        [`traces_spanmetrics_latency_bucket{${get},le="16.384"}`, 2],
        [`traces_spanmetrics_latency_bucket{${get},le="+Inf"}`, 3],
        [`traces_spanmetrics_latency_count{${get}}`, 3],
      ];
      for (const [series, value] of want) assert.equal(values.get(series), value, series);
      assert.ok(Math.abs(values.get(`traces_spanmetrics_latency_sum{${get}}`)! - 20.005) < 1e-9);
      assert.ok(values.get(`traces_spanmetrics_size_total{${get}}`)! > 100);
      assert.match(text, /^# TYPE traces_spanmetrics_calls_total counter$/m);
      assert.match(text, /^# TYPE traces_spanmetrics_latency histogram$/m);
      assert.doesNotMatch(text, /# EOF| # \{/);

      const openMetrics = await scrape(clew, PROMETHEUS_3);
      assert.match(openMetrics, /^# TYPE traces_spanmetrics_calls counter$/m);
      assert.ok(openMetrics.endsWith("\n# EOF\n"));
      assert.deepEqual(valuesOf(openMetrics), values);
      const exemplar = /le="0.008"\} 1 # \{(.*)\} 0.005 (\S+)$/m.exec(openMetrics)!;
      assert.equal(
        exemplar[1],
        'spanID="0101010101010101",traceID="00000000000000000000000000000005"',
      );
      assert.ok(Math.abs(Number(exemplar[2]) - Date.now() / 1000) < 60);

      await send(clew, request("shop", spans));
      await stored(clew);
      const later = valuesOf(await scrape(clew));
      for (const [series, value] of values) assert.ok(later.get(series)! >= value, series);
      assert.equal(later.get(`traces_spanmetrics_calls_total{${get}}`), 6);
    }));

  test("names with ids, dimensions, and series beyond the limit are counted and seen", () =>
    withClew(
      {
        metrics: { maxNamesPerService: 5, maxSeries: 190, dimensions: ["http.method", "service"] },
      },
      async (clew) => {
        const method = { key: "http.method", value: { stringValue: "GET" } };
        const users = Array.from({ length: 20 }, (_, i) => ({ name: `GET /u/${i}`, ms: 1 }));
        const words = Array.from({ length: 10 }, (_, i) => ({
          name: `word${"x".repeat(i)}`,
          ms: 1,
        }));
        await send(clew, request("ids", users));
        await send(clew, request("ids", words));
        await send(clew, request("dimension", [{ name: "a", ms: 1, attributes: [method] }]));
        await stored(clew);
        for (const name of ["b", "c", "d"]) await send(clew, request("more", [{ name, ms: 1 }]));
        await stored(clew);
        const values = valuesOf(await scrape(clew));
        const calls = new Map(
          [...values].filter(([series]) => series.startsWith("traces_spanmetrics_calls")),
        );
        const spans = [...calls.values()].reduce((sum, value) => sum + value, 0);
        assert.equal(spans, 20 + 10 + 1 + 3);
        // 190 series are 10 sets of labels: 5 names, the template, 4 words, and then the rest.
        assert.equal(calls.size, 11);
        assert.equal(
          calls.get(`traces_spanmetrics_calls_total{${labels("ids", "GET /u/{id}")}}`),
          15,
        );
        const overflow = calls.get('traces_spanmetrics_calls_total{metric_overflow="true"}')!;
        assert.equal(overflow, 6 + 1 + 3);
        assert.equal(await metricValue(clew, "clew_span_metrics_overflow_total"), overflow);
        assert.equal(values.get('clew_span_names_templated_total{service="ids"}'), 15);
        assert.equal(values.get('clew_span_names_other_total{service="ids"}'), 6);
        const renamed = 'clew_span_names_renamed_total{how="templated"}';
        assert.equal(await metricValue(clew, renamed), 15);
        assert.ok(clew.events.some(({ message }) => String(message).includes("no room for more")));
      },
    ));

  test("dimensions are labels, under names that clash with none", () =>
    withClew({ metrics: { dimensions: ["http.method", "service"] } }, async (clew) => {
      const text = (key: string, value: string): Plain => ({ key, value: { stringValue: value } });
      const attributes = [text("http.method", "GET"), text("service", "x")];
      await send(clew, request("shop", [{ name: "a", ms: 1, attributes }]));
      await stored(clew);
      const further = `__service="x",http_method="GET",${labels("shop", "a")}`;
      const calls = valuesOf(await scrape(clew)).get(`traces_spanmetrics_calls_total{${further}}`);
      assert.equal(calls, 1);
    }));

  test("each tenant sees its own", () =>
    withClew({ tenancy: { enabled: true } }, async (clew) => {
      await send(clew, request("shop", [{ name: "a", ms: 1 }]), { "x-scope-orgid": "one" });
      await send(clew, request("shop", [{ name: "b", ms: 1 }]), { "x-scope-orgid": "two" });
      await stored(clew);
      const one = await scrape(clew, "", { "x-scope-orgid": "one" });
      assert.match(one, /span_name="a"/);
      assert.doesNotMatch(one, /span_name="b"/);
      assert.doesNotMatch(await scrape(clew, "", { "x-scope-orgid": "three" }), /span_name=/);
      const nobody = await fetch(`${clew.apiUrl}/metrics/spans`);
      assert.equal(nobody.status, 401);
    }));

  test("workers' spans are counted together, also those of one that is gone", () =>
    withClew({ ingest: { workers: 2 } }, async (clew) => {
      // A connection each: they are dealt out in turn. One may be dealt to a worker that is no more.
      const sendOne = async (): Promise<void> => {
        const body = request("shop", [{ name: "a", ms: 1 }]);
        while (!(await sentAlone(clew, body))) await sleep(50);
      };
      for (let i = 0; i < 10; i++) await sendOne();
      const calls = async () =>
        valuesOf(await scrape(clew)).get(`traces_spanmetrics_calls_total{${labels("shop", "a")}}`);
      for (let i = 0; i < 100 && (await calls()) !== 10; i++) await sleep(50);
      assert.equal(await calls(), 10);
      const ready = clew.events.find(({ message }) => message === "ingest worker is ready");
      process.kill(ready!["pid"] as number, "SIGKILL");
      for (let i = 0; i < 4; i++) await sendOne();
      for (let i = 0; i < 100 && (await calls()) !== 14; i++) await sleep(50);
      assert.equal(await calls(), 14);
    }));
});

/** Whether a request, over a connection of its own, was answered as it should in a while. */
async function sentAlone(clew: TestClew, body: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const sending = httpRequest(`${clew.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      agent: false,
      timeout: 2000,
    });
    sending.on("response", (answer) => resolve(answer.resume().statusCode === 200));
    sending.on("timeout", () => sending.destroy(new Error("no answer")));
    sending.on("error", () => resolve(false));
    sending.end(body);
  });
}

/** A receiver of remote write that refuses as long as it is told to. */
async function receiver() {
  const state = { status: 503, requests: 0 };
  const received: { headers: NodeJS.Dict<string | string[]>; series: WrittenSeries[] }[] = [];
  const server: Server = createServer((message, reply) => {
    const pieces: Buffer[] = [];
    message.on("data", (piece: Buffer) => pieces.push(piece));
    message.on("end", () => {
      state.requests++;
      if (state.status === 204) {
        const bytes = uncompress(Uint8Array.from(Buffer.concat(pieces)));
        received.push({ headers: message.headers, series: decodeWriteRequest(bytes) });
      }
      reply.writeHead(state.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}/api/v1/write`, state, received, close };
}

describe("remote write", () => {
  test("waits for its receiver, and then sends all, with a zero before what is new", async () => {
    const { url, state, received, close } = await receiver();
    const metrics = {
      remoteWriteUrl: url,
      remoteWriteSeconds: 1,
      remoteWriteHeaders: ["Authorization: Bearer secret"],
    };
    await withClew({ metrics }, async (clew) => {
      await send(clew, request("shop", [{ name: "a", ms: 5 }]));
      await stored(clew);
      while (state.requests < 2) await sleep(50);
      assert.ok(
        clew.events.some(({ message }) => String(message).startsWith("remote write failed")),
      );
      assert.ok((await metricValue(clew, "clew_remote_write_queue_bytes")) > 0);
      state.status = 204;
      const seriesOf = (name: string) =>
        received.flatMap(({ series }) =>
          series.filter(({ labels }) => labels["__name__"] === name),
        );
      while (seriesOf("traces_spanmetrics_calls_total").length < 2) await sleep(50);
      const [first, second] = seriesOf("traces_spanmetrics_calls_total");
      assert.deepEqual(
        { ...first!.labels, instance: "" },
        {
          __name__: "traces_spanmetrics_calls_total",
          instance: "",
          job: "clew",
          service: "shop",
          span_kind: "SPAN_KIND_SERVER",
          span_name: "a",
          status_code: "STATUS_CODE_UNSET",
        },
      );
      assert.deepEqual(
        [first!.samples.map(({ value }) => value), second!.samples.map(({ value }) => value)],
        [[0, 1], [1]],
      );
      const times = [...first!.samples, ...second!.samples].map(({ timestamp }) => timestamp);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.equal(received[0]!.headers["authorization"], "Bearer secret");
      assert.equal(received[0]!.headers["content-encoding"], "snappy");
      const buckets = seriesOf("traces_spanmetrics_latency_bucket").filter(
        ({ labels }) => labels["le"] === "0.008",
      );
      assert.deepEqual(
        buckets[0]!.exemplars.map(({ labels, value }) => [Object.keys(labels), value]),
        [[["spanID", "traceID"], 0.005]],
      );
      assert.deepEqual(buckets[1]!.exemplars, []);
      // What came last is sent when Clew stops.
      await send(clew, request("shop", [{ name: "last", ms: 5 }]));
    });
    const last = received.flatMap(({ series }) => series);
    assert.ok(last.some(({ labels }) => labels["span_name"] === "last"));
    await close();
  });

  test("what a receiver refuses for good is dropped, told of, and counted", async () => {
    const { url, state, close } = await receiver();
    state.status = 400;
    await withClew({ metrics: { remoteWriteUrl: url, remoteWriteSeconds: 1 } }, async (clew) => {
      await send(clew, request("shop", [{ name: "a", ms: 5 }]));
      while (state.requests < 2) await sleep(50);
      const refused = await metricValue(clew, 'clew_remote_write_samples_total{outcome="refused"}');
      assert.ok(refused >= 19 * 2, `${refused} samples`);
      const told = clew.events.filter(({ message }) => message === "remote write refused");
      assert.equal(told.length, 1);
    });
    await close();
  });
});
