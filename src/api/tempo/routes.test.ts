/** Every HTTP door of Tempo's API but traces by id: what is asked, what is answered, what is refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLogger } from "../../base/log.ts";
import { MemoryBudget } from "../../base/memory-budget.ts";
import { EXAMPLE_NOON, exampleTraces } from "../../../test/support/example-traces.ts";
import { memoryQueries } from "../../../test/support/memory-queries.ts";
import {
  canonical,
  decodeTempo,
  type Plain,
  readTempoJson,
} from "../../../test/support/tempo-messages.ts";
import { createRouter } from "../http.ts";
import { tempoFailure } from "./answers.ts";
import { tempoRoutes } from "./routes.ts";
import { searchOf } from "./search.ts";

const HOUR_NANO = 3_600_000_000_000n;
const NOON_SECONDS = Number(EXAMPLE_NOON / 1_000_000_000n);

const router = createRouter({
  routes: tempoRoutes(
    () => {
      throw new Error("no test asks for a trace by its id");
    },
    {
      queriesOf: () => memoryQueries(() => exampleTraces),
      limits: { searchRangeNano: 168n * HOUR_NANO, metricsRangeNano: 24n * HOUR_NANO },
      language: {},
      nowNano: () => EXAMPLE_NOON + HOUR_NANO,
    },
  ),
  logger: createLogger({ level: "error", write: () => {}, now: () => new Date(0) }),
  answerFailure: (failure) => tempoFailure(failure),
});

async function ask(path: string, parameters: Readonly<Record<string, string>>, accept = "") {
  const answer = await router({
    method: "GET",
    path,
    params: {},
    query: new URLSearchParams(parameters),
    headers: { accept },
    signal: new AbortController().signal,
    memory: new MemoryBudget({ limitBytes: 0 }).lease("bodies"),
    body: () => Promise.resolve(new Uint8Array()),
  });
  const { status, headers = {}, body = "" } = answer;
  return { status, type: headers["content-type"], body: body as string | Uint8Array };
}

/** Asks in JSON and in protobuf, reads both strictly, and makes sure that they say the same. */
async function askBoth(
  path: string,
  message: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Plain> {
  const json = await ask(path, parameters);
  assert.equal(json.status, 200, String(json.body));
  assert.equal(json.type, "application/json");
  const plain = readTempoJson(message, json.body as string);
  const binary = await ask(path, parameters, "application/protobuf");
  assert.equal(binary.type, "application/protobuf");
  const { metrics, ...decoded } = decodeTempo(message, binary.body as Uint8Array);
  const { metrics: _, ...said } = canonical(message, plain);
  assert.deepEqual(decoded, said);
  assert.ok(metrics !== undefined || plain["metrics"] !== undefined);
  return plain;
}

async function refused(path: string, parameters: Readonly<Record<string, string>>) {
  const { status, type, body } = await ask(path, parameters);
  return [status, type, body];
}

const day = { start: String(NOON_SECONDS - 3600), end: String(NOON_SECONDS + 3600) };
const bad = (message: string) => [400, "text/plain; charset=utf-8", message];

describe("/api/search", () => {
  const names: [parameters: Record<string, string>, traces: string[]][] = [
    [{ q: "{ status = error }" }, ["POST /checkout"]],
    [{ q: "{}" }, ["GET /items/42", "POST /checkout", "first"]],
    [{ q: "{}", limit: "2" }, ["GET /items/42", "POST /checkout"]],
    [{ q: "{} | sort(traceDuration desc) | limit(1)" }, ["first"]],
    [{}, ["GET /items/42", "POST /checkout", "first"]],
    [{ tags: "" }, ["GET /items/42", "POST /checkout", "first"]],
    [{ tags: 'http.route="/cart" error=true' }, ["POST /checkout"]],
    [{ tags: "http.response.status_code=503 cache.hit=true" }, ["POST /checkout"]],
    [{ tags: "service.name=web name=health" }, []],
    [{ tags: "root.service.name=web status.code=ok" }, ["GET /items/42"]],
    [{ tags: 'root.name="first"' }, ["first"]],
    [{ tags: "status.code=teapot" }, []],
    [{ minDuration: "1s", maxDuration: "3s" }, ["POST /checkout"]],
    [{ tags: "service.name=batch", minDuration: "1h" }, []],
    [
      { q: "{}", start: String(NOON_SECONDS + 10), end: String(NOON_SECONDS + 20) },
      ["GET /items/42"],
    ],
  ];
  for (const [parameters, want] of names) {
    test(`finds ${JSON.stringify(parameters)}`, async () => {
      const { traces } = await askBoth("/api/search", "SearchResponse", { ...day, ...parameters });
      const found = traces as Plain[];
      assert.deepEqual(
        found.map(({ rootTraceName }) => rootTraceName),
        want,
      );
      const hasSpansets = parameters["q"] !== undefined;
      for (const trace of found) assert.equal("spanSets" in trace, hasSpansets);
    });
  }

  test("answers with what clients show", async () => {
    const query = '{ span.http.route = "/cart" } | select(status, resource.service.name)';
    const answer = await askBoth("/api/search", "SearchResponse", { ...day, q: query });
    const spanSet = {
      spans: [
        {
          spanID: "00f067aa0ba902b7",
          startTimeUnixNano: String(EXAMPLE_NOON + 20_000_000n),
          durationNanos: "300000000",
          attributes: [
            { key: "http.route", value: { stringValue: "/cart" } },
            { key: "status", value: { stringValue: "unset" } },
            { key: "service.name", value: { stringValue: "cart" } },
          ],
        },
      ],
      matched: 1,
    };
    assert.deepEqual(answer, {
      traces: [
        {
          traceID: "4bf92f3577b34da6a3ce929d0e0e4736",
          rootServiceName: "web",
          rootTraceName: "POST /checkout",
          startTimeUnixNano: String(EXAMPLE_NOON),
          durationMs: 2600,
          spanSet,
          spanSets: [spanSet],
          serviceStats: {
            cart: { spanCount: 2 },
            checkout: { spanCount: 2, errorCount: 2 },
            payment: { spanCount: 1, errorCount: 1 },
            web: { spanCount: 1, errorCount: 1 },
          },
        },
      ],
      metrics: {
        inspectedTraces: 3,
        inspectedBytes: "1300",
        inspectedSpans: "13",
        completedJobs: 1,
        totalJobs: 1,
        additionalMetrics: {
          rowsRead: "13",
          storeMs: "3",
          clewMs: "2",
          complete: "1",
          upToUnixMs: "1700000000000",
        },
      },
    });
  });

  test("leaves leading zeros of a trace id out, and shows as many spans as asked", async () => {
    const parameters = { ...day, q: "{ resource.service.name = `batch` }", spss: "2" };
    const { traces } = await askBoth("/api/search", "SearchResponse", parameters);
    const [trace] = traces as { traceID: string; spanSet: { matched: number; spans: object[] } }[];
    assert.equal(trace!.traceID, "b0b");
    assert.deepEqual([trace!.spanSet.matched, trace!.spanSet.spans.length], [4, 2]);
  });

  const text = "x".repeat(131_072);
  const refusals: [parameters: Record<string, string>, message: string][] = [
    [{ q: "{}", tags: "a=b" }, "invalid request: can't specify tags and q in the same query"],
    [{ limit: "0" }, "invalid limit: must be a positive number"],
    [{ limit: "-1" }, "invalid limit: must be a positive number"],
    [{ limit: "x" }, 'invalid limit: strconv.Atoi: parsing "x": invalid syntax'],
    [{ limit: "300000" }, "limit 300000 exceeds max limit 262144"],
    [{ spss: "101" }, "spans per span set exceeds 100. received 101"],
    [{ spss: "x" }, 'invalid spss: strconv.ParseUint: parsing "x": invalid syntax'],
    [{ start: "x" }, 'invalid start: strconv.ParseUint: parsing "x": invalid syntax'],
    [
      { end: "4294967296" },
      'invalid end: strconv.ParseUint: parsing "4294967296": value out of range',
    ],
    [{ start: "10", end: "5" }, "http parameter start must be before end. received start=10 end=5"],
    [{ start: "10" }, "http parameter start must be before end. received start=10 end=0"],
    [
      { start: "1000", end: "605801" },
      "range specified by start and end exceeds 168h0m0s. received start=1000 end=605801",
    ],
    [{ minDuration: "x" }, 'invalid minDuration: time: invalid duration "x"'],
    [{ minDuration: "5" }, 'invalid minDuration: time: missing unit in duration "5"'],
    [{ minDuration: "5d" }, 'invalid minDuration: time: unknown unit "d" in duration "5d"'],
    [
      { minDuration: "2s", maxDuration: "1s" },
      "invalid maxDuration: must be greater than minDuration",
    ],
    [{ tags: '"a' }, "invalid tags: unexpected '\"' at pos 1"],
    [{ tags: "a=b=c" }, "invalid tags: unexpected '=' at pos 4"],
    [{ tags: "a=1 a=2" }, "invalid tags: tag a has been set twice"],
    [{ tags: 'a="x' }, "invalid tags: unterminated quoted value at pos 5"],
    [
      { q: "{" },
      "invalid TraceQL query: parse error at line 1, col 2: syntax error: unexpected $end",
    ],
    [
      { q: `{ "x" }` },
      "invalid TraceQL query: span filter field expressions must resolve to a boolean: { `x` }",
    ],
    [
      { q: `{ name = "${text}" }` },
      "TraceQL expression exceeds the configured maximum size of 131072 bytes, " +
        "reduce the query expression size or contact your system administrator",
    ],
  ];
  for (const [parameters, message] of refusals) {
    test(`refuses ${JSON.stringify(parameters).slice(0, 50)}`, async () => {
      assert.deepEqual(await refused("/api/search", parameters), bad(message));
    });
  }
});

test("what Clew adds to the language is refused if that is wanted", async () => {
  const options = {
    queriesOf: () => memoryQueries(() => exampleTraces),
    limits: { searchRangeNano: 0n, metricsRangeNano: 0n },
    language: { strict: true },
    nowNano: () => EXAMPLE_NOON,
  };
  const asked = { query: "{} | limit(1)", tags: new Map(), limit: 0, spansPerSpanset: 0 };
  const message = /^invalid TraceQL query: parse error at line 1, col 6: syntax error: unexpected/;
  assert.throws(() => searchOf(asked, options), { code: "invalid", message });
  assert.ok(searchOf(asked, { ...options, language: {} }).showsSpansets);
});

describe("tags", () => {
  test("names by scope, intrinsics as they always are", async () => {
    const { scopes } = await askBoth("/api/v2/search/tags", "SearchTagsV2Response", {});
    const found = scopes as { name: string; tags: string[] }[];
    assert.deepEqual(
      found.map(({ name }) => name),
      ["resource", "span", "event", "link", "instrumentation", "intrinsic"],
    );
    assert.deepEqual(found[0]!.tags, ["service.name", "service.version"]);
    assert.equal(found.at(-1)!.tags.length, 25);
  });

  const names: [parameters: Record<string, string>, want: Record<string, string[]>][] = [
    [{ scope: "event" }, { event: ["exception.type", "n"] }],
    [{ scope: "trace" }, {}],
    [
      { scope: "span", q: '{ name = "GET /items/42" && span.' },
      { span: ["http.request.method", "odd name", "ratio", "tags", "v"] },
    ],
    [{ scope: "span", limit: "1" }, { span: ["a"] }],
    [{ scope: "link", q: "{ name = `none` }" }, {}],
  ];
  for (const [parameters, want] of names) {
    test(`names for ${JSON.stringify(parameters)}`, async () => {
      const { scopes } = await askBoth("/api/v2/search/tags", "SearchTagsV2Response", parameters);
      const found = scopes as { name: string; tags: string[] }[];
      assert.deepEqual(Object.fromEntries(found.map(({ name, tags }) => [name, tags])), want);
    });
  }

  test("names of old, all in one list", async () => {
    const asked = { scope: "resource" };
    const { tagNames } = await askBoth("/api/search/tags", "SearchTagsResponse", asked);
    assert.deepEqual(tagNames, ["service.name", "service.version"]);
    const intrinsic = { scope: "intrinsic" };
    const listed = await askBoth("/api/search/tags", "SearchTagsResponse", intrinsic);
    assert.equal((listed["tagNames"] as string[]).length, 25);
  });

  const either = Array.from({ length: 101 }, (_, i) => `.a = ${i}`).join(" || ");
  const refusals: [parameters: Record<string, string>, message: string][] = [
    [{ scope: "zz" }, "invalid scope: zz"],
    [{ limit: "x" }, 'invalid limit: strconv.ParseUint: parsing "x": invalid syntax'],
    [
      { q: `{ ${either} }` },
      "maximum condition groups reached (limit: 100). Reduce the number of OR conditions in the query",
    ],
  ];
  for (const [parameters, message] of refusals) {
    test(`refuses ${JSON.stringify(parameters).slice(0, 50)}`, async () => {
      assert.deepEqual(await refused("/api/v2/search/tags", parameters), bad(message));
    });
  }
});

describe("tag values", () => {
  const values: [name: string, q: string, want: string[]][] = [
    [
      "resource.service.name",
      "",
      ["string batch", "string cart", "string checkout", "string payment", "string web"],
    ],
    ["resource.service.name", '{ name = "GET /cart" && ', ["string cart"]],
    ["span.http.response.status_code", "", ["int 200", "int 500", "int 503"]],
    ["span.v", "", ["float 7.0", "int 10", "int 7"]],
    ["span.ratio", "", ["float 0.9"]],
    ["span.cache.hit", "", ["bool true"]],
    [".tags", "", ["string x", "string y", "string z"]],
    ['span."odd name"', "", ["int 1"]],
    ["event.exception.type", "", ["string Timeout"]],
    ["link.reason", "", ["string retry"]],
    ["rootName", "", ["string GET /items/42", "string POST /checkout", "string first"]],
    ["trace:duration", '{ name = "GET /cart" }', ["int 2600000000"]],
    ["status", "{ false }", ["keyword error", "keyword ok", "keyword unset"]],
    [
      "span:kind",
      "",
      ["client", "consumer", "internal", "producer", "server", "unspecified"].map(
        (kind) => `keyword ${kind}`,
      ),
    ],
    ["duration", "", []],
    ["trace:id", "", []],
    ["span.nobody/has%this", "", []],
  ];
  for (const [name, q, want] of values) {
    test(`of ${name} ${q}`, async () => {
      const path = `/api/v2/search/tag/${encodeURIComponent(name)}/values`;
      const { tagValues } = await askBoth(path, "SearchTagValuesV2Response", { q });
      const found = tagValues as { type: string; value: string }[];
      assert.deepEqual(found.map(({ type, value }) => `${type} ${value}`).sort(), want);
    });
  }

  test("of old, bare names", async () => {
    const of = async (name: string) => {
      const path = `/api/search/tag/${name}/values`;
      return (await askBoth(path, "SearchTagValuesResponse", {}))["tagValues"];
    };
    assert.deepEqual(await of("v"), ["10", "7"]);
    assert.deepEqual(await of("status.code"), ["0", "1", "2", "error", "ok", "unset"]);
    assert.deepEqual(await of("error"), ["true"]);
    assert.deepEqual(await of("root.service.name"), ["batch", "web"]);
  });

  test("for language models", async () => {
    const accept = "application/vnd.grafana.llm";
    const answer = await ask("/api/v2/search/tag/.v/values", {}, accept);
    assert.equal(answer.type, "application/vnd.grafana.llm+json");
    const { tagValues } = JSON.parse(answer.body as string) as { tagValues: unknown };
    assert.deepEqual(tagValues, { int: ["7", "10"], float: ["7.0"] });
  });

  test("refuses what is no name", async () => {
    const path = "/api/v2/search/tag/service.name/values";
    const [status, , body] = await refused(path, {});
    assert.equal(status, 400);
    const start = "please provide a valid tagName: failed to parse identifier service.name: parse";
    assert.ok(String(body).startsWith(start), String(body));
    assert.equal((await refused("/api/v2/search/tag/name/value", {}))[0], 404);
  });
});

describe("/api/metrics/query_range", () => {
  const range = { start: String(NOON_SECONDS), end: String(NOON_SECONDS + 30), step: "15" };

  test("samples at the right edges, exemplars with their trace", async () => {
    const parameters = { ...range, q: "{} | count_over_time() by (resource.service.name)" };
    const path = "/api/metrics/query_range";
    const answer = await askBoth(path, "QueryRangeResponse", parameters);
    const series = answer["series"] as Plain[];
    assert.deepEqual(
      series.map(
        ({ labels }) => (labels as { value: { stringValue: string } }[])[0]!.value.stringValue,
      ),
      ["batch", "cart", "checkout", "payment", "web"],
    );
    const at = (seconds: number) => `${NOON_SECONDS + seconds}000`;
    assert.deepEqual(series.at(-1)!["samples"], [
      { timestampMs: at(0), value: 1 },
      { timestampMs: at(15), value: 3 },
      { timestampMs: at(30) },
    ]);
    const [exemplar] = series[0]!["exemplars"] as { labels: { key: string }[] }[];
    assert.ok(exemplar!.labels.some(({ key }) => key === "trace:id"));
    assert.equal(answer["status"], undefined);
  });

  test("says that series were left out", async () => {
    const parameters = { ...range, q: "{} | rate() by (name)", maxSeries: "2" };
    const path = "/api/metrics/query_range";
    const answer = await askBoth(path, "QueryRangeResponse", parameters);
    assert.equal((answer["series"] as unknown[]).length, 2);
    assert.equal(answer["status"], "PARTIAL");
  });

  test("nothing is an empty list", async () => {
    const parameters = { ...range, q: "{ name = `none` } | rate() by (name)" };
    const { body } = await ask("/api/metrics/query_range", parameters);
    assert.deepEqual((JSON.parse(body as string) as Plain)["series"], []);
  });

  const times: [parameters: Record<string, string>, first: string, last: string][] = [
    [{ start: "1769860800", end: "1769860860", step: "1m" }, "1769860800000", "1769860860000"],
    [
      { start: "1769860800000000000", end: "1769860800.5", step: "0.25" },
      "1769860800000",
      "1769860800500",
    ],
    [{ start: "2026-01-31T12:00:00Z", since: "5s", step: "1h" }, "1769860800000", "1769860800000"],
    [
      { end: "2026-01-31T13:00:00+01:00", since: "1m", step: "30s" },
      "1769860740000",
      "1769860800000",
    ],
  ];
  for (const [parameters, first, last] of times) {
    test(`times: ${JSON.stringify(parameters)}`, async () => {
      const path = "/api/metrics/query_range";
      const asked = { q: "{} | rate()", ...parameters };
      const { series } = await askBoth(path, "QueryRangeResponse", asked);
      const samples = (series as { samples: { timestampMs: string }[] }[])[0]!.samples;
      assert.deepEqual([samples[0]!.timestampMs, samples.at(-1)!.timestampMs], [first, last]);
    });
  }

  const code = "rpc error: code = Code(400) desc =";
  const layout = '"2006-01-02T15:04:05.999999999Z07:00"';
  const refusals: [parameters: Record<string, string>, message: string][] = [
    [{ q: "{}" }, "not a metrics query"],
    [{ q: "{ | rate()" }, "parse error at line 1, col 3: syntax error: unexpected |"],
    [
      { q: "{ name = 5 } | rate()" },
      "compiling query: binary operations must operate on the same type: name = 5",
    ],
    [{ start: "10", end: "10" }, "end must be greater than start"],
    [{ start: String(NOON_SECONDS + 3595) }, "query window falls entirely within query_end_cutoff"],
    [
      { start: "1000000000", end: "1000086401" },
      "metrics query time range exceeds the maximum allowed duration of 24h0m0s",
    ],
    [
      { start: "1000000000", end: "1000080052", step: "1" },
      "step of 1s is too small, minimum step for given range is 8.006s",
    ],
    [
      { start: "x" },
      `${code} could not parse 'start' parameter: parsing time "x" as ${layout}: cannot parse "x" as "2006"`,
    ],
    [{ since: "x" }, `${code} could not parse 'since' parameter: not a valid duration string: "x"`],
    [{ step: "-5" }, `${code} cannot parse "-5": step must be positive`],
    [{ step: "0" }, `${code} cannot parse "0": step must be positive`],
    [{ step: "abc" }, `${code} cannot parse "abc" to a valid duration`],
    [{ step: "1e300" }, `${code} cannot parse "1e300" to a valid duration`],
  ];
  for (const [parameters, message] of refusals) {
    test(`refuses ${JSON.stringify(parameters)}`, async () => {
      const asked = { q: "{} | rate()", ...parameters };
      assert.deepEqual(await refused("/api/metrics/query_range", asked), bad(message));
    });
  }
});

describe("/api/metrics/query", () => {
  test("one value a series, and no field that old clients refuse", async () => {
    const { start, end } = day;
    const parameters = { start, end, query: "{} | count_over_time() by (status)" };
    const path = "/api/metrics/query";
    const answer = await askBoth(path, "QueryInstantResponse", parameters);
    assert.deepEqual(answer, {
      series: [
        { labels: [{ key: "status", value: { stringValue: "error" } }], value: 4 },
        { labels: [{ key: "status", value: { stringValue: "ok" } }], value: 1 },
        { labels: [{ key: "status", value: { stringValue: "unset" } }], value: 8 },
      ],
      metrics: {
        inspectedTraces: 3,
        inspectedBytes: "1300",
        inspectedSpans: "13",
        completedJobs: 1,
        totalJobs: 1,
      },
    });
  });

  test("zero has no value, nothing no series", async () => {
    const asked = { ...day, q: "{ name = `none` } | rate()" };
    const { series } = await askBoth("/api/metrics/query", "QueryInstantResponse", asked);
    assert.deepEqual(series, [{ labels: [{ key: "__name__", value: { stringValue: "rate" } }] }]);
    const grouped = { ...day, q: "{ name = `none` } | rate() by (name)" };
    const answer = await askBoth("/api/metrics/query", "QueryInstantResponse", grouped);
    assert.ok(!("series" in answer));
  });
});
