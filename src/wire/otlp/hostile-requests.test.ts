/** Requests made to cost much more than their size, or to be read in two ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { oracleDecode, oracleEncode, type Plain } from "../../../test/support/oracle.ts";
import { ProtoWriter } from "../../base/protobuf.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import type { KeyValue } from "../../model/trace.ts";
import { jsonToProto } from "../proto-json.ts";
import { OtlpDecoder } from "./decode.ts";
import { encodeTracesData } from "./encode.ts";
import { tracesData } from "./messages.ts";
import { requestCaps } from "./request-size.ts";

const limits = { nestingDepth: 32, spansPerRequest: 10_000 };
const ids = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2) };
const span = (fields: object = {}): object => ({ ...ids, ...fields });

function request(spans: object[], resource: object = {}): Uint8Array {
  return oracleEncode("TracesData", { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

/** A request of one span with one attribute, whose encoded AnyValue `write` writes. */
function requestWith(write: (writer: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter();
  const within = (tags: readonly number[], last: () => void): void => {
    if (tags.length === 0) last();
    else writer.message(tags[0]!, () => within(tags.slice(1), last));
  };
  within([0x0a, 0x12, 0x12], () => {
    writer.bytes(0x0a, ids.traceId);
    writer.bytes(0x12, ids.spanId);
    within([0x4a, 0x12], () => write(writer));
  });
  return writer.finish();
}

function decode(body: Uint8Array, columns = new SpanColumns()) {
  return { columns, decoded: new OtlpDecoder(columns, limits).decode(body) };
}

function footprint({ memory, strings, resources, scopes, ...columns }: SpanColumns): object {
  const lists = [columns.attributes, columns.events, columns.links, resources, scopes];
  return [memory.values.length, memory.keys.size, strings.size, ...lists.map((of) => of.length)];
}

test("a refused request, and one without a valid span, leave nothing behind", () => {
  const columns = new SpanColumns();
  const decoder = new OtlpDecoder(columns, limits);
  decoder.decode(request([span({ name: "kept" })]));
  const before = footprint(columns);
  const attributes = [{ key: "new key", value: { stringValue: "x".repeat(1000) } }];
  const events = [{ name: "new name", attributes }];
  const bad = span({ spanId: Buffer.alloc(8), name: "new", attributes, events, links: [{}] });
  const resource = { attributes };
  const invalid = request([bad, bad], resource);
  assert.equal(decoder.decode(invalid).rejected.get("invalid_span_id"), 2);
  assert.deepEqual(footprint(columns), before);
  const cut = request([span({ name: "cut", attributes, events })], resource).slice(0, -1);
  assert.throws(() => decoder.decode(cut), { code: "invalid" });
  assert.deepEqual(footprint(columns), before);
});

test("only what belongs to valid spans takes memory", () => {
  const attributes = [{ key: "k", value: { stringValue: "x".repeat(1000) } }];
  const empty = { resource: { attributes }, scopeSpans: [{ scope: { attributes } }, {}] };
  const bad = { ...span({ attributes }), spanId: Buffer.alloc(3) };
  const body = oracleEncode("TracesData", {
    resourceSpans: [
      empty,
      empty,
      { scopeSpans: [{ scope: { attributes } }, { spans: [bad, span()] }] },
    ],
  });
  const { columns, decoded } = decode(body);
  assert.equal(decoded.acceptedSpans, 1);
  const { resources, scopes, memory } = columns;
  assert.deepEqual([resources.length, scopes.length, memory.values.length], [1, 1, 0]);
});

test("thousands of entity_refs take no more than they are", () => {
  const entityRefs = Array.from({ length: 3000 }, () => ({ type: "t" }));
  const body = request([span()], { entityRefs });
  const { columns } = decode(body);
  assert.ok(columns.memory.values.length < body.length);
  const out = oracleDecode("TracesData", encodeTracesData(columns));
  const [first] = out["resourceSpans"] as Plain[];
  assert.equal(((first!["resource"] as Plain)["entityRefs"] as Plain[]).length, 3000);
});

test("a large resource beside many spans is refused, since each span is stored with it", () => {
  const text = { stringValue: "x".repeat(2 ** 20) };
  const resource = { attributes: [{ key: "k", value: text }] };
  const spans = (count: number): object[] => Array.from({ length: count }, () => span());
  const fits = requestCaps.repeatedBytes / 2 ** 20 - 1;
  assert.equal(decode(request(spans(fits), resource)).decoded.acceptedSpans, fits);
  assert.throws(() => decode(request(spans(fits + 1), resource)), {
    code: "tooLarge",
    message: /resource_spans\[0\]: resources and scopes, counted.* more than 268435456 bytes/,
  });
});

const values: [name: string, write: (writer: ProtoWriter) => void, value: KeyValue["value"]][] = [
  [
    "of several fields the last one counts",
    (writer) => {
      writer.message(0x2a, () => {});
      writer.varint(0x10);
      writer.varint(1);
    },
    { boolValue: true },
  ],
  [
    "a list after a scalar is a list",
    (writer) => {
      writer.varint(0x10);
      writer.varint(1);
      writer.message(0x2a, () => writer.message(0x0a, () => writer.text(0x0a, "a")));
    },
    { arrayValue: { values: [{ stringValue: "a" }] } },
  ],
  [
    "a list in pieces is one list",
    (writer) => {
      for (const text of ["a", "b"]) {
        writer.message(0x2a, () => writer.message(0x0a, () => writer.text(0x0a, text)));
      }
    },
    { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } },
  ],
  [
    "text within lists is made UTF-8",
    (writer) => {
      writer.message(0x2a, () => writer.message(0x0a, () => writer.bytes(0x0a, Buffer.of(0xff))));
    },
    { arrayValue: { values: [{ stringValue: "\ufffd" }] } },
  ],
  [
    "a byte order mark within lists is text",
    (writer) => {
      writer.message(0x2a, () => writer.message(0x0a, () => writer.text(0x0a, "\ufeffa")));
    },
    { arrayValue: { values: [{ stringValue: "\ufeffa" }] } },
  ],
];
for (const [name, write, value] of values) {
  test(`values: ${name}`, () => {
    const { columns } = decode(requestWith(write));
    assert.deepEqual(columns.attributes.keyValues(0), [{ key: "", value }]);
    oracleDecode("TracesData", encodeTracesData(columns)); // which takes nothing but UTF-8
  });
}

test("a list in ten thousand pieces is read in time", () => {
  const body = requestWith((writer) => {
    for (let i = 0; i < 10_000; i++) writer.message(0x2a, () => writer.message(0x0a, () => {}));
  });
  const { columns } = decode(body);
  assert.ok(columns.memory.values.length < body.length);
  const [attribute] = columns.attributes.keyValues(0);
  assert.equal(
    (attribute!.value as { arrayValue: { values: object[] } }).arrayValue.values.length,
    10_000,
  );
});

const malformed: [name: string, bytes: number[], message: RegExp][] = [
  [
    "a tag in six bytes",
    [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0],
    /tag longer than 32 bits at byte 0/,
  ],
  ["a tag beyond 32 bits", [0x8a, 0x80, 0x80, 0x80, 0x10, 0], /tag longer than 32 bits at byte 0/],
  [
    "a length in six bytes",
    [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    /more than 5 bytes at byte 1/,
  ],
];
for (const [name, bytes, message] of malformed) {
  test(`${name} is malformed`, () => {
    assert.throws(() => decode(Uint8Array.from(bytes)), { code: "invalid", message });
  });
}

const json: [name: string, text: string, message: RegExp][] = [
  [
    "a large number where a list belongs",
    '{"resourceSpans":{"a":12345678901234567890}}',
    /^resourceSpans: expected an array, got an object$/,
  ],
  [
    "deep nesting where a list belongs",
    `{"resourceSpans":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`,
    /^resourceSpans: expected an array, got an object$/,
  ],
  [
    "a million digits",
    `{"resourceSpans":[{"resource":{"droppedAttributesCount":${"9".repeat(1_000_000)}}}]}`,
    /expected an unsigned 32-bit integer, got Infinity$/,
  ],
  ["a long text where a list belongs", `{"resourceSpans":"${"x".repeat(1000)}"}`, /got "x{79}…$/],
];
for (const [name, text, message] of json) {
  test(`JSON: ${name} is a fault of few words`, () => {
    assert.throws(() => jsonToProto(text, tracesData), { code: "invalid", message });
  });
}
