import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  encodeBegin,
  encodeEnd,
  encodeSpans,
  encodeStrings,
  encodeValues,
  FrameReader,
  type SpanArrays,
  type TraceFrame,
} from "./trace-frames.ts";

const spans: SpanArrays = {
  spans: 3,
  events: 1,
  links: 1,
  startUnixNano: Uint32Array.of(1, 2, 3, 4, 5, 6),
  durationNano: Uint32Array.of(7, 0, 8, 0, 0xffffffff, 0xffffffff),
  spanId: Uint32Array.of(9, 10, 11, 12, 13, 14),
  parentSpanId: Uint32Array.of(0, 0, 9, 10, 9, 10),
  name: Uint32Array.of(0, 1, 1),
  service: Uint32Array.of(2, 2, 2),
  eventEnds: Uint32Array.of(0, 1, 1),
  linkEnds: Uint32Array.of(0, 0, 1),
  kind: Uint8Array.of(1, 2, 3),
  status: Uint8Array.of(0, 1, 2),
  marks: Uint8Array.of(0, 0, 1),
  eventTimeUnixNano: Uint32Array.of(15, 16),
  eventName: Uint32Array.of(1),
  linkTraceId: Uint32Array.of(17, 18, 19, 20),
  linkSpanId: Uint32Array.of(21, 22),
};
const values = {
  spans: 2,
  spanId: Uint32Array.of(1, 2, 3, 4),
  value: Uint32Array.of(0, 1),
  kind: Uint8Array.of(1, 5),
};
const text = new TextEncoder().encode("GET /éno");

const stream = Buffer.concat([
  encodeBegin(3),
  encodeStrings(Uint32Array.of(7, 7, text.length), text),
  encodeSpans(spans),
  encodeValues(values),
  encodeEnd(3, true),
]);

function read(pieces: readonly Uint8Array[]): TraceFrame[] {
  const frames: TraceFrame[] = [];
  const reader = new FrameReader();
  for (const piece of pieces) reader.push(piece, (frame) => frames.push(frame));
  return frames;
}

test("frames read back as what was written, however the stream is cut", () => {
  const whole = read([stream]);
  assert.deepEqual(whole, [
    { kind: "begin", expectedSpans: 3 },
    { kind: "strings", texts: ["GET /é", "", "no"] },
    { kind: "spans", arrays: spans },
    { kind: "values", arrays: values },
    { kind: "end", spans: 3, isPartial: true },
  ]);
  const cuts = fc.array(fc.nat(stream.length), { maxLength: 12 });
  const property = fc.property(cuts, (places) => {
    const ends = [...places.toSorted((a, b) => a - b), stream.length];
    const pieces = ends.map((end, i) => stream.subarray(i === 0 ? 0 : ends[i - 1], end));
    assert.deepEqual(read(pieces), whole);
  });
  fc.assert(property);
});

test("strings come in UTF-8, with their ends", () => {
  const bytes = new TextEncoder().encode("aéb");
  const [frame] = read([encodeStrings(Uint32Array.of(1, 1, 3, 4), bytes)]);
  assert.deepEqual(frame, { kind: "strings", texts: ["a", "", "é", "b"] });
});

test("what is no stream of frames is refused", () => {
  const html = new TextEncoder().encode("<!doctype html>".padEnd(64));
  assert.throws(() => read([html]), /frame of unknown kind/);
  const foreign = encodeBegin(1);
  foreign[8] = 0;
  assert.throws(() => read([foreign]), /not a stream of trace frames/);
  const newer = encodeBegin(1);
  newer[12] = 9;
  assert.throws(() => read([newer]), /version 9, not 1/);
  const short = encodeSpans(spans);
  short[8] = 200;
  assert.throws(() => read([short]), /without its/);
});
