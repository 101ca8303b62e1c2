/** What is read out of answers: counts of spans, refusals, metrics. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { oracleEncode } from "../../test/support/oracle.ts";
import { encodeMessage } from "../../test/support/rpc.ts";
import { countSpans, traceById } from "./queries.ts";
import { retryDelayMs } from "./send-grpc.ts";
import { retryAfter, tracesUrl } from "./send-http.ts";
import { rejectedSpans } from "./sender.ts";
import { metricSum } from "./verify.ts";

function traceByIdAnswer(...scopes: number[]): Buffer {
  const scopeSpans = scopes.map((count) => ({
    scope: { name: "a" },
    spans: Array.from({ length: count }, () => ({ name: "x", attributes: [{ key: "k" }] })),
  }));
  const trace = oracleEncode("TracesData", {
    resourceSpans: [{ scopeSpans }, { resource: {} }, { scopeSpans }],
  });
  assert.ok(trace.length < 128 ** 2);
  const length =
    trace.length < 128 ? [trace.length] : [(trace.length & 127) | 128, trace.length >> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), trace, Buffer.from([0x18, 0])]);
}

test("countSpans", () => {
  for (const [scopes, want] of [
    [[], 0],
    [[1], 2],
    [[3, 0, 20], 46],
  ] as const) {
    assert.equal(countSpans(traceByIdAnswer(...scopes)), want);
  }
});

test("traceById: says what is missing", () => {
  const question = traceById({ traceId: "ab".repeat(16), spans: 4 });
  assert.equal(question.problem(traceByIdAnswer(2)), undefined);
  assert.match(question.problem(traceByIdAnswer(1))!, /^trace (ab){16} has 2 spans, not 4$/);
});

test("rejectedSpans", () => {
  const answer = (partialSuccess: object) =>
    encodeMessage("ExportTraceServiceResponse", { partialSuccess });
  assert.equal(rejectedSpans(answer({ rejectedSpans: 300, errorMessage: "too old" })), 300);
  assert.equal(rejectedSpans(answer({ errorMessage: "a warning" })), 0);
  assert.equal(rejectedSpans(new Uint8Array()), 0);
});

test("retryDelayMs: of RetryInfo among the details", () => {
  const status = (...details: { typeUrl: string; value: Uint8Array }[]) =>
    encodeMessage("Status", { code: 14, message: "later", details });
  const prefix = "type.googleapis.com/google.rpc.";
  const info = encodeMessage("RetryInfo", { retryDelay: { seconds: 2, nanos: 500_000_000 } });
  const other = { typeUrl: `${prefix}BadRequest`, value: new Uint8Array() };
  assert.equal(retryDelayMs(status(other, { typeUrl: `${prefix}RetryInfo`, value: info })), 2500);
  assert.equal(retryDelayMs(status(other)), undefined);
});

test("retryAfter: seconds only", () => {
  assert.equal(retryAfter("3"), 3000);
  assert.equal(retryAfter("Wed, 21 Oct 2026 07:28:00 GMT"), undefined);
  assert.equal(retryAfter(undefined), undefined);
});

test("tracesUrl: adds OTLP's path unless it is there", () => {
  const cases = [
    ["http://a:4318", "http://a:4318/v1/traces"],
    ["http://a:4318/otlp/", "http://a:4318/otlp/v1/traces"],
    ["http://a/insert/opentelemetry/v1/traces", "http://a/insert/opentelemetry/v1/traces"],
  ] as const;
  for (const [url, want] of cases) assert.equal(tracesUrl(url).href, want);
});

test("metricSum: all series of a name, and no other's", () => {
  const text = '# HELP a b\na_total{x="1"} 2\na_total{x="}"} 3\na_total_more 9\nb 1e3\n';
  assert.deepEqual(
    ["a_total", "b", "c"].map((name) => metricSum(text, name)),
    [5, 1000, 0],
  );
});
