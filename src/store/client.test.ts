import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { ClickHouseError } from "@clickhouse/client";
import { Fault } from "../base/fault.ts";
import { createStoreClient, isRetryable } from "./client.ts";
import type { Endpoint } from "./endpoint.ts";
import { sql } from "./sql.ts";

// A stand-in for the far end where the real one cannot be made to behave so; the rest is tested
// against ClickHouse itself in test/blackbox/engine.test.ts.
describe("createStoreClient", () => {
  let server: Server;
  let answer: RequestListener;
  let endpoint: Endpoint;
  before(async () => {
    server = createServer((request, response) => answer(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    endpoint = { url: `http://127.0.0.1:${port}`, user: "u", password: "p" };
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const ask = async (options = {}, at = (): Endpoint => endpoint): Promise<unknown> => {
    const client = createStoreClient(at, options);
    try {
      return await client.query(sql`SELECT 1`);
    } finally {
      await client.close();
    }
  };
  const exception = "Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE) (version 1)";

  const cases: [name: string, answer: RequestListener, options: object, want: object][] = [
    [
      "a connection cut off is unavailable",
      (request) => request.socket.destroy(),
      {},
      { name: "Fault", code: "unavailable", retryAfterSeconds: 1 },
    ],
    [
      "silence is a timeout",
      () => {},
      { requestTimeoutMs: 50 },
      {
        name: "Fault",
        code: "timeout",
        message: /^ClickHouse at http:\S+ did not answer in time$/,
      },
    ],
    [
      "a proxy's page is unavailable",
      (_, response) => response.writeHead(502).end("<html>Bad gateway</html>"),
      {},
      { name: "Fault", code: "unavailable", message: /cannot be reached: <html>Bad gateway/ },
    ],
    [
      "an exception keeps its code",
      (_, response) => response.writeHead(404).end(exception),
      {},
      { code: "60", type: "UNKNOWN_TABLE", message: /Table x does not exist/ },
    ],
    [
      "an answer cut off is unavailable",
      (_, response) => {
        response.writeHead(200, { "Content-Length": 100 }).write('{"1":1}\n');
        setTimeout(() => response.destroy(), 10);
      },
      {},
      { name: "Fault", code: "unavailable" },
    ],
  ];
  for (const [name, listener, options, want] of cases) {
    test(name, async () => {
      answer = listener;
      await assert.rejects(ask(options), want);
    });
  }

  test("inserts are sent as zstd where a network lies between", async () => {
    const sent: (string | undefined)[] = [];
    answer = (request, response) => {
      sent.push(request.headers["content-encoding"]);
      request.resume().on("end", () => response.end());
    };
    const { port } = new URL(endpoint.url);
    // 0.0.0.0 is this machine, too, but does not look like it.
    for (const host of ["127.0.0.1", "localhost", "0.0.0.0"]) {
      const client = createStoreClient(() => ({ ...endpoint, url: `http://${host}:${port}` }));
      await client.insertBytes(sql`INSERT INTO t FORMAT Native`, [new Uint8Array(10)]);
      await client.close();
    }
    assert.deepEqual(sent, [undefined, undefined, "zstd"]);
  });

  test("an exception is unavailable when the engine was started again meanwhile", async () => {
    answer = (_, response) => response.writeHead(403).end(exception);
    let asked = 0;
    const at = (): Endpoint => ({ ...endpoint, password: String(asked++) });
    await assert.rejects(ask({}, at), { name: "Fault", code: "unavailable" });
  });

  test("nobody there is unavailable, and named", async () => {
    const at = (): Endpoint => ({ ...endpoint, url: "http://127.0.0.1:1" });
    await assert.rejects(ask({}, at), {
      code: "unavailable",
      message:
        "ClickHouse at http://127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1",
    });
  });
});

test("isRetryable tells what may pass from what will not", () => {
  const clickHouse = (code: string): ClickHouseError =>
    new ClickHouseError({ message: "m", code, type: "T" });
  const cases: [error: unknown, want: boolean][] = [
    [new Fault("unavailable", "away"), true],
    [new Fault("timeout", "silent"), true],
    [new Fault("invalid", "wrong"), false],
    [clickHouse("252"), true],
    [clickHouse("241"), true],
    [clickHouse("62"), false],
    [new Error("a bug"), false],
    [undefined, false],
  ];
  for (const [error, want] of cases) assert.equal(isRetryable(error), want, String(error));
});
