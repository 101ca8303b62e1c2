import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "../base/fault.ts";
import type { FaultCode } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { grpcStatus, httpStatus, toFailure } from "./status.ts";
import type { FailureCode } from "./status.ts";

// What OTLP senders try again: docs/specs/otlp, "OTLP/HTTP Response" and "OTLP/gRPC Response".
const retryableHttp = [429, 502, 503, 504];
const retryableGrpc = [1, 4, 10, 11, 14, 15];

const silent = createLogger({ level: "error", write: () => {}, now: () => new Date(0) });

describe("the tables of statuses", () => {
  const codes: [code: FailureCode, http: number, grpc: number, isRetried: boolean][] = [
    ["invalid", 400, 3, false],
    ["unauthenticated", 401, 16, false],
    ["notFound", 404, 5, false],
    ["tooLarge", 413, 8, false],
    ["unsupported", 415, 12, false],
    ["internal", 500, 13, false],
    ["exhausted", 429, 8, true],
    ["unavailable", 503, 14, true],
    ["timeout", 504, 4, true],
  ];
  for (const [code, http, grpc, isRetried] of codes) {
    test(`${code} is ${http} and ${grpc}, tried again: ${isRetried}`, () => {
      assert.deepEqual([httpStatus[code], grpcStatus[code]], [http, grpc]);
      assert.equal(retryableHttp.includes(http), isRetried);
      // RESOURCE_EXHAUSTED is tried again if a RetryInfo comes with it, as it does with "exhausted".
      const failure = toFailure(new Fault(code as FaultCode, "why"), silent, "GET /");
      const hasRetryInfo = grpc === 8 && failure.retryAfterSeconds !== undefined;
      assert.equal(retryableGrpc.includes(grpc) || hasRetryInfo, isRetried);
    });
  }
});

describe("toFailure", () => {
  const cases: [code: FaultCode, given: number | undefined, told: number | undefined][] = [
    ["exhausted", undefined, 1],
    ["unavailable", undefined, 1],
    ["unavailable", 0.2, 1],
    ["unavailable", 4.1, 5],
    ["timeout", undefined, undefined],
    ["timeout", 3, 3],
    ["invalid", undefined, undefined],
  ];
  for (const [code, given, told] of cases) {
    test(`${code}, retry after ${given}: told ${told}`, () => {
      const lines: string[] = [];
      const write = (line: string) => lines.push(line);
      const logger = createLogger({ level: "info", write, now: () => new Date(0) });
      const options = given === undefined ? {} : { retryAfterSeconds: given };
      const failure = toFailure(new Fault(code, "why", options), logger, "GET /");
      assert.deepEqual(failure, {
        code,
        message: "why",
        ...(told === undefined ? {} : { retryAfterSeconds: told }),
      });
      assert.deepEqual(lines, []);
    });
  }
});
