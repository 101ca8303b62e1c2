import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { briefTrace } from "../../../test/support/brief-trace.ts";
import { printedSeed } from "../../../test/support/oracle.ts";
import { anySpans } from "../../../test/support/random-traces.ts";
import { otlpOfTrace } from "../../../test/support/trace-otlp.ts";
import { Fault } from "../../base/fault.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { traceOfColumns } from "../../model/trace-of-columns.ts";
import { OtlpDecoder } from "../otlp/decode.ts";
import { tracesData } from "../otlp/messages.ts";
import { protoToJson } from "../proto-json.ts";
import { readTraceFile } from "./read-trace-file.ts";

const [traceId, a, b] = [
  "0af7651916cd43dd8448eb211c80319c",
  "b7ad6b7169203331",
  "00f067aa0ba902b7",
];

const otlpSpan = {
  traceId,
  spanId: a,
  name: "GET /",
  kind: 2,
  startTimeUnixNano: "1700000000000000001",
  endTimeUnixNano: "1700000000000005001",
};
const otlp = (span: object = {}): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeSpans: [{ scope: { name: "sdk" }, spans: [{ ...otlpSpan, ...span }] }],
      },
    ],
  });

const jaegerSpan = {
  traceID: traceId,
  spanID: b,
  operationName: "load",
  references: [{ refType: "CHILD_OF", traceID: traceId, spanID: a }],
  startTime: 1_700_000_000_000_000,
  duration: 12,
  tags: [{ key: "error", type: "bool", value: true }],
  processID: "p1",
};
const jaeger = (span: object = {}): string =>
  JSON.stringify({
    data: [
      {
        traceID: traceId,
        spans: [{ ...jaegerSpan, ...span }],
        processes: { p1: { serviceName: "store", tags: [] } },
      },
    ],
  });

const zipkinSpan = {
  traceId: "8448eb211c80319c",
  id: b,
  name: "load",
  kind: "CLIENT",
  timestamp: 1_700_000_000_000_000,
  duration: 12,
  localEndpoint: { serviceName: "store", ipv4: "10.0.0.1" },
  remoteEndpoint: { serviceName: "db", port: 5432 },
  tags: { "http.path": "/x", error: "gone" },
};
const zipkin = (span: object = {}): string => JSON.stringify([{ ...zipkinSpan, ...span }]);

describe("readTraceFile", () => {
  test("OTLP, wrapped as Tempo does, or a document a line", () => {
    const [plain] = readTraceFile(otlp());
    assert.equal(plain!.startUnixNano, "1700000000000000001");
    assert.equal(plain!.spans[0]!.durationNano, 5000);
    assert.equal(plain!.resources[0]!.service, "shop");
    const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");
    const tempo = otlp({ traceId: base64(traceId), spanId: base64(a), kind: "SPAN_KIND_SERVER" });
    assert.deepEqual(readTraceFile(`{"trace": ${tempo}}`), [plain]);
    assert.deepEqual(readTraceFile(tempo.replace("resourceSpans", "batches")), [plain]);
    const lines = readTraceFile(`${otlp()}\n${otlp({ spanId: b, parentSpanId: a })}\n`);
    assert.equal(lines[0]!.spans.length, 2);
  });

  test("OTLP: whole numbers that JavaScript cannot hold are exact", () => {
    const text = otlp().replace('"1700000000000000001"', "1700000000000000001");
    assert.equal(readTraceFile(text)[0]!.startUnixNano, "1700000000000000001");
  });

  test("Jaeger: a call that failed, and its parent", () => {
    const [trace] = readTraceFile(jaeger());
    const [span] = trace!.spans;
    assert.deepEqual([span!.parentSpanId, span!.status, span!.durationNano], [a, "error", 12_000]);
    assert.deepEqual(span!.attributes, []);
    assert.equal(trace!.resources[0]!.service, "store");
    const one = JSON.stringify((JSON.parse(jaeger()) as { data: unknown[] }).data[0]);
    assert.deepEqual(readTraceFile(one), [trace]);
  });

  test("Zipkin: endpoints, errors, ids of 64 bits", () => {
    const [trace] = readTraceFile(zipkin());
    assert.equal(trace!.traceId, "00000000000000008448eb211c80319c");
    const [span] = trace!.spans;
    assert.deepEqual([span!.kind, span!.status, span!.statusMessage], ["client", "error", "gone"]);
    assert.deepEqual(
      span!.attributes.map(({ key }) => key),
      ["http.path", "network.peer.port", "peer.service"],
    );
    const untimed = JSON.stringify([zipkinSpan, { ...zipkinSpan, id: a, timestamp: undefined }]);
    assert.equal(readTraceFile(untimed)[0]!.spans.length, 2);
    assert.deepEqual(readTraceFile(`[${zipkin()}]`), [trace]);
  });

  test("of several traces the largest is first", () => {
    const two = JSON.stringify([
      zipkinSpan,
      { ...zipkinSpan, traceId },
      { ...zipkinSpan, traceId, id: a },
    ]);
    assert.deepEqual(
      readTraceFile(two).map(({ spans }) => spans.length),
      [2, 1],
    );
  });

  const wrong: readonly (readonly [text: string, want: RegExp])[] = [
    ["", /^it is not JSON: /],
    ["<html>", /^it is not JSON: .*<html>/],
    ['{"a": 1,}', /^it is not JSON: .*position/],
    [`${otlp()}\n{"resourceSpans": [`, /^line 2 is not JSON: /],
    ["[]", /^there is no span in it$/],
    [
      "7",
      /^expected a list of spans \(Zipkin\), resourceSpans \(OTLP\) or data \(Jaeger\), got 7$/,
    ],
    ['{"spans": 1, "x": 2}', /got an object with spans, x$/],
    [
      otlp({ startTimeUnixNano: "noon" }),
      /^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.startTime.+: expected a whole number, got "noon"$/,
    ],
    [
      otlp({ traceId: "xyz" }),
      /spans\[0\]\.traceId: expected at most 32 hexadecimal digits, got "xyz"$/,
    ],
    [otlp({ attributes: {} }), /spans\[0\]\.attributes: expected a list, got \{\}$/],
    [
      jaeger({ processID: "p9" }),
      /^data\[0\]\.spans\[0\]\.processID: expected one of the processes, got "p9"$/,
    ],
    [
      jaeger({ spanID: "0" }),
      /data\[0\]\.spans\[0\]\.spanID: expected an id that is not all zeros, got "0"$/,
    ],
    [jaeger({ startTime: undefined }), /startTime: expected microseconds, got nothing$/],
    [zipkin({ tags: { n: 7 } }), /^\[0\]\.tags\.n: expected a string, got 7$/],
  ];
  for (const [text, want] of wrong) {
    test(`says what is wrong: ${want.source.slice(0, 60)}`, () => {
      assert.throws(
        () => readTraceFile(text),
        (error) => error instanceof Fault && want.test(error.message),
      );
    });
  }

  test("OTLP: as the decoder of requests reads it", () => {
    const property = fc.property(anySpans(10), (spans) => {
      fc.pre(spans.length > 0);
      const bytes = otlpOfTrace(briefTrace(spans));
      const columns = new SpanColumns();
      new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 1000 }).decode(bytes);
      const text = JSON.stringify(protoToJson(bytes, tracesData, "otlp"));
      assert.deepEqual(withOwners(readTraceFile(text)[0]!), withOwners(traceOfColumns(columns)));
    });
    fc.assert(property, { seed: printedSeed("OTLP in files") });
  });
});

/** The trace with what spans belong to in place of its number, and without marks: these are ingest's. */
function withOwners({ resources, scopes, ...trace }: ReturnType<typeof traceOfColumns>): unknown {
  const spans = trace.spans.map((span) => ({
    ...span,
    marks: [],
    resource: resources[span.resource],
    scope: scopes[span.scope],
  }));
  return { ...trace, spans };
}
