import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { curlCommand, otlpEndpoints, sdkVariables } from "./first-span.ts";

const endpoints = otlpEndpoints("clew.test", { grpcPort: 4317, httpPort: 4318 });

test("curlCommand: what a shell hands to curl is one whole OTLP/JSON span of now", () => {
  // A function in curl's place prints its arguments, each ended by a zero byte.
  const script = `curl() { printf '%s\\0' "$@"; }\n${curlCommand(endpoints)}`;
  const printed = execFileSync("bash", ["-c", script], { encoding: "utf8" });
  const [, url, , header, , body = ""] = printed.split("\0");
  assert.equal(url, "http://clew.test:4318/v1/traces");
  assert.equal(header, "Content-Type: application/json");
  const span = JSON.parse(body).resourceSpans[0].scopeSpans[0].spans[0];
  assert.match(span.traceId, /^[0-9a-f]{32}$/);
  assert.match(span.spanId, /^[0-9a-f]{16}$/);
  const startMs = Number(BigInt(span.startTimeUnixNano) / 1_000_000n);
  assert.ok(Math.abs(Date.now() - startMs) < 10_000);
  assert.equal(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano), 250_000_000n);
});

test("sdkVariables: name the address, in the shell's words", () => {
  const env = execFileSync("bash", ["-c", `${sdkVariables(endpoints)}\nenv`], { encoding: "utf8" });
  assert.match(env, /^OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/clew\.test:4318$/m);
});
