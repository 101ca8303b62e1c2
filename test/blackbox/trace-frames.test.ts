/** A trace as frames, over HTTP, against the same trace as objects. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { arraysOfTrace } from "../../src/analysis/arrays-of-trace.ts";
import { buildTable, type SpanTable } from "../../src/analysis/span-table.ts";
import type { TraceKeysAnswer } from "../../src/api/contract.ts";
import { FrameReader, type SpanArrays, type TraceFrame } from "../../src/model/trace-frames.ts";
import type { Trace } from "../../src/model/trace.ts";
import { checkout, makeTrace, manySpans, uglyTraces } from "../browser/sample-spans.ts";
import { bigTrace } from "../support/big-trace.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";

describe("a trace as frames", { timeout: 180_000 }, () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew();
  });
  after(() => clew.close());

  const at = (traceId: string, what = ""): string =>
    `${clew.apiUrl}/api/clew/v1/traces/${traceId}${what}`;

  async function frames(url: string): Promise<TraceFrame[]> {
    const answer = await fetch(url);
    assert.equal(answer.status, 200, url);
    assert.equal(answer.headers.get("content-type"), "application/vnd.clew.trace-frames");
    const read: TraceFrame[] = [];
    const reader = new FrameReader();
    reader.push(new Uint8Array(await answer.arrayBuffer()), (frame) => read.push(frame));
    assert.equal(read.at(-1)?.kind, "end");
    return read;
  }

  function textsOf(read: readonly TraceFrame[]): string[] {
    return read.flatMap((frame) => (frame.kind === "strings" ? frame.texts : []));
  }

  async function table(traceId: string): Promise<SpanTable> {
    const read = await frames(at(traceId, "/columns"));
    const parts: SpanArrays[] = read.flatMap((frame) =>
      frame.kind === "spans" ? frame.arrays : [],
    );
    const end = read.at(-1)!;
    const isPartial = end.kind === "end" && end.isPartial;
    return buildTable({ traceId, isPartial, texts: textsOf(read), parts });
  }

  /** The table in words that do not depend on the numbers of texts. */
  function plain({ texts, ...arrays }: SpanTable): unknown {
    const named = (numbers: Uint32Array): string[] => Array.from(numbers, (n) => texts[n]!);
    const { name, service, eventName, ...rest } = arrays;
    return {
      ...rest,
      name: named(name),
      service: named(service),
      eventName: named(eventName),
    };
  }

  async function send(request: object): Promise<void> {
    const answer = await fetch(`${clew.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    assert.equal(answer.status, 200, await answer.text());
    await drained(clew);
  }

  for (const [name, make] of Object.entries({ checkout, ...uglyTraces })) {
    test(`${name}: the same spans as the trace of objects, sent twice or not`, async () => {
      const { traceId, request } = makeTrace(make(), 5000);
      await send(request);
      const trace = (await (await fetch(at(traceId))).json()) as Trace;
      const want = plain(buildTable(arraysOfTrace(trace)));
      assert.deepEqual(plain(await table(traceId)), want);
      // A retry by way of another collector: the same spans, and one more, in another request.
      const late = makeTrace([{ service: "late", name: "late", startMs: 1, forMs: 1 }], 5000);
      const lateText = JSON.stringify(late.request).replaceAll(late.traceId, traceId);
      const both = [...resourceSpans(request), ...resourceSpans(JSON.parse(lateText))];
      await send({ resourceSpans: both });
      assert.equal((await table(traceId)).length, trace.spans.length + 1);
    });
  }

  function resourceSpans(request: object): unknown[] {
    return (request as { resourceSpans: unknown[] }).resourceSpans;
  }

  test("200,000 spans come in many frames, and whole", async () => {
    const big = bigTrace(200_000, Date.now() - 60_000);
    for (const body of big.requests()) assert.equal((await postTraces(clew, body)).status, 200);
    await drained(clew);
    const made = await table(big.traceId);
    assert.equal(made.length, 200_000);
    assert.equal(made.subtreeSize[0], 200_000);
    assert.equal(made.texts[made.service[0]!], "scheduler");
    const items = await frames(at(big.traceId, "/columns/span?key=app.item"));
    const count = items.reduce((sum, f) => sum + (f.kind === "values" ? f.arrays.spans : 0), 0);
    assert.equal(count, 200_000);
  });

  test("values of one attribute, by type, and the keys there are", async () => {
    const { traceId, request } = makeTrace(checkout(), 5000);
    await send(request);
    const valuesOf = async (owner: string, key: string): Promise<string[]> => {
      const read = await frames(at(traceId, `/columns/${owner}?key=${encodeURIComponent(key)}`));
      const texts = textsOf(read);
      const numbers = read.flatMap((f) => (f.kind === "values" ? [...f.arrays.value] : []));
      return [...new Set(numbers.map((number) => texts[number]!))].toSorted();
    };
    assert.deepEqual(await valuesOf("span", "http.response.status_code"), ["i200", "i502"]);
    assert.deepEqual(await valuesOf("span", "order.id"), ["i9007199254740993"]);
    assert.deepEqual(await valuesOf("span", "payment.amount"), ["d84.5"]);
    const services = ["api-gateway", "auth", "cart", "inventory", "notification", "payment"];
    assert.deepEqual(
      await valuesOf("resource", "host.name"),
      services.map((service) => `s${service}-7d9c`),
    );
    assert.deepEqual(await valuesOf("intrinsic", "statusMessage"), ["scard declined by issuer"]);
    assert.deepEqual(await valuesOf("intrinsic", "scopeVersion"), ["s0.223.0"]);
    assert.deepEqual(await valuesOf("span", "it's; `not` there\\"), []);
    const keys = (await (await fetch(at(traceId, "/keys"))).json()) as TraceKeysAnswer;
    assert.ok(keys.span.includes("payment.amount") && keys.span.includes("http.route"));
    assert.ok(keys.resource.includes("service.name") && keys.resource.includes("host.name"));
    assert.deepEqual(keys.scope, []);
  });

  test("single spans with everything", async () => {
    const { traceId, request } = makeTrace(checkout(), 5000);
    await send(request);
    const trace = (await (await fetch(at(traceId))).json()) as Trace;
    const [first, second] = trace.spans;
    const some = (await (
      await fetch(at(traceId, `/spans?ids=${first!.spanId},${second!.spanId}`))
    ).json()) as Trace;
    assert.deepEqual(
      some.spans.map(({ spanId, attributes }) => ({ spanId, attributes })),
      [first, second].map(({ spanId, attributes } = first!) => ({ spanId, attributes })),
    );
  });

  test("what is asked wrongly, and what is not there", async () => {
    const { traceId, request } = makeTrace(checkout(), 5000);
    await send(request);
    const cases: [path: string, status: number, message: RegExp][] = [
      [at("ab", "/columns"), 404, /no span of trace 0{30}ab is stored/],
      [at("xy", "/columns"), 400, /hex/],
      [at(traceId, "/columns/event?key=a"), 400, /event has no values/],
      [at(traceId, "/columns/span"), 400, /key: which attribute/],
      [at(traceId, "/columns/intrinsic?key=duration"), 400, /no intrinsic .*duration/],
      [at(traceId, "/columns?start=x"), 400, /start: .*x.* is no count of seconds/],
      [at(traceId, "/spans?ids=zz"), 400, /ids: .*zz.* is not 16/],
      [at(traceId, `/spans?ids=${Array(201).fill("0".repeat(16)).join()}`), 400, /at most 200/],
      [at(traceId, "/spans?ids=0000000000000001"), 404, /none of these spans/],
    ];
    for (const [url, status, message] of cases) {
      const answer = await fetch(url);
      assert.equal(answer.status, status, url);
      assert.match(await answer.text(), message);
    }
  });
});

describe("a trace as frames, of more spans than the page shows", { timeout: 60_000 }, () => {
  test("the earliest are sent, and the end says so", async () => {
    const clew = await startTestClew({ query: { maxPageSpans: 100 } });
    try {
      const { traceId, request } = makeTrace(manySpans(500), 5000);
      await fetch(`${clew.otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      await drained(clew);
      const url = `${clew.apiUrl}/api/clew/v1/traces/${traceId}/columns`;
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      const read: TraceFrame[] = [];
      new FrameReader().push(bytes, (frame) => read.push(frame));
      assert.deepEqual(read.at(-1), { kind: "end", spans: 100, isPartial: true });
    } finally {
      await clew.close();
    }
  });
});
