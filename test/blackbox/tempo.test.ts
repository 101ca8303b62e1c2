/** Trace by id as Grafana Tempo answers it: ids, hints, statuses and texts that clients match on. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { oracleDecode, oracleEncode } from "../support/oracle.ts";

const LONG_ID = "00f1e2d3c4b5a6978899aabbccddeeff";
const SHORT_ID = "000000000000000000000000000abc12";
const START_SECONDS = Math.floor(Date.now() / 1000) - 5 * 3600;

describe("Tempo's trace by id", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew();
    const start = `${START_SECONDS}000000000`;
    const spans = [LONG_ID, SHORT_ID].map((traceId) => ({
      traceId: Buffer.from(traceId, "hex"),
      spanId: Buffer.alloc(8, 7),
      name: `span of ${traceId}`,
      startTimeUnixNano: start,
      endTimeUnixNano: start,
    }));
    const body = oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    // Twice, once with an unknown field behind it: other bytes, so that a retry's spans get in too.
    const retry = Buffer.concat([body, Buffer.from([0x78, 0x01])]);
    const sent = await Promise.all([postTraces(clew, body), postTraces(clew, retry)]);
    assert.deepEqual(
      sent.map(({ status }) => status),
      [200, 200],
    );
    await stored(clew);
  });
  after(() => clew.close());

  const found: [name: string, path: string][] = [
    ["as it is", LONG_ID],
    ["upper case", LONG_ID.toUpperCase()],
    ["without its leading zeros", LONG_ID.replace(/^0+/, "")],
    ["64-bit, short", "abc12"],
    ["64-bit, padded to 16", "00000000000abc12"],
    ["with a hint around it", `${LONG_ID}?start=${START_SECONDS - 60}&end=${START_SECONDS + 60}`],
    ["with a hint near it", `${LONG_ID}?start=${START_SECONDS + 600}&end=${START_SECONDS + 660}`],
    ["hints of zero are none", `${LONG_ID}?start=0&end=0`],
    ["every mode", `${LONG_ID}?mode=blocks&blockStart=0&blockEnd=ff`],
  ];
  for (const [name, path] of found) {
    test(`found: ${name}`, async () => {
      const v1 = await fetch(`${clew.apiUrl}/api/traces/${path}`);
      assert.equal(v1.status, 200);
      assert.match(v1.headers.get("content-type") ?? "", /^application\/json/);
      const { batches } = (await v1.json()) as { batches: { scopeSpans: { spans: object[] }[] }[] };
      assert.equal(batches[0]!.scopeSpans[0]!.spans.length, 1, "a retry shows once");
      const v2 = await fetch(`${clew.apiUrl}/api/v2/traces/${path}`);
      const envelope = (await v2.json()) as { trace: { resourceSpans: unknown }; metrics: object };
      assert.deepEqual(envelope.trace.resourceSpans, batches);
      assert.deepEqual(Object.keys(envelope).sort(), ["metrics", "trace"]);
    });
  }

  test("ids are base64, resource, scope and status are always there", async () => {
    const answer = await fetch(`${clew.apiUrl}/api/v2/traces/${LONG_ID}`);
    const { trace } = (await answer.json()) as { trace: unknown };
    assert.deepEqual(trace, {
      resourceSpans: [
        {
          resource: {
            attributes: [{ key: "service.name", value: { stringValue: "unknown_service" } }],
          },
          scopeSpans: [
            {
              scope: {},
              spans: [
                {
                  traceId: Buffer.from(LONG_ID, "hex").toString("base64"),
                  spanId: Buffer.alloc(8, 7).toString("base64"),
                  name: `span of ${LONG_ID}`,
                  startTimeUnixNano: `${START_SECONDS}000000000`,
                  endTimeUnixNano: `${START_SECONDS}000000000`,
                  status: {},
                },
              ],
            },
          ],
        },
      ],
    });
  });

  const missing: [name: string, path: string][] = [
    ["unknown id", "1234"],
    ["a hint hours away", `${LONG_ID}?start=${START_SECONDS + 9000}&end=${START_SECONDS + 9060}`],
  ];
  for (const [name, path] of missing) {
    test(`not found: ${name}`, async () => {
      const v1 = await fetch(`${clew.apiUrl}/api/traces/${path}`);
      assert.deepEqual([v1.status, await v1.text()], [404, ""]);
      const v2 = await fetch(`${clew.apiUrl}/api/v2/traces/${path}`);
      assert.deepEqual([v2.status, await v2.text()], [200, '{"trace":{},"metrics":{}}']);
      const headers = { accept: "application/protobuf" };
      const protobuf = await fetch(`${clew.apiUrl}/api/v2/traces/${path}`, { headers });
      assert.equal(protobuf.headers.get("content-type"), "application/protobuf");
      const envelope = oracleDecode(
        "TraceByIDResponse",
        new Uint8Array(await protobuf.arrayBuffer()),
      );
      assert.deepEqual(envelope, { trace: {}, metrics: {} });
    });
  }

  const hex = "trace IDs can only contain hex characters: invalid character";
  const refused: [path: string, message: string][] = [
    ["zz", `${hex} 'z' at position 1`],
    ["12%20", `${hex} ' ' at position 3`],
    ["12é", `${hex} 'é' at position 3`],
    ["1".repeat(33), "trace IDs can't be larger than 128 bits"],
    ["1?start=x", 'invalid start: strconv.ParseInt: parsing "x": invalid syntax'],
    ["1?end=1.5", 'invalid end: strconv.ParseInt: parsing "1.5": invalid syntax'],
    ["1?start=5&end=3", "http parameter start must be before end. received start=5 end=3"],
    ["1?mode=foo", "invalid value for mode foo"],
  ];
  for (const [path, message] of refused) {
    test(`refused: ${path.slice(0, 20)}`, async () => {
      for (const version of ["/api/traces", "/api/v2/traces"]) {
        const answer = await fetch(`${clew.apiUrl}${version}/${path}`);
        assert.equal(answer.status, 400);
        assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
        assert.equal(await answer.text(), message);
      }
    });
  }

  const invalid = "invalid TraceQL filter:";
  const unfit: [parameters: Record<string, string>, message: string | RegExp][] = [
    [{ q: "{" }, /^invalid TraceQL filter: failed to parse TraceQL spanset filter: parse error at/],
    [{ q: "{ name = 5 }" }, /^invalid TraceQL filter: failed to parse .*/],
    [
      { q: "{} | rate()" },
      `${invalid} only a single TraceQL filter is supported: got a metrics query`,
    ],
    [
      { q: "{} | count() > 1" },
      `${invalid} only a single TraceQL filter is supported: got a pipeline`,
    ],
    [{ q: `{ name = "${"x".repeat(131_072)}" }` }, /^TraceQL expression exceeds the configured/],
    [{ match_depth: "x" }, 'invalid match_depth: strconv.Atoi: parsing "x": invalid syntax'],
    [{ keep_hierarchy: "x" }, /^invalid keep_hierarchy: strconv.ParseBool: parsing "x"/],
  ];
  for (const [parameters, message] of unfit) {
    test(`refused: ${JSON.stringify(parameters).slice(0, 40)}`, async () => {
      const query = new URLSearchParams(parameters);
      const answer = await fetch(`${clew.apiUrl}/api/v2/traces/${LONG_ID}?${query}`);
      const text = await answer.text();
      assert.equal(answer.status, 400, text);
      if (typeof message === "string") assert.equal(text, message);
      else assert.match(text, message);
    });
  }

  test("what clients probe", async () => {
    const text = async (path: string): Promise<string> =>
      (await fetch(`${clew.apiUrl}${path}`)).text();
    assert.equal(await text("/api/echo"), "echo");
    assert.equal(await text("/ready"), "ready\n");
    const info = JSON.parse(await text("/api/status/buildinfo")) as { version: string };
    assert.match(info.version, /^2\.\d+\.\d+$/);
    assert.match(await text("/status"), /^clew, version .*\n\nclew: Running\n/);
    assert.match(await text("/status/endpoints"), /^GET \/api\/v2\/traces\/:id$/m);
    const config = await text("/status/config");
    assert.match(config, /^http:\n  port: 0$/m);
    assert.match(config, /^  # password: ""$/m);
    for (const page of ["version", "services", "runtime_config", "overrides", "usage-stats"]) {
      assert.equal((await fetch(`${clew.apiUrl}/status/${page}`)).status, 200, page);
    }
    const unknown = await fetch(`${clew.apiUrl}/api/nothing`);
    assert.equal(unknown.status, 404);
  });

  test("two traces are compared", async () => {
    const diff = (body: string, method = "POST"): Promise<Response> =>
      fetch(`${clew.apiUrl}/api/v2/traces/diff`, { method, ...(method === "POST" && { body }) });
    const sides = (base: object, compare: object, more: object = {}): string =>
      JSON.stringify({ base, compare, ...more });
    const [a, b] = [{ traceId: LONG_ID.replace(/^0+/, "") }, { traceID: "abc12" }];
    const hinted = { ...a, start: START_SECONDS - 60, end: START_SECONDS + 60 };
    for (const body of [
      sides(a, b),
      sides(hinted, b, { format: "trace-patch-v0" }),
      sides(a, { ...b, start: 0, end: null }, { format: "" }),
    ]) {
      const answer = await diff(body);
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.equal(answer.headers.get("content-type"), "application/json");
      const { version, base, compare, stats, added, removed } = (await answer.json()) as {
        version: string;
        base: object;
        compare: object;
        stats: { matchedSpans: number };
        added: { span: { name: string } }[];
        removed: { span: { name: string } }[];
      };
      assert.equal(version, "trace-patch-v0");
      assert.deepEqual(
        [base, compare],
        [
          { traceId: LONG_ID, spanCount: 1 },
          { traceId: SHORT_ID, spanCount: 1 },
        ],
      );
      assert.equal(stats.matchedSpans, 0);
      assert.equal(added[0]!.span.name, `span of ${SHORT_ID}`);
      assert.equal(removed[0]!.span.name, `span of ${LONG_ID}`);
    }
    for (const [body, status, message] of [
      [sides(a, { traceId: "abc13" }), 404, "Not Found"],
      [sides({}, b), 400, "base.traceId is required"],
      [sides({ traceId: "" }, b), 400, "base.traceId is required"],
      ["{}", 400, "base.traceId is required"],
      [JSON.stringify({ base: a }), 400, "compare.traceId is required"],
      [
        sides(a, { traceId: "xyz" }),
        400,
        "trace IDs can only contain hex characters: invalid character 'x' at position 1",
      ],
      [
        sides({ ...a, start: 7, end: 5 }, b),
        400,
        "http parameter start must be before end. received start=7 end=5",
      ],
      [sides(a, b, { format: "html" }), 400, '"html": unsupported trace diff format'],
      ["", 400, "the body is no JSON"],
    ] as const) {
      const answer = await diff(body);
      assert.deepEqual([answer.status, await answer.text()], [status, message], body);
    }
    for (const body of ["[]", "7", sides({ traceId: 7 }, b), sides({ ...a, start: "1" }, b)]) {
      assert.equal((await diff(body)).status, 400, body);
    }
    const traceId = "7".repeat(32);
    const spans = Array.from({ length: 5001 }, (_, i) => ({
      traceId: Buffer.from(traceId, "hex"),
      spanId: Buffer.from((i + 1).toString(16).padStart(16, "0"), "hex"),
      startTimeUnixNano: `${START_SECONDS}000000000`,
    }));
    const large = oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    assert.equal((await postTraces(clew, large)).status, 200);
    await stored(clew);
    assert.equal((await diff(sides({ traceId }, a))).status, 200);
    const refused = await diff(sides({ traceId }, { traceId }));
    const size = "combined trace size 10002 spans exceeds limit 10000 spans";
    assert.deepEqual(
      [refused.status, await refused.text()],
      [429, `trace diff input too large: ${size}`],
    );
    const got = await diff("", "GET");
    assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"]);
  });
});

/*
 *     POST /pay            shop     a ─ b ─ c
 *     └ charge             pay      c has an error
 *       └ SELECT           pay
 */
const TREE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("Tempo's trace by id, filtered", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew();
    const span = (id: number, parent: number, more: object): object => ({
      traceId: Buffer.from(TREE_ID, "hex"),
      spanId: Buffer.alloc(8, id),
      ...(parent > 0 && { parentSpanId: Buffer.alloc(8, parent) }),
      startTimeUnixNano: `${START_SECONDS}00000000${id}`,
      endTimeUnixNano: `${START_SECONDS}10000000${id}`,
      ...more,
    });
    const service = (name: string, spans: object[]): object => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
      scopeSpans: [{ spans }],
    });
    const body = oracleEncode("TracesData", {
      resourceSpans: [
        service("shop", [span(1, 0, { name: "POST /pay", kind: 2 })]),
        service("pay", [
          span(2, 1, { name: "charge" }),
          span(3, 2, { name: "SELECT", status: { code: 2 } }),
        ]),
      ],
    });
    assert.equal((await postTraces(clew, body)).status, 200);
    await stored(clew);
  });
  after(() => clew.close());

  interface Envelope {
    readonly trace: {
      readonly resourceSpans?: { scopeSpans: { spans: { name: string }[] }[] }[];
      readonly services?: { scopes: { spans: { name: string }[] }[] }[];
    };
    readonly status?: string;
    readonly message?: string;
  }
  const get = (parameters: Record<string, string>, accept: string): Promise<Response> => {
    const query = new URLSearchParams(parameters);
    return fetch(`${clew.apiUrl}/api/v2/traces/${TREE_ID}?${query}`, { headers: { accept } });
  };
  const FILTERED = "Trace filtered, only a subset of spans matching the filter is returned";
  const kept: [parameters: Record<string, string>, names: string[]][] = [
    [{}, ["POST /pay", "charge", "SELECT"]],
    [{ q: "{ true }" }, ["POST /pay", "charge", "SELECT"]],
    [{ q: "{ status = error }" }, ["SELECT"]],
    [{ q: "{ status = error }", keep_hierarchy: "true" }, ["POST /pay", "charge", "SELECT"]],
    [{ q: "{ status = error }", keep_hierarchy: "1", ancestor_depth: "1" }, ["charge", "SELECT"]],
    [{ q: "{ kind = server }", match_depth: "1" }, ["POST /pay", "charge"]],
    [{ q: "{ kind = server }", match_depth: "-1" }, ["POST /pay", "charge", "SELECT"]],
    [{ q: '{ name = "nothing" }' }, []],
  ];
  for (const [parameters, names] of kept) {
    test(`in every form: ${new URLSearchParams(parameters)}`, async () => {
      const isPartial = names.length < 3;
      const judge = ({ status, message }: Envelope, whole: string | undefined): void => {
        assert.equal(status, isPartial ? "PARTIAL" : whole);
        assert.equal(message, isPartial ? FILTERED : undefined);
      };
      const json = (await (await get(parameters, "application/json")).json()) as Envelope;
      const spans = (json.trace.resourceSpans ?? []).flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      );
      assert.deepEqual(
        spans.map(({ name }) => name),
        names,
      );
      judge(json, undefined);
      const answer = await get(parameters, "application/protobuf");
      const envelope = oracleDecode(
        "TraceByIDResponse",
        new Uint8Array(await answer.arrayBuffer()),
      );
      assert.equal(
        JSON.stringify(envelope["trace"]).split('"startTimeUnixNano"').length - 1,
        names.length,
      );
      const llm = await get(parameters, "application/vnd.grafana.llm");
      assert.match(llm.headers.get("content-type") ?? "", /^application\/vnd\.grafana\.llm\+json/);
      const simple = (await llm.json()) as Envelope;
      judge(simple, "COMPLETE");
      const simpleSpans = simple.trace.services!.flatMap(({ scopes }) =>
        scopes.flatMap((scope) => scope.spans),
      );
      assert.deepEqual(
        simpleSpans.map(({ name }) => name),
        names,
      );
    });
  }
});
