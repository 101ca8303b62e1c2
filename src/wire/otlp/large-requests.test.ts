/** A request with as many parts as one may have, and one more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { oracleEncode } from "../../../test/support/oracle.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { OtlpDecoder } from "./decode.ts";
import { requestCaps } from "./request-size.ts";

/** A request of one span. */
function requestOf(links: object[]): Uint8Array {
  const span = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), links };
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}

function acceptedSpans(body: Uint8Array): number {
  const limits = { nestingDepth: 32, spansPerRequest: 10_000 };
  return new OtlpDecoder(new SpanColumns(), limits).decode(body).acceptedSpans;
}

test("events and links have a cap", () => {
  const links = Array.from({ length: requestCaps.eventsAndLinks }, () => ({}));
  assert.equal(acceptedSpans(requestOf(links)), 1);
  assert.throws(() => acceptedSpans(requestOf([...links, {}])), {
    code: "tooLarge",
    message: /more than 1000000 events and links in one request/,
  });
});
