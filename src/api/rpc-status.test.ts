import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeStatus, decodeStrictly } from "../../test/support/rpc.ts";
import {
  clipMessage,
  encodeExportResponse,
  encodeStatus,
  exportResponseJson,
  statusJson,
} from "./rpc-status.ts";
import { grpcStatus } from "./status.ts";
import type { Failure, FailureCode } from "./status.ts";

describe("google.rpc.Status in protobuf and JSON", () => {
  const codes = Object.keys(grpcStatus) as FailureCode[];
  const failures: Failure[] = [
    ...codes.map((code) => ({ code, message: `it is ${code}` })),
    ...codes.map((code) => ({ code, message: "wait", retryAfterSeconds: 300 })),
    { code: "invalid", message: "ungültig 🧵 \n\0" },
  ];
  for (const failure of failures) {
    const { code, message, retryAfterSeconds } = failure;
    test(`${code} ${JSON.stringify(message)}`, () => {
      const decoded = decodeStatus(encodeStatus(failure));
      assert.equal(decoded["code"], grpcStatus[code]);
      assert.equal(decoded["message"], message);
      assert.deepEqual(decoded, JSON.parse(statusJson(failure)));
      const types = ((decoded["details"] ?? []) as { "@type": string }[]).map((d) => d["@type"]);
      assert.deepEqual(types, [
        ...(retryAfterSeconds === undefined ? [] : ["type.googleapis.com/google.rpc.RetryInfo"]),
        ...(code === "invalid" ? ["type.googleapis.com/google.rpc.BadRequest"] : []),
      ]);
    });
  }

  test("an empty message is left out", () => {
    const bytes = encodeStatus({ code: "notFound", message: "" });
    assert.deepEqual(Buffer.from(bytes), Buffer.from([0x08, 5]));
  });

  test("as it is written", () => {
    const failure = { code: "invalid", message: "bad", retryAfterSeconds: 7 } as const;
    assert.deepEqual(decodeStatus(encodeStatus(failure)), {
      code: 3,
      message: "bad",
      details: [
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" },
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "ExportTraceServiceRequest", description: "bad" }],
        },
      ],
    });
  });
});

describe("ExportTraceServiceResponse", () => {
  const cases: [rejectedSpans: number, message: string, json: string][] = [
    [0, "", "{}"],
    [3, "why", '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"why"}}'],
    [0, "mind this", '{"partialSuccess":{"errorMessage":"mind this"}}'],
    [1_000_000, "", '{"partialSuccess":{"rejectedSpans":"1000000"}}'],
  ];
  for (const [rejectedSpans, message, json] of cases) {
    test(json, () => {
      const received = { acceptedSpans: 1, rejectedSpans, message };
      assert.equal(exportResponseJson(received), json);
      const bytes = encodeExportResponse(received);
      const decoded = decodeStrictly("ExportTraceServiceResponse", bytes);
      assert.deepEqual(decoded, JSON.parse(json));
    });
  }
});

describe("clipMessage", () => {
  const cases: [name: string, message: string, clipped: string][] = [
    ["short", "short", "short"],
    ["exactly 1 kB", "x".repeat(1024), "x".repeat(1024)],
    ["one byte more", "x".repeat(1025), "x".repeat(1021) + "…"],
    ["never half a character", "🧵".repeat(300), "🧵".repeat(255) + "…"],
    ["a lone surrogate", "a\ud800b", "a\ufffdb"],
  ];
  for (const [name, message, clipped] of cases) {
    test(name, () => assert.equal(clipMessage(message), clipped));
  }
});
