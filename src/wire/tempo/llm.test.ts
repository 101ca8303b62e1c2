import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTrace } from "../../../test/support/brief-trace.ts";
import { llmTrace } from "./llm.ts";

const MS = 1_000_000;
const trace = briefTrace(
  [
    {
      id: "root",
      service: "web",
      resource: { "host.name": "h" },
      kind: "server",
      status: "error",
      statusMessage: "boom",
      duration: 100 * MS,
      scope: { name: "otelhttp", version: "1" },
      attributes: { big: 2n ** 62n, half: 0.5, list: ["x", 1n], raw: Uint8Array.of(255) },
      events: [{ name: "retry", at: MS, attributes: { n: 1n } }],
      links: [{ trace: "00000000000000000000000000000b0b", span: "000000000000002a" }],
    },
    { id: "child", of: "root", service: "web", kind: "unspecified", start: 5, duration: 0 },
  ],
  { traceId: "0af7651916cd43dd8448eb211c80319c" },
);

test("a trace for a language model", () => {
  const text = JSON.stringify(llmTrace(trace, () => true));
  assert.ok(text.includes(`"big":${2n ** 62n}`), "64-bit integers are exact");
  assert.deepEqual(JSON.parse(text), {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    services: [
      {
        serviceName: "web",
        resource: { "host.name": "h" },
        scopes: [
          {
            name: "otelhttp",
            version: "1",
            spans: [
              {
                spanId: "00000000726f6f74",
                name: "root",
                kind: "SPAN_KIND_SERVER",
                startTimeUnixNano: "1700000000000000000",
                endTimeUnixNano: "1700000000100000000",
                durationMs: 100,
                attributes: { big: 2 ** 62, half: 0.5, list: ["x", 1], raw: "ff" },
                events: [
                  { name: "retry", timeUnixNano: "1700000000001000000", attributes: { n: 1 } },
                ],
                links: [
                  { traceId: "00000000000000000000000000000b0b", spanId: "000000000000002a" },
                ],
                status: { code: "STATUS_CODE_ERROR", message: "boom" },
              },
            ],
          },
        ],
      },
      {
        serviceName: "web",
        scopes: [
          {
            spans: [
              {
                spanId: "0000006368696c64",
                name: "child",
                parentSpanId: "00000000726f6f74",
                startTimeUnixNano: "1700000000000000005",
                endTimeUnixNano: "1700000000000000005",
                status: { code: "STATUS_CODE_UNSET", message: "" },
              },
            ],
          },
        ],
      },
    ],
  });
});

test("spans that are not shown leave no empty service behind", () => {
  const { services } = llmTrace(trace, ({ name }) => name === "child") as { services: unknown[] };
  assert.equal(services.length, 1);
});
