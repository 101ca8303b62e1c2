import assert from "node:assert/strict";
import { test } from "node:test";
import { AmqpError, heartbeat, readFrame, writeContent, writeMethod } from "./amqp-codec.ts";

const MAX_BYTES = 4096;

test("readFrame: a method, as written", () => {
  const fields = { queue: "mail", messageCount: 3, consumerCount: 1 };
  const bytes = writeMethod(7, "queueDeclareOk", fields);
  assert.deepEqual(readFrame(bytes, MAX_BYTES), {
    frame: { kind: "method", channel: 7, id: 0x0032_000b, method: "queueDeclareOk", fields },
    next: bytes.length,
  });
});

test("readFrame: undefined while the frame is cut short, whatever follows it", () => {
  const bytes = writeMethod(1, "basicAck", { deliveryTag: 5, multiple: true });
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(readFrame(bytes.subarray(0, length), MAX_BYTES), undefined, `${length} bytes`);
  }
  assert.equal(readFrame(Buffer.concat([bytes, heartbeat]), MAX_BYTES)?.next, bytes.length);
});

test("writeContent: a header and as many body frames as it takes", () => {
  const header = Buffer.from("003c000000000000000000050000", "hex");
  const bytes = writeContent(2, { header, body: Buffer.from("hello") }, 8 + 2);
  const frames = [];
  for (let at = 0; at < bytes.length;) {
    const read = readFrame(bytes.subarray(at), MAX_BYTES)!;
    frames.push(read.frame);
    at += read.next;
  }
  assert.deepEqual(frames, [
    { kind: "header", channel: 2, bodyBytes: 5, payload: header },
    { kind: "body", channel: 2, payload: Buffer.from("he") },
    { kind: "body", channel: 2, payload: Buffer.from("ll") },
    { kind: "body", channel: 2, payload: Buffer.from("o") },
  ]);
});

test("readFrame: a method it does not know keeps its id", () => {
  const bytes = Buffer.from("01000100000004005a000ace", "hex"); // tx.select
  const frame = { kind: "method", channel: 1, id: 0x005a_000a, method: undefined, fields: {} };
  assert.deepEqual(readFrame(bytes, MAX_BYTES), { frame, next: bytes.length });
});

const wrong: [name: string, hex: string, code: number, message: RegExp][] = [
  ["of unknown type", "05000000000000ce", 501, /^frame of unknown type 5$/],
  ["without end", "0800000000000000", 501, /^frame without its end octet$/],
  ["too large", "0800000000ffff", 501, /^frame of 65543 bytes, at most 4096$/],
  ["with arguments cut short", "01000100000005003c005000ce", 502, /cut short$/],
  ["with a method id cut short", "01000100000002003cce", 502, /cut short$/],
];
for (const [name, hex, code, message] of wrong) {
  test(`readFrame: a frame ${name}`, () => {
    assert.throws(() => readFrame(Buffer.from(hex, "hex"), MAX_BYTES), { code, message });
  });
}

test("AmqpError: closes the channel for some codes, the connection for the others", () => {
  assert.equal(new AmqpError(404, "").hard, false);
  assert.equal(new AmqpError(540, "").hard, true);
});
