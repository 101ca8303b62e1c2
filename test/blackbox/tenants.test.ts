/** Tenants are kept apart from the door to the answer, by every protocol and through a restart. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { RedAnswer, TracesAnswer } from "../../src/api/contract.ts";
import { metricValue, postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";
import { askStream } from "../support/tempo-stream.ts";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const TRACE_ID = "5".repeat(32);
const HEADER = "X-Scope-OrgID";

/** A trace of so many spans; its id is the same for every tenant. */
function traceOf(service: string, spans: number): Uint8Array {
  const start = BigInt(Date.now()) * 1_000_000n;
  const attributes = [{ key: "service.name", value: { stringValue: service } }];
  return oracleEncode("TracesData", {
    resourceSpans: [
      {
        resource: { attributes },
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, i) => ({
              traceId: Buffer.from(TRACE_ID, "hex"),
              spanId: Buffer.alloc(8, i + 1),
              name: `step ${i}`,
              startTimeUnixNano: String(start + BigInt(i)),
              endTimeUnixNano: String(start + BigInt(i + 9)),
            })),
          },
        ],
      },
    ],
  });
}

async function sendByGrpc(clew: TestClew, body: Uint8Array, tenant?: string): Promise<number> {
  const client = new Client(new URL(clew.grpcUrl).host, credentials.createInsecure());
  const metadata = new Metadata();
  if (tenant !== undefined) metadata.set("x-scope-orgid", tenant);
  const asIs = (bytes: Buffer): Buffer => bytes;
  const { promise, resolve } = Promise.withResolvers<number>();
  client.makeUnaryRequest(EXPORT, asIs, asIs, Buffer.from(body), metadata, (error) =>
    resolve(error?.code ?? 0),
  );
  return promise.finally(() => client.close());
}

function ask(clew: TestClew, where: string, tenant?: string): Promise<Response> {
  const headers = tenant === undefined ? {} : { [HEADER]: tenant };
  return fetch(`${clew.apiUrl}${where}`, { headers });
}

async function spansOf(clew: TestClew, tenant: string): Promise<number> {
  const answer = await ask(clew, `/api/clew/v1/traces/${TRACE_ID}`, tenant);
  if (answer.status === 404) return 0;
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { spans: unknown[] }).spans.length;
}

describe("tenants", () => {
  let clew: TestClew;
  before(async () => (clew = await startTestClew({ tenancy: { enabled: true } })));
  after(() => clew.close());

  test("each reads what it sent and nothing else, by every route", async () => {
    const a = traceOf("of-a", 2);
    assert.equal((await postTraces(clew, a, { [HEADER]: "a" })).status, 200);
    assert.equal(await sendByGrpc(clew, traceOf("of-b", 3), "b"), 0);
    await stored(clew);
    assert.deepEqual([await spansOf(clew, "a"), await spansOf(clew, "b")], [2, 3]);
    assert.equal(await spansOf(clew, "c"), 0);
    for (const [tenant, spans] of [
      ["a", 2],
      ["b", 3],
    ] as const) {
      const listed = await ask(clew, "/api/clew/v1/traces", tenant);
      const { traces, services } = (await listed.json()) as TracesAnswer;
      assert.deepEqual(services, [`of-${tenant}`]);
      assert.deepEqual(
        traces.map(({ rootService, spanCount }) => [rootService, spanCount]),
        [[`of-${tenant}`, spans]],
      );
      const red = await ask(clew, "/api/clew/v1/red?since=86400&by=service", tenant);
      const { series } = (await red.json()) as RedAnswer;
      assert.deepEqual(
        series.map(({ service, total }) => [service, total.calls]),
        [[`of-${tenant}`, spans]],
      );
      const searched = await ask(clew, "/api/search?q={}", tenant);
      const { traces: found } = (await searched.json()) as { traces: unknown[] };
      const headers = { [HEADER.toLowerCase()]: tenant };
      const host = new URL(clew.apiUrl).host;
      const { messages } = await askStream(host, "Search", { Query: "{}" }, headers);
      const streamed = messages.flatMap((message) => (message["traces"] ?? []) as unknown[]);
      for (const [trace, ...others] of [found, streamed]) {
        assert.deepEqual(others, []);
        assert.equal((trace as { rootServiceName: string }).rootServiceName, `of-${tenant}`);
      }
      const tempo = await ask(clew, `/api/v2/traces/${TRACE_ID}`, tenant);
      const text = await tempo.text();
      assert.ok(text.includes(`of-${tenant}`) && text.split("spanId").length === spans + 1, text);
    }
    assert.equal((await ask(clew, `/api/traces/${TRACE_ID}`, "c")).status, 404);
    const status = async (tenant: string) =>
      (await ask(clew, "/api/clew/v1/status", tenant)).json();
    assert.equal(((await status("a")) as { hasSpans: boolean }).hasSpans, true);
    assert.equal(((await status("c")) as { hasSpans: boolean }).hasSpans, false);
  });

  test("the same bytes again count once for a tenant, and once more for another", async () => {
    const body = traceOf("twice", 5);
    const repeats = await metricValue(clew, "clew_receive_repeats_total");
    for (const tenant of ["d", "d", "e"]) {
      assert.equal((await postTraces(clew, body, { [HEADER]: tenant })).status, 200);
    }
    await stored(clew);
    assert.deepEqual([await spansOf(clew, "d"), await spansOf(clew, "e")], [5, 5]);
    assert.equal(await metricValue(clew, "clew_receive_repeats_total"), repeats + 1);
  });

  test("who names no tenant is told so; what needs none answers all the same", async () => {
    const body = traceOf("nobody", 1);
    const refused = await postTraces(clew, body);
    assert.equal(refused.status, 401);
    assert.match(Buffer.from(await refused.arrayBuffer()).toString("latin1"), /no org id/);
    assert.equal(await sendByGrpc(clew, body), 16);
    assert.equal((await postTraces(clew, body, { [HEADER]: "a/b" })).status, 400);
    for (const where of [`/api/traces/${TRACE_ID}`, `/api/v2/traces/${TRACE_ID}`]) {
      const answer = await ask(clew, where);
      assert.deepEqual([answer.status, await answer.text()], [401, "no org id"]);
      const several = await ask(clew, where, "a|b");
      assert.deepEqual(
        [several.status, await several.text()],
        [400, "multi-tenant query unsupported"],
      );
    }
    for (const where of ["/api/search", "/api/v2/search/tags", "/api/search/tag/a/values"]) {
      const answer = await ask(clew, where);
      assert.deepEqual([answer.status, await answer.text()], [401, "no org id"]);
      assert.equal((await ask(clew, where, "a|b")).status, 400);
    }
    const streamed = await askStream(new URL(clew.apiUrl).host, "Search", {});
    assert.deepEqual([streamed.code, streamed.details], [16, "no org id"]);
    const listed = await ask(clew, "/api/clew/v1/traces");
    assert.equal(listed.status, 401);
    assert.deepEqual(await listed.json(), {
      error: { code: "unauthenticated", message: "no org id" },
    });
    for (const where of ["/health", "/ready", "/metrics", "/api/echo", "/api/clew/v1/status"]) {
      assert.equal((await ask(clew, where)).status, 200, where);
    }
  });
});

describe("a tenant that floods", () => {
  test("is refused first, others are not", async () => {
    const clew = await startTestClew({
      tenancy: { enabled: true },
      ingest: { maxTenantSpansPerSecond: 100 },
    });
    try {
      const send = (tenant: string, i: number): Promise<Response> =>
        postTraces(clew, traceOf(`service ${i}`, 250), { [HEADER]: tenant });
      assert.equal((await send("loud", 1)).status, 200);
      const refused = await send("loud", 2);
      assert.equal(refused.status, 429);
      assert.ok(Number(refused.headers.get("retry-after")) >= 1);
      assert.equal(await sendByGrpc(clew, traceOf("grpc", 10), "loud"), 8);
      assert.equal((await send("quiet", 3)).status, 200);
    } finally {
      await clew.close();
    }
  });
});
