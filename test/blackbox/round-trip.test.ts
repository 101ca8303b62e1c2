/** What goes in by OTLP comes out equal, through the real engine and both trace-by-id routes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { getBytes, postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import {
  arbitraryTraces,
  asOneTrace,
  normalTraces,
  oracleDecode,
  oracleEncode,
  type Plain,
  printedSeed,
} from "../support/oracle.ts";

describe("round trip", () => {
  let clew: TestClew;
  before(async () => (clew = await startTestClew()));
  after(() => clew.close());

  test("random spans, by protobuf and JSON, in and out", async () => {
    const seed = printedSeed("round trip through the engine");
    let traceNumber = 0;
    const property = fc.asyncProperty(arbitraryTraces, fc.boolean(), async (traces, asJson) => {
      const traceId = (++traceNumber).toString(16).padStart(32, "0");
      const body = oracleEncode("TracesData", asOneTrace(traces, traceId));
      const sent = oracleDecode("TracesData", body);
      const want = normalTraces(withNamedResources(sent));
      const answer = asJson
        ? await postTraces(clew, jsonBody(sent), { "content-type": "application/json" })
        : await postTraces(clew, body);
      assert.equal(answer.status, 200, await answer.text());
      if (want.length === 0) return;
      await stored(clew);
      for (const got of await readBack(clew, traceId)) assert.deepEqual(normalTraces(got), want);
    });
    await fc.assert(property, { seed, numRuns: 30, endOnFailure: true });
  });
});

/** Tempo's routes name a resource that has no attribute at all; everything else is as sent. */
function withNamedResources(traces: Plain): Plain {
  const named = { key: "service.name", value: { stringValue: "unknown_service" } };
  const resourceSpans = ((traces["resourceSpans"] ?? []) as Plain[]).map((item) => {
    const resource = (item["resource"] ?? {}) as Plain;
    const attributes = (resource["attributes"] ?? []) as Plain[];
    if (attributes.length > 0) return item;
    return { ...item, resource: { ...resource, attributes: [named] } };
  });
  return { resourceSpans };
}

/** OTLP/JSON as a sender writes it: ids are hex already, other bytes become base64. */
function jsonBody(traces: Plain): Buffer {
  const base64 = (key: string, value: unknown): unknown =>
    key === "bytesValue"
      ? Buffer.from(value as string, "hex").toString("base64")
      : numberJson(value);
  return Buffer.from(JSON.stringify(traces, base64));
}

function numberJson(value: unknown): unknown {
  if (typeof value !== "number") return value;
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}

/** The trace by every route and encoding, each as the oracle shows TracesData. */
async function readBack(clew: TestClew, traceId: string): Promise<Plain[]> {
  const v1 = `/api/traces/${traceId}`;
  const v2 = `/api/v2/traces/${traceId}`;
  const [protobufV1, protobufV2, jsonV1, jsonV2] = await Promise.all([
    getBytes(clew, v1, "application/protobuf"),
    getBytes(clew, v2, "application/protobuf"),
    getBytes(clew, v1, "application/json"),
    getBytes(clew, v2, "application/json"),
  ]);
  const parse = (bytes: Uint8Array): Plain => JSON.parse(Buffer.from(bytes).toString()) as Plain;
  const envelope = oracleDecode("TraceByIDResponse", protobufV2);
  return [
    oracleDecode("TracesData", protobufV1),
    envelope["trace"] as Plain,
    fromTempoJson({ resourceSpans: parse(jsonV1)["batches"] }),
    fromTempoJson(parse(jsonV2)["trace"] as Plain),
  ];
}

const kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const codes = ["UNSET", "OK", "ERROR"];

/** Tempo's JSON to the oracle's form: base64 to hex, enum names to numbers, strings to doubles. */
function fromTempoJson(value: Plain): Plain {
  const hex = new Set(["traceId", "spanId", "parentSpanId", "bytesValue"]);
  const revive = (key: string, inner: unknown): unknown => {
    if (hex.has(key)) return Buffer.from(inner as string, "base64").toString("hex");
    if (key === "kind") return kinds.indexOf((inner as string).slice("SPAN_KIND_".length));
    if (key === "code") return codes.indexOf((inner as string).slice("STATUS_CODE_".length));
    if (key === "doubleValue") return Number(inner);
    return inner;
  };
  return JSON.parse(JSON.stringify(value), revive) as Plain;
}
