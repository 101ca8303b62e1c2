import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import zlib from "node:zlib";
import type { Fault } from "../base/fault.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { readBody } from "./body.ts";
import type { BodyLimits } from "./body.ts";

type Outcome = { body: Buffer } | { code: string; message: string };

const text = Buffer.from("a span is a span is a span. ".repeat(10_000));
const compress: Record<string, (bytes: Buffer) => Buffer> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  "x-gzip": (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  deflate: (bytes) => zlib.deflateSync(bytes, { level: 1 }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
};

describe("readBody", () => {
  let limits: BodyLimits = { wireBytes: 1e6, bodyBytes: 1e6 };
  let budget = new MemoryBudget({ limitBytes: 1e9 });
  let outcome = Promise.withResolvers<Outcome>();
  const server = createServer((request, reply) => {
    readBody(request, limits, budget.lease("bodies"))
      .then((body) => outcome.resolve({ body }))
      .catch(({ code, message }: Fault) => outcome.resolve({ code, message }))
      .finally(() => reply.end("answered", () => request.resume()));
  });
  let port = 0;
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Posts a body and gives back what readBody made of it. */
  async function post(
    encoding: string,
    body: Uint8Array<ArrayBuffer>,
    options: { limits?: Partial<BodyLimits>; roomBytes?: number } = {},
  ): Promise<Outcome> {
    limits = { wireBytes: 1e6, bodyBytes: 1e6, ...options.limits };
    budget = new MemoryBudget({ limitBytes: 1e9 });
    budget.lease("log").add(1e9 - (options.roomBytes ?? 1e9));
    outcome = Promise.withResolvers();
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      headers: { "content-encoding": encoding },
      body,
    });
    assert.equal(await answer.text(), "answered");
    const result = await outcome.promise;
    assert.equal(budget.used("bodies"), "body" in result ? result.body.byteLength : 0);
    return result;
  }

  for (const [encoding, encode] of Object.entries(compress)) {
    test(`${encoding}: the bytes as they were`, async () => {
      assert.deepEqual(await post(encoding, Buffer.from(encode(text))), { body: text });
      const short = Buffer.from("x");
      assert.deepEqual(await post(encoding, Buffer.from(encode(short))), { body: short });
    });

    test(`${encoding}: no bytes are an empty body`, async () => {
      const empty = { body: Buffer.alloc(0) };
      assert.deepEqual(await post(encoding, Buffer.alloc(0)), empty);
      assert.deepEqual(await post(encoding, Buffer.from(encode(Buffer.alloc(0)))), empty);
    });

    test(`${encoding}: exactly at the limit, and one byte beyond`, async () => {
      const limits = { bodyBytes: text.length };
      assert.deepEqual(await post(encoding, Buffer.from(encode(text)), { limits }), { body: text });
      const more = Buffer.from(encode(Buffer.concat([text, Buffer.from("x")])));
      const after = encoding === "identity" ? "" : " after decompression";
      assert.deepEqual(await post(encoding, more, { limits }), {
        code: "tooLarge",
        message: `body is larger than ${text.length} bytes${after}`,
      });
    });

    test(`${encoding}: too large on the wire`, async () => {
      const limits = { wireBytes: 10 };
      assert.deepEqual(await post(encoding, Buffer.from(encode(text)), { limits }), {
        code: "tooLarge",
        message: "body is larger than 10 bytes",
      });
    });

    test(`${encoding}: more than there is room for`, async () => {
      const refused = await post(encoding, Buffer.from(encode(text)), { roomBytes: 100_000 });
      assert.equal((refused as Fault).code, "exhausted");
    });

    if (encoding === "identity") continue;

    test(`${encoding}: truncated anywhere`, async () => {
      const whole = Buffer.from(encode(Buffer.from("hello, hello, hello")));
      for (let length = 1; length < whole.length; length++) {
        assert.deepEqual(await post(encoding, whole.subarray(0, length)), {
          code: "invalid",
          message: `body is not valid ${encoding}: unexpected end of file`,
        });
      }
    });

    test(`${encoding}: garbage`, async () => {
      const refused = (await post(encoding, Buffer.from("no such thing, surely"))) as Fault;
      assert.equal(refused.code, "invalid");
      assert.match(refused.message, new RegExp(`^body is not valid ${encoding}: .`));
    });

    test(`${encoding}: a bomb stops at the limit`, async () => {
      const bomb = Buffer.from(encode(Buffer.alloc(200_000_000)));
      const before = process.memoryUsage().rss;
      const refused = (await post(encoding, bomb)) as Fault;
      assert.equal(refused.code, "tooLarge");
      assert.ok(process.memoryUsage().rss - before < 100_000_000);
    });
  }

  test("gzip in several members is one body", async () => {
    const members = Buffer.concat([zlib.gzipSync("one "), zlib.gzipSync("two")]);
    assert.deepEqual(await post("gzip", members), { body: Buffer.from("one two") });
  });

  test("a zstd frame that asks for more than 8 MB of window is refused", async () => {
    const zstd = zlib.createZstdCompress({
      params: { [zlib.constants.ZSTD_c_windowLog]: 27 },
    });
    zstd.write("x");
    zstd.end("y");
    const frame = Buffer.concat(await zstd.toArray());
    assert.deepEqual(await post("zstd", frame), {
      code: "invalid",
      message: "body is not valid zstd: Frame requires too much memory for decoding",
    });
  });

  for (const encoding of ["br", "gzip, gzip", "constructor", "snappy"]) {
    test(`${encoding} is unknown`, async () => {
      assert.deepEqual(await post(encoding, Buffer.from("x")), {
        code: "unsupported",
        message: `Content-Encoding "${encoding}" is not one of gzip, deflate, zstd or identity`,
      });
    });
  }

  for (const encoding of ["identity", "gzip"]) {
    test(`${encoding}: half a body, then the sender is gone`, async () => {
      outcome = Promise.withResolvers();
      budget = new MemoryBudget({ limitBytes: 1e9 });
      const socket = connect(port, "127.0.0.1");
      const head = `Host: x\r\nContent-Length: 100\r\nContent-Encoding: ${encoding}\r\n`;
      socket.write(`POST / HTTP/1.1\r\n${head}\r\n`);
      socket.end(zlib.gzipSync("hello").subarray(0, 12));
      assert.deepEqual(await outcome.promise, {
        code: "invalid",
        message: "the sender closed the connection after 12 bytes of its body",
      });
      assert.equal(budget.usedBytes, 0);
    });
  }
});
