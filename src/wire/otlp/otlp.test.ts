import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  arbitraryTraces,
  normalTraces,
  oracleDecode,
  oracleEncode,
  printedSeed,
  runs,
} from "../../../test/support/oracle.ts";
import { Fault } from "../../base/fault.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { jsonToProto, protoToJson } from "../proto-json.ts";
import { OtlpDecoder } from "./decode.ts";
import { encodeTracesData } from "./encode.ts";
import { tracesData } from "./messages.ts";

const limits = { nestingDepth: 32, spansPerRequest: 10_000 };

function decode(body: Uint8Array, columns = new SpanColumns()) {
  return { columns, decoded: new OtlpDecoder(columns, limits).decode(body) };
}

test("what goes in by protobuf comes out equal, by the generated decoder's judgement", () => {
  const seed = printedSeed("otlp protobuf round trip");
  const property = fc.property(arbitraryTraces, (traces) => {
    const body = oracleEncode("TracesData", traces);
    const { columns } = decode(body);
    const out = oracleDecode("TracesData", encodeTracesData(columns));
    assert.deepEqual(normalTraces(out), normalTraces(oracleDecode("TracesData", body)));
  });
  fc.assert(property, { seed, numRuns: runs(200) });
});

test("requests appended to the same columns do not disturb each other", () => {
  const seed = printedSeed("otlp appended");
  const property = fc.property(fc.array(arbitraryTraces, { maxLength: 4 }), (requests) => {
    const columns = new SpanColumns();
    const decoder = new OtlpDecoder(columns, limits);
    const wanted = requests.flatMap((traces) => {
      const body = oracleEncode("TracesData", traces);
      decoder.decode(body);
      return normalTraces(oracleDecode("TracesData", body));
    });
    const out = normalTraces(oracleDecode("TracesData", encodeTracesData(columns)));
    const sorted = (spans: unknown[]) => spans.map((span) => JSON.stringify(span)).sort();
    assert.deepEqual(sorted(out), sorted(wanted));
  });
  fc.assert(property, { seed, numRuns: runs(50) });
});

test("JSON says the same as protobuf, both ways", () => {
  const seed = printedSeed("otlp json round trip");
  const property = fc.property(arbitraryTraces, (traces) => {
    const body = oracleEncode("TracesData", traces);
    const json = JSON.stringify(protoToJson(body, tracesData, "otlp"));
    const back = jsonToProto(json, tracesData);
    const want = normalTraces(oracleDecode("TracesData", body));
    assert.deepEqual(normalTraces(oracleDecode("TracesData", back)), want);
  });
  fc.assert(property, { seed, numRuns: runs(200) });
});

test("cut short at every byte: refused with the place, or a whole prefix; columns unharmed", () => {
  const seed = printedSeed("otlp truncation");
  const [traces] = fc.sample(
    arbitraryTraces.filter((traces) => normalTraces(traces).length > 4),
    { seed, numRuns: 1 },
  );
  const body = oracleEncode("TracesData", traces!);
  const columns = new SpanColumns();
  const decoder = new OtlpDecoder(columns, limits);
  decoder.decode(body);
  const before = encodeTracesData(columns).slice();
  const mark = columns.mark();
  for (let end = 0; end < body.length; end++) {
    try {
      decoder.decode(body.subarray(0, end));
      columns.rewind(mark);
    } catch (error) {
      assert.ok(
        error instanceof Fault && error.code === "invalid",
        `cut at ${end}: ${String(error)}`,
      );
      assert.match(error.message, /^ExportTraceServiceRequest.* at byte \d+/);
    }
    assert.deepEqual(columns.mark(), mark, `cut at ${end}`);
  }
  assert.ok(Buffer.from(encodeTracesData(columns)).equals(before));
});

test("random and mutated bytes never do worse than a fault", () => {
  const seed = printedSeed("otlp mutation");
  const property = fc.property(
    arbitraryTraces,
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
    (traces, edits) => {
      const body = Buffer.from(oracleEncode("TracesData", traces));
      for (const [at, byte] of edits) if (body.length > 0) body[at % body.length] = byte;
      const columns = new SpanColumns();
      try {
        new OtlpDecoder(columns, limits).decode(body);
        encodeTracesData(columns);
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
        assert.equal(columns.length, 0);
      }
    },
  );
  fc.assert(property, { seed, numRuns: runs(1_000) });
});

const span = (fields: object) => ({
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 2),
  ...fields,
});
const request = (...spans: object[]) =>
  oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });

const refused: [name: string, fields: object, reason: string, message: RegExp][] = [
  [
    "no trace id",
    { traceId: Buffer.alloc(0) },
    "invalid_trace_id",
    /trace_id is missing or all zero/,
  ],
  ["zero trace id", { traceId: Buffer.alloc(16) }, "invalid_trace_id", /missing or all zero/],
  ["short trace id", { traceId: Buffer.alloc(8, 1) }, "invalid_trace_id", /has 8 bytes, want 16/],
  ["zero span id", { spanId: Buffer.alloc(8) }, "invalid_span_id", /span_id is missing/],
  ["long span id", { spanId: Buffer.alloc(9, 1) }, "invalid_span_id", /has 9 bytes, want 8/],
  ["odd parent", { parentSpanId: Buffer.alloc(3, 1) }, "invalid_parent_span_id", /3 bytes, want 8/],
];
for (const [name, fields, reason, message] of refused) {
  test(`a span with an invalid id is left out, its neighbours are kept: ${name}`, () => {
    const { columns, decoded } = decode(
      request(span({ name: "a" }), span({ name: "bad", ...fields }), span({ name: "b" })),
    );
    assert.deepEqual([...decoded.rejected], [[reason, 1]]);
    assert.equal(decoded.acceptedSpans, 2);
    assert.match(decoded.message, /resource_spans\[0\]\.scope_spans\[0\]\.spans\[1\]: /);
    assert.match(decoded.message, message);
    const names = [0, 1].map((row) => columns.strings.text(columns.name[row]!));
    assert.deepEqual(names, ["a", "b"]);
  });
}

test("a resource that comes after its spans is theirs all the same", () => {
  const scopeSpans = oracleEncode("ResourceSpans", { scopeSpans: [{ spans: [span({})] }] });
  const resource = oracleEncode("ResourceSpans", {
    resource: { attributes: [{ key: "service.name", value: { stringValue: "late" } }] },
  });
  const body = oracleEncode("TracesData", {});
  const inner = Buffer.concat([body, scopeSpans, resource]);
  const { columns } = decode(Buffer.concat([Buffer.from([0x0a, inner.length]), inner]));
  const attributes = columns.resources.attributes.keyValues(columns.resource[0]!);
  assert.deepEqual(attributes, [{ key: "service.name", value: { stringValue: "late" } }]);
});

test("repairs are counted: duplicate keys, bytes that are not UTF-8, unknown enums", () => {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const body = request(
    span({ kind: 17, attributes: [attribute("a", "1"), attribute("b", "x"), attribute("a", "2")] }),
  );
  const broken = Buffer.from(body);
  broken[broken.indexOf("x")] = 0xff;
  const { columns, decoded } = decode(broken);
  assert.deepEqual(decoded.repairs, {
    duplicateKeys: 1,
    invalidUtf8: 1,
    unknownEnums: 1,
    invalidLinkIds: 0,
  });
  assert.deepEqual(columns.attributes.keyValues(0), [
    { key: "a", value: { stringValue: "2" } },
    { key: "b", value: { stringValue: "\ufffd" } },
  ]);
});

test("nesting and span count have limits", () => {
  let value: object = { stringValue: "x" };
  for (let i = 0; i < 33; i++) value = { arrayValue: { values: [value] } };
  const deep = request(span({ attributes: [{ key: "k", value }] }));
  assert.throws(() => decode(deep), {
    code: "invalid",
    message: /spans\[0\]: .*nested too deeply/,
  });
  const decoder = new OtlpDecoder(new SpanColumns(), { ...limits, spansPerRequest: 2 });
  assert.throws(() => decoder.decode(request(span({}), span({}), span({}))), {
    code: "tooLarge",
    message: /more than 2 spans in one request/,
  });
});
