/** The API describes itself: every route is in it, and what a running Clew answers is as it says. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { stored, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";

type Json = Record<string, unknown>;
interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Record<string, { schema?: { $ref: string } }> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

const base = "/api/clew/v1";
const TRACE = "5b8aa5a2d2c872e8321cf37308d69df2";
const SPAN = "051581bf3cb55c13";

/** A trace with much of what OTLP has. */
function request(): Uint8Array {
  const start = BigInt(Date.now() - 5000) * 1_000_000n;
  const at = (ms: number): string => String(start + BigInt(ms) * 1_000_000n);
  const attributes = [
    { key: "a.text", value: { stringValue: "x" } },
    { key: "a.number", value: { intValue: "7" } },
    {
      key: "a.list",
      value: { arrayValue: { values: [{ doubleValue: 1.5 }, { boolValue: true }] } },
    },
    { key: "a.bytes", value: { bytesValue: Buffer.from([1, 2]) } },
    { key: "a.none", value: {} },
  ];
  const span = (spanId: string, kind: number, more: object) => ({
    traceId: Buffer.from(TRACE, "hex"),
    spanId: Buffer.from(spanId, "hex"),
    name: "GET /items",
    kind,
    startTimeUnixNano: at(0),
    endTimeUnixNano: at(20),
    attributes,
    ...more,
  });
  const exception = [
    { key: "exception.type", value: { stringValue: "IOError" } },
    { key: "exception.message", value: { stringValue: "no route to 10.0.0.7" } },
  ];
  const resource = (service: string) => ({
    attributes: [
      { key: "service.name", value: { stringValue: service } },
      { key: "service.version", value: { stringValue: "1.2" } },
    ],
  });
  const failed = {
    parentSpanId: Buffer.from(SPAN, "hex"),
    status: { code: 2, message: "failed" },
    events: [{ name: "exception", timeUnixNano: at(3), attributes: exception }],
    links: [{ traceId: Buffer.from(TRACE, "hex"), spanId: Buffer.from(SPAN, "hex") }],
  };
  return oracleEncode("TracesData", {
    resourceSpans: [
      { resource: resource("shop"), scopeSpans: [{ spans: [span(SPAN, 3, {})] }] },
      {
        resource: resource("stock"),
        scopeSpans: [{ scope: { name: "lib" }, spans: [span("0615".repeat(4), 2, failed)] }],
      },
    ],
  });
}

/** How each question is asked so that there is something in its answer; the others need nothing. */
const questions: Readonly<Record<string, string>> = {
  "/search": "?q={status=error}",
  "/metrics": "?q={}|rate()by(resource.service.name)",
  "/tag-values": "?name=resource.service.name",
  "/traces/{id}/spans": `?ids=${SPAN}`,
  "/traces/{id}/columns/{owner}": "?key=a.text",
  "/versions": "?service=shop",
  "/services": "?series=true",
  "/red": "?by=operation",
};
/** What is wrong with each, so that it fails; the others cannot be asked wrongly. */
const mistakes: Readonly<Record<string, string>> = {
  "/search": "?q={ status = }",
  "/metrics": "?q={}",
  "/tags": "?limit=0",
  "/tag-values": "?name=1",
  "/traces": "?limit=none",
  "/traces/{id}": "",
  "/traces/{id}/otlp": "",
  "/traces/{id}/columns": "",
  "/traces/{id}/columns/{owner}": "",
  "/traces/{id}/keys": "?start=x",
  "/traces/{id}/spans": "",
  "/red": "?by=color",
  "/red/heatmap": "?step=1",
  "/services": "?since=0",
  "/errors": "?since=0",
  "/versions": "",
  "/graph": "?depth=0",
  "/pins/{id}": "",
};

describe("openapi.json", () => {
  let clew: TestClew;
  let document: Document;
  before(async () => {
    clew = await startTestClew();
    assert.equal((await postTraces(clew, request())).status, 200);
    await stored(clew);
    document = (await (await fetch(`${clew.apiUrl}${base}/openapi.json`)).json()) as Document;
  });
  after(() => clew.close());

  /** The schema of that name, with all others beside it, as something to check with. */
  function schema(name: string): z.ZodType {
    const { schemas } = document.components;
    const text = JSON.stringify({ ...schemas[name], $defs: schemas });
    const local = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")) as Json;
    return z.fromJSONSchema(local);
  }

  function check(operation: Described, status: string, type: string, value: unknown): void {
    const ref = operation.responses[status]?.content[type]?.schema?.$ref;
    if (ref === undefined) return assert.ok(operation.responses[status]?.content[type], type);
    const { error } = schema(ref.split("/").at(-1)!).safeParse(value);
    assert.equal(error, undefined, `${ref}: ${JSON.stringify(value).slice(0, 2000)}`);
  }

  async function ask(path: string, id: string, init: RequestInit = {}) {
    const filled = path.replace("{id}", id).replace("{owner}", "span");
    const response = await fetch(`${clew.apiUrl}${base}${filled}`, init);
    const type = (response.headers.get("content-type") ?? "").split(";")[0]!;
    const isJson = type === "application/json";
    return { status: response.status, type, body: isJson ? await response.json() : undefined };
  }

  function getters(): (readonly [path: string, operation: Described])[] {
    return Object.entries(document.paths).flatMap(([path, { get }]) =>
      get === undefined ? [] : [[path.slice(base.length), get] as const],
    );
  }

  test("has every route, and no other", async () => {
    assert.match(document.openapi, /^3\.1\./);
    const text = await (await fetch(`${clew.apiUrl}/status/endpoints`)).text();
    const routes = [...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE|\*)\s+(\/api\/clew\/v1\/\S+)/g)];
    assert.ok(routes.length > 20, text);
    const there = routes.map(([, method, path]) => {
      return `${method!.toLowerCase()} ${path!.replaceAll(/:(\w+)/g, "{$1}")}`;
    });
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    assert.deepEqual(described.toSorted(), there.toSorted());
  });

  test("what is answered is as described", async () => {
    for (const [path, operation] of getters()) {
      const { status, type, body } = await ask(`${path}${questions[path] ?? ""}`, TRACE);
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
      check(operation, "200", type, body);
    }
  });

  test("what is wrong is told as described", async () => {
    for (const [path, operation] of getters()) {
      const mistake = mistakes[path];
      if (mistake === undefined) continue;
      const { status, type, body } = await ask(`${path}${mistake}`, "no-id");
      assert.ok(status === 400 || status === 404, `${path}: ${status}`);
      check(operation, "default", type, body);
    }
    const nothing = await ask("/nothing", "");
    assert.equal(nothing.status, 404);
    assert.equal(schema("ErrorAnswer").safeParse(nothing.body).success, true);
  });

  test("what is sent, and lines of a search", async () => {
    const headers = { "content-type": "application/json" };
    const post = (value: object) => ({ method: "POST", headers, body: JSON.stringify(value) });
    for (const [path, method, init] of [
      ["/pins", "post", post({ traceId: TRACE })],
      ["/sampling/try", "post", post({ policies: "default: 10%" })],
      ["/pins/{id}", "delete", { method: "DELETE" }],
    ] as const) {
      const { status, type, body } = await ask(path, TRACE, init);
      assert.equal(status, 200, JSON.stringify(body));
      check(document.paths[base + path]![method]!, "200", type, body);
    }
    const wrong = await ask("/pins", "", post({ trace: 1 }));
    assert.equal(schema("ErrorAnswer").safeParse(wrong.body).success, true);
    const lines = await fetch(`${clew.apiUrl}${base}/search?q={}`, {
      headers: { accept: "application/x-ndjson" },
    });
    for (const line of (await lines.text()).trim().split("\n")) {
      const operation = document.paths[`${base}/search`]!["get"]!;
      check(operation, "200", "application/x-ndjson", JSON.parse(line));
    }
  });

  test("every parameter is known to its route", async () => {
    for (const [path, operation] of getters()) {
      for (const { name, in: place } of operation.parameters ?? []) {
        if (place !== "query") continue;
        const query = `${questions[path] ?? "?"}&${name}=%00`;
        const { body } = await ask(`${path}${query}`, TRACE);
        const { message = "" } = (body as { error?: { message: string } } | undefined)?.error ?? {};
        assert.doesNotMatch(message, /there is no parameter/, `${path} ${name}`);
      }
    }
  });
});
