/**
 * Tempo's API of a whole Clew, HTTP and gRPC, against the same doors over the evaluator alone; and what
 * happens to hostile questions.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { tempoFailure } from "../../src/api/tempo/answers.ts";
import { tempoRoutes } from "../../src/api/tempo/routes.ts";
import { createRouter, type Handler } from "../../src/api/http.ts";
import { createLogger } from "../../src/base/log.ts";
import { MemoryBudget } from "../../src/base/memory-budget.ts";
import type { Trace } from "../../src/model/trace.ts";
import { postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { EXAMPLE_NOON, exampleTraces } from "../support/example-traces.ts";
import { memoryQueries } from "../support/memory-queries.ts";
import { decodeTempo, type Plain, readTempoJson } from "../support/tempo-messages.ts";
import { askStream, type StreamMethod } from "../support/tempo-stream.ts";
import { otlpOfTrace } from "../support/trace-otlp.ts";

const SECOND = 1_000_000_000n;
/** Of work: how long it takes depends on what else the machine does. */
const LIMIT_MS = 1000;
/** A whole minute some minutes ago, which is noon for the examples. */
const noon = (BigInt(Math.floor(Date.now() / 60_000)) * 60n - 600n) * SECOND;
const noonSeconds = Number(noon / SECOND);
const traces: readonly Trace[] = exampleTraces.map((trace) => ({
  ...trace,
  startUnixNano: String(BigInt(trace.startUnixNano) - EXAMPLE_NOON + noon),
}));
const range = { start: String(noonSeconds - 300), end: String(noonSeconds + 300) };

/** The doors over the evaluator. */
const twin: Handler = createRouter({
  routes: tempoRoutes(
    () => {
      throw new Error("not asked for");
    },
    {
      queriesOf: () => memoryQueries(() => traces),
      limits: { searchRangeNano: 0n, metricsRangeNano: 0n },
      language: {},
      nowNano: () => BigInt(Date.now()) * 1_000_000n,
    },
  ),
  logger: createLogger({ level: "error", write: () => {}, now: () => new Date(0) }),
  answerFailure: (failure) => tempoFailure(failure),
});

async function askTwin(path: string, parameters: Record<string, string>): Promise<Plain> {
  const { body } = await twin({
    method: "GET",
    path,
    params: {},
    query: new URLSearchParams(parameters),
    headers: {},
    signal: new AbortController().signal,
    memory: new MemoryBudget({ limitBytes: 0 }).lease("bodies"),
    body: () => Promise.resolve(new Uint8Array()),
  });
  return JSON.parse(body as string) as Plain;
}

/** Without what it took, and lists whose order means nothing in an order. */
function comparable(answer: Plain): unknown {
  const sorted = (value: unknown): unknown =>
    Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value;
  const lists = ["tagValues", "tagNames", "scopes"];
  return Object.fromEntries(
    Object.entries({ ...answer, metrics: {} }).map(([key, value]) => [
      key,
      lists.includes(key) ? sorted(value) : value,
    ]),
  );
}

/** Items as a client has them in the end: series that came in several parts are put together. */
function merged(items: readonly Plain[]): Plain[] {
  const byLabels = new Map<string, Plain>();
  return items.filter((item) => {
    const key = JSON.stringify(item["labels"] ?? item);
    const before = byLabels.get(key);
    if (before === undefined) {
      byLabels.set(key, item);
      return true;
    }
    const samples = [before, item].flatMap((part) => (part["samples"] ?? []) as Plain[]);
    const latest = new Map(samples.map((sample) => [String(sample["timestampMs"]), sample]));
    before["samples"] = [...latest].sort(([a], [b]) => Number(a) - Number(b)).map(([, one]) => one);
    if (item["exemplars"] !== undefined) before["exemplars"] = item["exemplars"];
    return false;
  });
}

interface Asked {
  readonly path: string;
  readonly parameters: Record<string, string>;
  readonly message: string;
  readonly method: StreamMethod;
  readonly request: Plain;
}

function search(parameters: Record<string, string>): Asked {
  const { q = "", tags, limit = "0", spss = "0" } = parameters;
  const pairs = [...new URLSearchParams(tags?.replaceAll(" ", "&"))];
  return {
    path: "/api/search",
    parameters: { ...range, ...parameters },
    message: "SearchResponse",
    method: "Search",
    request: {
      Query: q,
      Tags: Object.fromEntries(pairs),
      Limit: Number(limit),
      SpansPerSpanSet: Number(spss),
      start: Number(range.start),
      end: Number(range.end),
    },
  };
}

function tagNames(parameters: Record<string, string>): Asked {
  const { scope = "", q = "" } = parameters;
  return {
    path: "/api/v2/search/tags",
    parameters: { ...range, ...parameters },
    message: "SearchTagsV2Response",
    method: "SearchTagsV2",
    request: { scope, query: q, start: Number(range.start), end: Number(range.end) },
  };
}

function tagValues(tagName: string, q = ""): Asked {
  return {
    path: `/api/v2/search/tag/${encodeURIComponent(tagName)}/values`,
    parameters: { ...range, q },
    message: "SearchTagValuesV2Response",
    method: "SearchTagValuesV2",
    request: { tagName, query: q, start: Number(range.start), end: Number(range.end) },
  };
}

interface Exemplar {
  readonly labels: readonly { readonly key: string; readonly value: Plain }[];
}

/** A range whose edges are whole steps. */
const window = { start: noonSeconds - 60, end: noonSeconds + 60, step: 15 };

function metrics(q: string, isInstant = false): Asked {
  const nanos = (seconds: number): string => `${seconds}000000000`;
  const { start, end, step } = window;
  return {
    path: `/api/metrics/${isInstant ? "query" : "query_range"}`,
    parameters: { q, start: String(start), end: String(end), ...(!isInstant && { step: "15s" }) },
    message: isInstant ? "QueryInstantResponse" : "QueryRangeResponse",
    method: isInstant ? "MetricsQueryInstant" : "MetricsQueryRange",
    request: {
      query: q,
      start: nanos(start),
      end: nanos(end),
      ...(!isInstant && { step: nanos(step) }),
    },
  };
}

const questions: readonly Asked[] = [
  search({ q: "{}" }),
  search({ q: "{ status = error }", spss: "1" }),
  search({ q: "{ status = error } | by(resource.service.name) | count() > 0" }),
  search({ q: '{ resource.service.name = "web" } >> { kind = client } | select(name, status)' }),
  search({ q: '{ span.http.route =~ "/c.*" && duration > 100ms }' }),
  search({ q: "{} | sort(traceDuration desc) | limit(2)" }),
  search({ q: "{ event.exception.type != nil } | select(event.exception.type, event:name)" }),
  search({ q: "{ nestedSetParent < 0 } | select(nestedSetLeft, nestedSetRight, nestedSetParent)" }),
  search({ q: "{ name = `none` }" }),
  search({ tags: "http.response.status_code=500 error=true" }),
  search({ limit: "1" }),
  tagNames({}),
  tagNames({ scope: "span" }),
  tagNames({ scope: "resource", q: '{ name = "GET /cart" && ' }),
  tagNames({ scope: "intrinsic" }),
  tagValues("resource.service.name"),
  tagValues("resource.service.name", "{ status = error && "),
  tagValues("span.v"),
  tagValues(".tags"),
  tagValues("event.exception.type"),
  tagValues("rootName", "{ resource.service.name = `web` }"),
  tagValues("status"),
  tagValues("span.nobody/has%this"),
  metrics("{} | rate()"),
  metrics("{} | rate() by (resource.service.name)"),
  metrics("{ status = error } | count_over_time() by (name, kind)"),
  metrics("{} | quantile_over_time(duration, .5, .9) by (resource.service.name)"),
  metrics("{} | histogram_over_time(duration)"),
  metrics("{} | avg_over_time(duration) by (resource.service.name)"),
  metrics("{} | max_over_time(span.v)"),
  metrics("({ kind = server } >> { status = error }) | count_over_time()"),
  metrics("{} | compare({ status = error })"),
  metrics("{} | rate() by (name) | topk(2)"),
  metrics("({ status = error } | rate()) / ({} | rate())"),
  metrics("{ name = `none` } | rate() by (name)"),
  metrics("{} | count_over_time() by (span.v)", true),
  metrics("{} | sum_over_time(span.bytes)", true),
];

describe("Tempo's API", { timeout: 120_000 }, () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew({ http: { port: 0, grpcPort: 0 } });
    for (const trace of traces) {
      assert.equal((await postTraces(clew, otlpOfTrace(trace))).status, 200);
    }
    await stored(clew);
  });
  after(() => clew.close());

  const get = (path: string, parameters: Record<string, string>, accept = ""): Promise<Response> =>
    fetch(`${clew.apiUrl}${path}?${new URLSearchParams(parameters)}`, { headers: { accept } });

  for (const { path, parameters, message, method, request } of questions) {
    test(`${path} ${JSON.stringify(parameters)}`, async () => {
      const want = comparable(await askTwin(path, parameters));
      const json = await get(path, parameters);
      const text = await json.text();
      assert.equal(json.status, 200, text);
      assert.deepEqual(comparable(readTempoJson(message, text)), want);
      const binary = await get(path, parameters, "application/protobuf");
      decodeTempo(message, new Uint8Array(await binary.arrayBuffer()));
      for (const port of [clew.server.ports.api, clew.server.ports.apiGrpc]) {
        const { messages, code, details } = await askStream(`127.0.0.1:${port}`, method, request);
        assert.equal(code, 0, details);
        const whole = decodeTempo(
          message,
          new Uint8Array(await (await get(path, parameters, "application/protobuf")).arrayBuffer()),
        );
        const [list] = Object.keys(whole).filter((key) => key !== "metrics");
        const parts = merged(messages.flatMap((part) => (part[list ?? ""] ?? []) as Plain[]));
        const order = (items: unknown[]) => items.map((item) => JSON.stringify(item)).sort();
        assert.deepEqual(order(parts), order((whole[list ?? ""] ?? []) as unknown[]));
      }
    });
  }

  test("exemplars name their traces", async () => {
    const { path, parameters } = metrics("{} | rate() by (resource.service.name)");
    const { series } = (await (await get(path, parameters)).json()) as { series: Plain[] };
    const ids = new Set(traces.map(({ traceId }) => traceId.replace(/^0+/, "")));
    const exemplars = series.flatMap((one) => (one["exemplars"] ?? []) as Exemplar[]);
    assert.ok(exemplars.length > 0);
    for (const { labels } of exemplars) {
      const id = labels.find(({ key }) => key === "trace:id")!.value["stringValue"];
      assert.ok(ids.has(String(id)), String(id));
    }
  });

  test("a search without times is about the last hour", async () => {
    const { traces: found } = (await (await get("/api/search", { q: "{}" })).json()) as Plain;
    assert.equal((found as unknown[]).length, 3);
  });

  test("every answer has a receipt", async () => {
    const { metrics } = (await (await get("/api/search", { q: "{}", ...range })).json()) as {
      metrics: Plain;
    };
    assert.equal(metrics["completedJobs"], metrics["totalJobs"]);
    const more = metrics["additionalMetrics"] as Record<string, string>;
    assert.equal(more["complete"], "1");
    assert.ok(Number(more["rowsRead"]) >= 13);
  });

  const deep = (count: number): string => `${"(".repeat(count)}{}${")".repeat(count)}`;
  const chain = Array.from({ length: 5000 }, () => "{.a}").join(" >> ");
  const either = Array.from({ length: 7000 }, (_, i) => `.a = "${i}"`).join(" || ");
  const among = Array.from({ length: 10_000 }, (_, i) => `"${i}"`).join(", ");
  const spansets = Array.from({ length: 10_000 }, () => "{.a}").join(" || ");
  const hostile: [name: string, query: string][] = [
    ["7,000 alternatives", `{ ${either} }`],
    ["10,000 values", `{ .a in (${among}) }`],
    ["10,000 spansets", spansets],
    ["a long alternation", `{ name =~ "${"a|".repeat(50_000)}b" }`],
    ["deep brackets", deep(10_000)],
    ["deep negation", `{ ${"!".repeat(50_000)}true }`],
    ["deep arithmetic", `{ ${"(1 + ".repeat(10_000)}1${")".repeat(10_000)} > .a }`],
    ["longer than may be", `{ .a = "${"x".repeat(131_072)}" }`],
    ["a long chain of descendants", chain],
    ["nested repetition", '{ name =~ "((((a+)+)+)+)+$" }'],
    ["repetition of repetition", '{ name =~ "(a{1000}){1000}" }'],
  ];
  for (const [name, query] of hostile) {
    test(`hostile: ${name}`, async () => {
      const before = process.cpuUsage();
      const answer = await get("/api/search", { ...range, q: query });
      const text = await answer.text();
      const { user, system } = process.cpuUsage(before);
      const ms = (user + system) / 1000;
      assert.ok([200, 400, 413].includes(answer.status), `${answer.status} ${text.slice(0, 200)}`);
      assert.ok(ms < LIMIT_MS, `${ms} ms, ${answer.status} ${text.slice(0, 200)}`);
      const values = await get("/api/v2/search/tag/span.a/values", { ...range, q: query });
      assert.ok([200, 400, 413].includes(values.status), `${values.status} ${await values.text()}`);
    });
  }

  test("hostile: a megabyte of a query", async () => {
    const answer = await get("/api/search", { q: "x".repeat(2 ** 20) }).catch(() => undefined);
    assert.ok(answer === undefined || answer.status === 431);
    const host = `127.0.0.1:${clew.server.ports.api}`;
    const { code } = await askStream(host, "Search", { Query: "{".repeat(2 ** 20 - 100) });
    assert.equal(code, 3);
    const tooLarge = await askStream(host, "Search", { Query: "{".repeat(2 ** 21) });
    assert.equal(tooLarge.code, 8);
  });

  test("hostile: huge ranges", async () => {
    const all = { start: "1", end: "4294967295", q: "{}" };
    const answer = await get("/api/search", all);
    assert.equal(answer.status, 400);
    const limit = "range specified by start and end exceeds 744h0m0s. received start=1";
    assert.equal(await answer.text(), `${limit} end=4294967295`);
  });

  test("the server is unharmed", async () => {
    assert.equal((await get("/ready", {})).status, 200);
    const errors = clew.events.filter(({ level }) => level === "error");
    assert.deepEqual(errors, []);
  });
});
