import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { createLogger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { acceptsGzip } from "./http-answer.ts";
import { defaultHttpLimits, listen } from "./http-listener.ts";
import type { HttpLimits } from "./http-listener.ts";
import type { Handler, HttpRequest } from "./http.ts";

async function open(t: TestContext, handler: Handler, limits: Partial<HttpLimits> = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    write: (line) => lines.push(line),
    now: () => new Date(0),
  });
  const budget = new MemoryBudget({ limitBytes: 1e9 });
  const listener = await listen(handler, {
    host: "127.0.0.1",
    port: 0,
    limits: { ...defaultHttpLimits, closeGraceMs: 200, ...limits },
    budget,
    onCut: () => {},
    logger,
  });
  t.after(() => listener.close());
  return { listener, lines, budget, url: `http://127.0.0.1:${listener.port}` };
}

async function textOf(request: HttpRequest): Promise<string> {
  return Buffer.from(await request.body()).toString();
}

/** Sends bytes as they are and gives back all that comes until the connection is closed. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  socket.on("data", (part) => (got += part.toString()));
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "close");
  return got;
}

describe("listen", () => {
  test("hands over the request and sends the answer", async (t) => {
    const { url } = await open(t, async (request) => ({
      status: 201,
      headers: { "x-path": request.path },
      body: `${request.method} ${request.query.get("q")} ${await textOf(request)}`,
    }));
    const answer = await fetch(`${url}/a%20b?q=1%2B1`, { method: "POST", body: "hé" });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("x-path"), "/a%20b");
    assert.equal(answer.headers.get("content-length"), "12");
    assert.equal(await answer.text(), "POST 1+1 hé");
  });

  test("understands the absolute form and a bare query", async (t) => {
    const { listener } = await open(t, ({ path, query }) => ({
      status: 200,
      body: `${path} ${query}`,
    }));
    const head = "Host: x\r\nConnection: close\r\n\r\n";
    const absolute = await sendRaw(listener.port, `GET http://x:1/a?b=c HTTP/1.1\r\n${head}`);
    assert.match(absolute, /\r\n\r\n\/a b=c$/);
    const bare = await sendRaw(listener.port, `GET http://x?b=c HTTP/1.1\r\n${head}`);
    assert.match(bare, /\r\n\r\n\/ b=c$/);
  });

  test("answers HEAD with the headers alone", async (t) => {
    const { listener } = await open(t, () => ({ status: 200, body: "12345" }));
    const got = await sendRaw(
      listener.port,
      "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert.match(got, /content-length: 5\r\n/i);
    assert.match(got, /\r\n\r\n$/);
  });

  test("a handler that throws is logged and answered 500", async (t) => {
    const { url, lines } = await open(t, () => assert.fail("a bug"));
    const answer = await fetch(url);
    assert.equal(answer.status, 500);
    assert.match(lines.join(""), /handler failed.*a bug.*stack/);
  });

  test("a taken port is a fault that names it", async (t) => {
    const { listener } = await open(t, () => ({ status: 200 }));
    await assert.rejects(
      listen(() => ({ status: 200 }), {
        host: "127.0.0.1",
        port: listener.port,
        limits: defaultHttpLimits,
        budget: new MemoryBudget({ limitBytes: 1 }),
        onCut: () => {},
        logger: createLogger({ level: "error", write: () => {}, now: () => new Date(0) }),
      }),
      {
        code: "unavailable",
        message: new RegExp(`cannot listen on 127.0.0.1:${listener.port}: .*EADDRINUSE`),
      },
    );
  });

  test("a client that goes away aborts the signal and logs nothing", async (t) => {
    const aborted = Promise.withResolvers<void>();
    const { listener, lines } = await open(t, async ({ signal }) => {
      if (!signal.aborted) await once(signal, "abort");
      aborted.resolve();
      return { status: 200, body: "too late" };
    });
    const socket = connect(listener.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    setTimeout(() => socket.destroy(), 30);
    await aborted.promise;
    await sleep(20);
    assert.deepEqual(lines, []);
  });

  test("a body stream that fails cuts the answer short, visibly", async (t) => {
    const { url, lines } = await open(t, () => ({
      status: 200,
      body: Readable.from(
        (function* () {
          yield "first";
          throw new Error("disk gone");
        })(),
      ),
    }));
    await assert.rejects(async () => (await fetch(url)).text());
    assert.match(lines.join(""), /answer failed.*disk gone/);
  });
});

describe("listen answers with gzip", () => {
  const long = "clew ".repeat(1000);
  const raw = async (url: string, headers: Record<string, string>, method = "GET") => {
    const request = httpRequest(url, { headers, method }).end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return { headers: answer.headers, bytes: Buffer.concat(await answer.toArray()) };
  };

  for (const [name, body] of [
    ["text", () => long],
    ["bytes", () => Buffer.from(long)],
    ["a stream", () => Readable.from([long])],
  ] as const) {
    test(`${name}, if the client takes it`, async (t) => {
      const headers = { "content-type": "application/json", vary: "origin" };
      const { url } = await open(t, () => ({ status: 200, headers, body: body() }));
      const zipped = await raw(url, { "accept-encoding": "br, gzip;q=0.5" });
      assert.equal(zipped.headers["content-encoding"], "gzip");
      assert.equal(zipped.headers.vary, "origin, accept-encoding");
      assert.equal(gunzipSync(zipped.bytes).toString(), long);
      const plain = await raw(url, {});
      assert.equal(plain.headers["content-encoding"], undefined);
      assert.equal(plain.headers.vary, "origin, accept-encoding");
      assert.equal(plain.bytes.toString(), long);
      const head = await raw(url, { "accept-encoding": "gzip" }, "HEAD");
      assert.equal(head.headers["content-encoding"], "gzip");
      assert.equal(head.bytes.length, 0);
    });
  }

  test("not when it is short, no text, or encoded already", async (t) => {
    const answers: Record<string, Awaited<ReturnType<Handler>>> = {
      "/short": { status: 200, headers: { "content-type": "text/plain" }, body: "short" },
      "/png": { status: 200, headers: { "content-type": "image/png" }, body: long },
      "/events": { status: 200, headers: { "content-type": "text/event-stream" }, body: long },
      "/done": {
        status: 200,
        headers: { "content-type": "text/css", "content-encoding": "br" },
        body: long,
      },
    };
    const { url } = await open(t, ({ path }) => answers[path]!);
    for (const path of Object.keys(answers)) {
      const answer = await raw(url + path, { "accept-encoding": "gzip" });
      assert.equal(answer.headers["content-encoding"], path === "/done" ? "br" : undefined, path);
    }
  });

  const accepts: [header: string, accepted: boolean][] = [
    ["", false],
    ["gzip", true],
    ["GZIP", true],
    ["deflate, gzip;q=1.0", true],
    ["gzip;q=0", false],
    ["gzip; q=0.000", false],
    ["*", true],
    ["*;q=0", false],
    ["gzip;q=0, *", false],
    ["identity", false],
    ["gzip;q=nonsense", false],
  ];
  for (const [header, accepted] of accepts) {
    test(`Accept-Encoding: ${header}`, () => assert.equal(acceptsGzip(header), accepted));
  }
});

describe("listen limits", () => {
  const ok: Handler = (request) =>
    request.body().then(
      () => ({ status: 200, body: "ok" }),
      () => ({ status: 400, body: "not ok" }),
    );

  test("the size of headers: 431", async (t) => {
    const { listener } = await open(t, ok, { headerBytes: 1000 });
    const got = await sendRaw(
      listener.port,
      `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${"x".repeat(2000)}\r\n\r\n`,
    );
    assert.match(got, /^HTTP\/1.1 431 /);
  });

  test("the time a client takes for headers, and for the body: 408", async (t) => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200 };
    const { listener, lines } = await open(t, ok, limits);
    const [headers, body] = await Promise.all([
      sendRaw(listener.port, "GET / HTTP/1.1\r\nHost: x\r\n"),
      sendRaw(listener.port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"),
    ]);
    assert.match(headers, /^HTTP\/1.1 408 /);
    assert.match(body, /^HTTP\/1.1 408 /);
    assert.deepEqual(lines, []);
  });

  test("the time an idle connection is kept", async (t) => {
    const { listener } = await open(t, ok, { keepAliveMs: 50 });
    const got = await sendRaw(listener.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.match(got, /^HTTP\/1.1 200 /);
  });

  test("the number of connections", async (t) => {
    const { listener, url } = await open(t, ok, { connections: 1 });
    const first = connect(listener.port, "127.0.0.1");
    await once(first, "connect");
    await sleep(20);
    await assert.rejects(fetch(url));
    first.destroy();
    await sleep(20);
    assert.equal((await fetch(url)).status, 200);
  });

  test("nonsense instead of HTTP: 400", async (t) => {
    const { listener, lines } = await open(t, ok);
    assert.match(await sendRaw(listener.port, "\0\x01\x02 what\r\n\r\n"), /^HTTP\/1.1 400 /);
    const smuggled =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert.match(await sendRaw(listener.port, smuggled), /^HTTP\/1.1 400 /);
    const two = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd";
    assert.match(await sendRaw(listener.port, two), /^HTTP\/1.1 400 /);
    assert.deepEqual(lines, []);
  });

  test("more body than announced: the rest is no request", async (t) => {
    const { listener, lines } = await open(t, ok);
    const text = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcd efgh\r\n\r\n";
    const got = await sendRaw(listener.port, text);
    assert.deepEqual(got.match(/HTTP\/1.1 \d+/g)?.at(-1), "HTTP/1.1 400");
    assert.deepEqual(lines, []);
  });

  test("too large a body is answered, and the connection goes on", async (t) => {
    const { listener, budget } = await open(t, ok, { bodyBytes: 10 });
    const post = (body: string) =>
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n`;
    const large = "x".repeat(300_000);
    const got = await sendRaw(
      listener.port,
      `${post(large)}\r\n${large}${post("fits")}Connection: close\r\n\r\nfits`,
    );
    assert.deepEqual(got.match(/HTTP\/1.1 \d+/g), ["HTTP/1.1 400", "HTTP/1.1 200"]);
    assert.equal(budget.usedBytes, 0);
  });

  test("how long an answered client may go on sending", async (t) => {
    const early: Handler = () => ({ status: 413, body: "too large" });
    const { listener } = await open(t, early, { lingerMs: 100 });
    const got = await sendRaw(
      listener.port,
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nhalf",
    );
    assert.match(got, /^HTTP\/1.1 413 /);
  });
});

describe("listen and Expect: 100-continue", () => {
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n";

  test("continues when the body is wanted", async (t) => {
    const { listener } = await open(t, async (request) => ({
      status: 200,
      body: `got ${await textOf(request)}`,
    }));
    const socket = connect(listener.port, "127.0.0.1");
    socket.write(`${head}Connection: close\r\n\r\n`);
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.equal(first.toString(), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write("body");
    const [second] = (await once(socket, "data")) as [Buffer];
    assert.match(second.toString(), /^HTTP\/1.1 200 OK[^]*got body$/);
  });

  test("answers at once and closes when it is not", async (t) => {
    const { listener } = await open(t, () => ({ status: 415, body: "no" }));
    const got = await sendRaw(listener.port, `${head}\r\n`);
    assert.match(got, /^HTTP\/1.1 415 [^]*connection: close[^]*no$/i);
  });
});

describe("close", () => {
  test("waits for a request in flight, then refuses", async (t) => {
    const started = Promise.withResolvers<void>();
    const { listener, url } = await open(
      t,
      async () => {
        started.resolve();
        await sleep(100);
        return { status: 200, body: "done" };
      },
      { closeGraceMs: 5000 },
    );
    const pending = fetch(url);
    await started.promise;
    const closing = listener.close();
    const answer = await pending;
    assert.equal(await answer.text(), "done");
    assert.equal(answer.headers.get("connection"), "close");
    await closing;
    await assert.rejects(fetch(url));
  });

  test("does not wait for idle connections", async (t) => {
    const { listener, url } = await open(t, () => ({ status: 200, body: "x" }), {
      closeGraceMs: 120_000,
    });
    await (await fetch(url)).text();
    const started = performance.now();
    await listener.close();
    assert.ok(performance.now() - started < 60_000);
  });

  test("cuts what takes longer than the limit", async (t) => {
    const started = Promise.withResolvers<void>();
    const { listener, url } = await open(
      t,
      async ({ signal }) => {
        started.resolve();
        await once(signal, "abort");
        return { status: 200 };
      },
      { closeGraceMs: 50 },
    );
    const pending = assert.rejects(fetch(url));
    await started.promise;
    await listener.close();
    await pending;
  });
});
