import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { createRouter } from "./http.ts";
import type { Handler, HttpRequest, Route } from "./http.ts";

const echo: Handler = ({ params }) => ({ status: 200, body: JSON.stringify(params) });

function route(method: string, pattern: string, handler: Handler = echo): Route {
  return { method, pattern, handler };
}

function createTestRouter(routes: readonly Route[]) {
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    write: (line) => lines.push(line),
    now: () => new Date(0),
  });
  const router = createRouter({
    routes,
    logger,
    answerFailure: ({ status, code, message }) => ({ status, body: `${code}: ${message}` }),
  });
  const ask = async (method: string, path: string) => {
    const request: HttpRequest = {
      method,
      path,
      params: {},
      query: new URLSearchParams(),
      headers: {},
      signal: new AbortController().signal,
      memory: new MemoryBudget({ limitBytes: 0 }).lease("bodies"),
      body: () => Promise.resolve(new Uint8Array()),
    };
    return router(request);
  };
  return { ask, lines };
}

describe("createRouter", () => {
  const { ask } = createTestRouter([
    route("GET", "/"),
    route("GET", "/traces/recent", () => ({ status: 200, body: "recent" })),
    route("GET", "/traces/:id"),
    route("POST", "/traces/:id"),
    route("PUT", "/only-put"),
    route("*", "/any"),
    route("*", "/only-put"),
    route("GET", "/assets/*file"),
    route("GET", "/tag/:name/values"),
    route("GET", "/values/+name"),
  ]);
  const found: [path: string, body: string][] = [
    ["/", "{}"],
    ["/traces/recent", "recent"],
    ["/traces/abc", '{"id":"abc"}'],
    ["/tag/span.a%2Fb%20c/values", '{"name":"span.a/b c"}'],
    ['/values/a%2Fb/../c"d/values', `{"name":"a/b/../c\\"d/values"}`],
    ["/assets/js/main.js", '{"file":"js/main.js"}'],
    ["/assets/", '{"file":""}'],
    ["/any", "{}"],
  ];
  for (const [path, body] of found) {
    test(`GET ${path}`, async () => {
      assert.deepEqual(await ask("GET", path), { status: 200, body });
      assert.deepEqual(await ask("HEAD", path), { status: 200, body });
    });
  }

  const missing = [
    "",
    "//",
    "/traces",
    "/traces/",
    "/traces/a/b",
    "/TRACES/abc",
    "/tag//values",
    "/assets/../secret",
    "/assets/%2e%2e/secret",
    "/assets/..%2fsecret",
    "/assets/..%5csecret",
    "/assets/a/./b",
    "/assets/a%00.js",
    "*",
    "/__proto__",
  ];
  for (const path of missing) {
    test(`nothing at ${path}`, async () => {
      const { status, body } = await ask("GET", path);
      assert.deepEqual(
        { status, body },
        { status: 404, body: `notFound: there is nothing at ${path}` },
      );
    });
  }

  const wrongMethods: [method: string, path: string, allow: string][] = [
    ["DELETE", "/traces/abc", "GET, HEAD, POST"],
    ["HEAD", "/only-put", "PUT"],
    ["get", "/only-put", "PUT"],
    ["BREW", "/", "GET, HEAD"],
  ];
  for (const [method, path, allow] of wrongMethods) {
    test(`${method} ${path} is not allowed`, async () => {
      assert.deepEqual(await ask(method, path), {
        status: 405,
        headers: { allow },
        body: `unsupported: ${path} does not take ${method}, only ${allow}`,
      });
    });
  }

  test("a bad escape is the sender's fault", async () => {
    assert.deepEqual(await ask("GET", "/traces/%zz"), {
      status: 400,
      body: 'invalid: "%zz" in the path is not percent-encoded UTF-8',
    });
  });
});

describe("createRouter catches", () => {
  const fail = (error: unknown) => () => {
    throw error;
  };
  test("a Fault, with Retry-After in whole seconds", async () => {
    const { ask, lines } = createTestRouter([
      route("GET", "/late", fail(new Fault("unavailable", "no store", { retryAfterSeconds: 2.1 }))),
      route("GET", "/full", fail(new Fault("exhausted", "no room"))),
      route("GET", "/big", () => Promise.reject(new Fault("tooLarge", "too big"))),
    ]);
    assert.deepEqual(await ask("GET", "/late"), {
      status: 503,
      headers: { "retry-after": "3" },
      body: "unavailable: no store",
    });
    assert.deepEqual(await ask("GET", "/full"), {
      status: 429,
      headers: { "retry-after": "1" },
      body: "exhausted: no room",
    });
    assert.deepEqual(await ask("GET", "/big"), { status: 413, body: "tooLarge: too big" });
    assert.deepEqual(lines, []);
  });

  test("a bug of ours: logged with its stack, told without", async () => {
    const { ask, lines } = createTestRouter([route("GET", "/x", fail(new Error("secret")))]);
    assert.deepEqual(await ask("GET", "/x"), {
      status: 500,
      body: "internal: internal error; Clew's log has more",
    });
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /"request":"GET \/x".*"message":"secret","stack":"Error: secret/);
  });
});
