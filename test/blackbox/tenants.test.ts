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

/** A trace of so many spans, two minutes old; its id is the same for every tenant. */
function traceOf(service: string, spans: number): Uint8Array {
  const start = BigInt(Date.now() - 120_000) * 1_000_000n;
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

  test("a question to several is about the spans of all of them, by every route", async () => {
    const both = async (where: string, tenants = "a|b"): Promise<string> => {
      const answer = await ask(clew, where, tenants);
      const text = await answer.text();
      assert.equal(answer.status, 200, `${where}: ${text}`);
      return text;
    };
    const service = "resource.service.name";
    const hour = `start=${Math.floor(Date.now() / 1000) - 3600}&end=${Math.floor(Date.now() / 1000) + 60}`;
    const metrics = `q=${encodeURIComponent(`{} | count_over_time() by (${service})`)}&${hour}`;
    const showsBoth = [
      `/api/traces/${TRACE_ID}`,
      `/api/v2/traces/${TRACE_ID}`,
      `/api/search?q=${encodeURIComponent(`{} | select(${service})`)}`,
      "/api/search/tag/service.name/values",
      `/api/v2/search/tag/${service}/values`,
      `/api/metrics/query_range?${metrics}`,
      `/api/metrics/query?${metrics}`,
      `/api/clew/v1/traces/${TRACE_ID}`,
      "/api/clew/v1/traces",
      "/api/clew/v1/services?since=86400",
      "/api/clew/v1/red?since=86400&by=service",
      `/api/clew/v1/tag-values?name=${service}`,
    ];
    for (const where of showsBoth) {
      for (const tenants of ["a|b", "b|a|b"]) {
        const text = await both(where, tenants);
        assert.ok(text.includes("of-a") && text.includes("of-b"), `${where}: ${text}`);
      }
      assert.ok(!(await both(where, "a|c")).includes("of-b"), where);
    }
    const trace = await both(`/api/v2/traces/${TRACE_ID}`);
    assert.equal(trace.split("spanId").length, 5 + 1);
    const side = { traceId: TRACE_ID };
    const diff = await fetch(`${clew.apiUrl}/api/v2/traces/diff`, {
      method: "POST",
      headers: { [HEADER]: "a|b" },
      body: JSON.stringify({ base: side, compare: side }),
    });
    const { stats } = (await diff.json()) as { stats: Record<string, number> };
    assert.deepEqual([stats["spanCountA"], stats["modifiedSpans"]], [5, 0]);
    for (const where of ["/api/search?q={}", "/api/search?tags=service.name%3Dof-a"]) {
      const { traces } = JSON.parse(await both(where)) as {
        traces: { serviceStats: Record<string, unknown> }[];
      };
      assert.equal(traces.length, 1, where);
      assert.deepEqual(traces[0]!.serviceStats, {
        "of-a": { spanCount: 2 },
        "of-b": { spanCount: 3 },
      });
    }
    for (const where of ["/api/search/tags", "/api/v2/search/tags", "/api/clew/v1/tags"]) {
      assert.ok((await both(where)).includes("service.name"), where);
    }
    const headers = { [HEADER.toLowerCase()]: "a|b" };
    const host = new URL(clew.apiUrl).host;
    const { messages } = await askStream(host, "Search", { Query: "{}" }, headers);
    const streamed = messages.flatMap((message) => (message["traces"] ?? []) as unknown[]);
    assert.equal(streamed.length, 1);
    assert.ok(JSON.stringify(streamed).includes("of-a"), JSON.stringify(streamed));
  });

  test("what is one tenant's is refused to several, and so are names that are none", async () => {
    const refused = [400, "multi-tenant query unsupported"];
    const spanMetrics = await ask(clew, "/metrics/spans", "a|b");
    assert.deepEqual([spanMetrics.status, await spanMetrics.text()], refused);
    for (const where of ["sampling", "pins", `pins/${TRACE_ID}`]) {
      const answer = await ask(clew, `/api/clew/v1/${where}`, "a|b");
      const { error } = (await answer.json()) as { error: { message: string } };
      assert.deepEqual([answer.status, error.message], refused, where);
    }
    const body = traceOf("several", 1);
    assert.equal((await postTraces(clew, body, { [HEADER]: "a|b" })).status, 400);
    assert.equal(await sendByGrpc(clew, body, "a|b"), 3);
    for (const [tenants, status, wanted] of [
      ["a|b/c", 400, /^tenant ID "b\/c" contains unsupported character "\/"$/],
      ["a|..", 400, /^tenant ID is '.' or '..'$/],
      ["a|", 401, /^no org id$/],
      [Array.from({ length: 101 }, (_, i) => `t${i}`).join("|"), 400, /^a question is about 100/],
    ] as const) {
      const answer = await ask(clew, "/api/search?q={}", tenants);
      assert.equal(answer.status, status, tenants);
      assert.match(await answer.text(), wanted);
    }
    const headers = { [HEADER.toLowerCase()]: "a|b/c" };
    const streamed = await askStream(new URL(clew.apiUrl).host, "SearchTags", {}, headers);
    assert.equal(streamed.code, 3);
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
    }
    for (const where of ["/api/search", "/api/v2/search/tags", "/api/search/tag/a/values"]) {
      const answer = await ask(clew, where);
      assert.deepEqual([answer.status, await answer.text()], [401, "no org id"]);
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
