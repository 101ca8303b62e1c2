/** Tempo's gRPC streams, on the port of the HTTP API and on one of their own. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { createLogger } from "../../base/log.ts";
import { MemoryBudget } from "../../base/memory-budget.ts";
import { briefTrace } from "../../../test/support/brief-trace.ts";
import { EXAMPLE_NOON, exampleTraces } from "../../../test/support/example-traces.ts";
import { memoryQueries } from "../../../test/support/memory-queries.ts";
import { encodeTempo, type Plain } from "../../../test/support/tempo-messages.ts";
import { askStream, type StreamMethod } from "../../../test/support/tempo-stream.ts";
import type { SearchAsking, SearchRequest } from "../../query/search.ts";
import { listenGrpc } from "../grpc-listener.ts";
import { createGrpcServer, defaultGrpcLimits } from "../grpc-server.ts";
import { createRouter } from "../http.ts";
import { defaultHttpLimits, listen } from "../http-listener.ts";
import type { Listener } from "../listener.ts";
import { tempoFailure } from "./answers.ts";
import { tempoRoutes } from "./routes.ts";
import { tempoStreams } from "./streaming.ts";
import type { TempoOptions, TempoQueries } from "./tempo-queries.ts";

const HOUR_NANO = 3_600_000_000_000n;
const NOON_SECONDS = Number(EXAMPLE_NOON / 1_000_000_000n);
const logger = createLogger({ level: "error", write: () => {}, now: () => new Date(0) });

interface Doors {
  readonly shared: Listener;
  readonly own: Listener;
}

async function openDoors(queries: TempoQueries, cuts: string[] = []): Promise<Doors> {
  const options: TempoOptions = {
    queriesOf: (orgIds) => {
      assert.deepEqual(orgIds, []);
      return queries;
    },
    limits: { searchRangeNano: 168n * HOUR_NANO, metricsRangeNano: 24n * HOUR_NANO },
    language: {},
    nowNano: () => EXAMPLE_NOON + HOUR_NANO,
  };
  const handler = createRouter({
    routes: tempoRoutes(
      () => {
        throw new Error("not asked for");
      },
      { ...options, queriesOf: () => queries },
    ),
    answerFailure: (failure) => tempoFailure(failure),
    logger,
  });
  const budget = new MemoryBudget({ limitBytes: 2 ** 20 });
  const common = { budget, logger, onCut: (reason: string) => void cuts.push(reason) };
  const grpc = { ...common, limits: defaultGrpcLimits, streams: tempoStreams(options) };
  const at = { host: "127.0.0.1", port: 0 };
  const own = await listenGrpc({ ...grpc, ...at, otherwise: "gRPC only\n" });
  const shared = await listen(handler, {
    ...common,
    ...at,
    limits: { ...defaultHttpLimits, closeGraceMs: 1000 },
    grpc: createGrpcServer(grpc),
  });
  return { shared, own };
}

describe("StreamingQuerier", { timeout: 30_000 }, () => {
  let doors: Doors;
  before(async () => (doors = await openDoors(memoryQueries(() => exampleTraces))));
  after(async () => {
    await Promise.all([doors.own.close(), doors.shared.close()]);
  });
  const hosts = () => [doors.shared, doors.own].map(({ host, port }) => `${host}:${port}`);
  const ask = async (method: StreamMethod, request: Plain) => {
    const [first, second] = await Promise.all(
      hosts().map((host) => askStream(host, method, request)),
    );
    assert.deepEqual(first, second);
    return first!;
  };
  const merged = async (method: StreamMethod, request: Plain, field: string): Promise<Plain[]> => {
    const { messages, code, details } = await ask(method, request);
    assert.equal(code, 0, details);
    return messages.flatMap((message) => (message[field] ?? []) as Plain[]);
  };

  test("Search tells each trace once, and progress", async () => {
    const request = { Query: "{}", start: NOON_SECONDS - 3600, end: NOON_SECONDS + 3600 };
    const { messages } = await ask("Search", request);
    const traces = messages.flatMap((message) => (message["traces"] ?? []) as Plain[]);
    assert.deepEqual(
      traces.map(({ rootTraceName }) => rootTraceName),
      ["GET /items/42", "POST /checkout", "first"],
    );
    assert.ok((traces[0]!["spanSets"] as Plain[])[0]!["matched"] === 3);
    const last = messages.at(-1)!["metrics"] as Plain;
    assert.deepEqual([last["completedJobs"], last["totalJobs"]], [1, 1]);
  });

  test("Search by tags", async () => {
    const request = { Tags: { "http.route": "/cart" }, MinDurationMs: 1000, Limit: 5 };
    const traces = await merged("Search", request, "traces");
    assert.deepEqual(
      traces.map(({ rootTraceName, spanSets }) => [rootTraceName, spanSets]),
      [["POST /checkout", undefined]],
    );
  });

  test("tags and their values", async () => {
    const scopes = await merged("SearchTagsV2", { scope: "event" }, "scopes");
    assert.deepEqual(scopes, [{ name: "event", tags: ["exception.type", "n"] }]);
    assert.deepEqual(await merged("SearchTags", { scope: "event" }, "tagNames"), [
      "exception.type",
      "n",
    ]);
    assert.deepEqual(await merged("SearchTagValues", { tagName: "v" }, "tagValues"), ["10", "7"]);
    const request = { tagName: "resource.service.name", query: "{ name = `GET /cart` && " };
    assert.deepEqual(await merged("SearchTagValuesV2", request, "tagValues"), [
      { type: "string", value: "cart" },
    ]);
  });

  test("metrics", async () => {
    const range = { start: String(EXAMPLE_NOON), end: String(EXAMPLE_NOON + 15_000_000_000n) };
    const query = "{} | count_over_time()";
    const asked = { query, ...range, step: "15000000000" };
    const [series] = await merged("MetricsQueryRange", asked, "series");
    assert.deepEqual(series!["samples"], [
      { timestampMs: `${NOON_SECONDS}000`, value: 5 },
      { timestampMs: `${NOON_SECONDS + 15}000`, value: 8 },
    ]);
    const [instant] = await merged("MetricsQueryInstant", { query, ...range }, "series");
    assert.equal(instant!["value"], 9); // no leading bucket
    const byDefault = await ask("MetricsQueryRange", { query: "{} | rate()" });
    assert.equal(byDefault.code, 0, byDefault.details);
  });

  const refusals: [method: StreamMethod, request: Plain, code: number, details: RegExp][] = [
    ["Search", { Query: "{" }, 3, /^invalid TraceQL query: parse error at line 1, col 2/],
    ["Search", { Limit: 300_000 }, 3, /^limit 300000 exceeds max limit 262144$/],
    ["Search", { start: 10 }, 3, /^http parameter start must be before end/],
    ["SearchTagsV2", { scope: "zz" }, 3, /^invalid scope: zz$/],
    ["SearchTagValuesV2", { tagName: "x" }, 3, /^please provide a valid tagName/],
    ["MetricsQueryRange", { query: "{}" }, 3, /^not a metrics query$/],
  ];
  for (const [method, request, code, details] of refusals) {
    test(`${method} refuses ${JSON.stringify(request)}`, async () => {
      const answer = await ask(method, request);
      assert.equal(answer.code, code);
      assert.match(answer.details, details);
    });
  }

  test("HTTP/1 is served on the shared port, request after request, in pieces and none", async () => {
    const { host, port } = doors.shared;
    const socket = connect(port, host);
    let got = "";
    socket.on("data", (part: Buffer) => (got += part.toString()));
    for (const part of ["G", "ET /api/ec", "ho HTTP/1.1\r\nHost: x\r\n\r\n"]) {
      socket.write(part);
      await sleep(20);
    }
    while (!got.endsWith("echo")) await sleep(5);
    assert.match(got, /^HTTP\/1.1 200 OK[^]*echo$/);
    got = "";
    socket.write("GET /api/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    assert.match(got, /^HTTP\/1.1 200 OK[^]*echo$/);
    const silent = connect(port, host);
    silent.resume().end();
    await new Promise((resolve) => silent.once("close", resolve));
    const wrong = connect(doors.own.port, host, () => wrong.write("GET / HTTP/1.1\r\n\r\n"));
    const told: Buffer[] = await wrong.toArray();
    assert.match(String(told[0]), /^HTTP\/1.1 400 [^]*gRPC only\n$/);
  });
});

const limited = { timeout: 30_000 };

test("what is large comes in messages that clients take", limited, async () => {
  const attributes = { text: "x".repeat(10_000) };
  const traces = Array.from({ length: 1000 }, (_, i) =>
    briefTrace([{ id: "a", attributes }], {
      traceId: String(i + 1).padStart(32, "0"),
      base: EXAMPLE_NOON,
    }),
  );
  const doors = await openDoors(memoryQueries(() => traces));
  const request = { Query: "{ span.text != nil }", Limit: 1000, start: 1, end: 604_801 };
  const { host, port } = doors.shared;
  const range = { start: NOON_SECONDS - 60, end: NOON_SECONDS + 60 };
  const { messages, code } = await askStream(`${host}:${port}`, "Search", { ...request, ...range });
  assert.equal(code, 0);
  const found = messages.flatMap((message) => (message["traces"] ?? []) as Plain[]);
  assert.equal(new Set(found.map(({ traceID }) => traceID)).size, 1000);
  assert.equal(found.length, 1000);
  for (const message of messages) {
    assert.ok(encodeTempo("SearchResponse", message).length <= 2 ** 20 + 1000);
  }
  await Promise.all([doors.own.close(), doors.shared.close()]);
});

test(
  "who goes away is searched for no longer, and closing waits for who is there",
  limited,
  async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const answers = memoryQueries(() => exampleTraces);
    const doors = await openDoors({
      ...answers,
      async search(request: SearchRequest, asking?: SearchAsking) {
        asked.resolve(asking!.signal!);
        await sleep(300);
        asking!.signal!.throwIfAborted();
        return answers.search(request, asking);
      },
    });
    const host = `${doors.shared.host}:${doors.shared.port}`;
    const client = new Client(host, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const path = "/tempopb.StreamingQuerier/Search";
    const body = encodeTempo("SearchRequest", { Query: "{}" });
    const call = client.makeServerStreamRequest(path, asIs, asIs, body).on("error", () => {});
    const signal = await asked.promise;
    call.cancel();
    while (!signal.aborted) await sleep(5);
    client.close();
    const waiting = askStream(host, "Search", { Query: "{}" });
    await sleep(100);
    const closing = Promise.all([doors.own.close(), doors.shared.close()]);
    assert.equal((await waiting).code, 0);
    await closing;
  },
);
