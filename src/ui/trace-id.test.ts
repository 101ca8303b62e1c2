import assert from "node:assert/strict";
import { test } from "node:test";
import { readTraceId } from "./trace-id.ts";

const good: [text: string, traceId: string][] = [
  ["1", "00000000000000000000000000000001"],
  [" 4BF92F3577B34DA6A3CE929D0E0E4736\n", "4bf92f3577b34da6a3ce929d0e0e4736"],
  ["a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"],
];
for (const [text, traceId] of good) {
  test(`readTraceId: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(readTraceId(text), { kind: "ok", traceId });
  });
}

const bad: [text: string, message: RegExp][] = [
  ["", /Type a trace id/],
  ["  ", /Type a trace id/],
  ["4bf92g", /“g” is none/],
  ["4bf9-2f35", /“-” is none/],
  ["0".repeat(31) + "10", /these are 33/],
  ["0000", /nothing but zeros/],
];
for (const [text, message] of bad) {
  test(`readTraceId: ${JSON.stringify(text)} is refused`, () => {
    const typed = readTraceId(text);
    assert.equal(typed.kind, "wrong");
    assert.match(typed.kind === "wrong" ? typed.message : "", message);
  });
}
