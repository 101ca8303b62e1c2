import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  arbitraryTraces,
  oracleDecode,
  oracleEncode,
  type Plain,
  printedSeed,
} from "../../../test/support/oracle.ts";
import { withThreshold } from "../../model/trace-state.ts";
import { sampleRequest } from "./sample-request.ts";

const HALF = 2n ** 55n;

interface PlainSpan {
  readonly traceId: string;
  readonly traceState?: string;
  readonly status?: { readonly code?: number };
}

function eachSpan(traces: Plain, keep: (span: PlainSpan) => PlainSpan | undefined): Plain {
  const lists = (traces as { resourceSpans?: { scopeSpans?: { spans?: PlainSpan[] }[] }[] })
    .resourceSpans;
  return {
    ...traces,
    ...(lists && {
      resourceSpans: lists.map((resource) => ({
        ...resource,
        ...(resource.scopeSpans && {
          scopeSpans: resource.scopeSpans.map(({ spans = [], ...scope }) => {
            const kept = spans.flatMap((span) => keep(span) ?? []);
            return kept.length > 0 ? { ...scope, spans: kept } : scope;
          }),
        }),
      })),
    }),
  };
}

test("nothing is dropped, nothing is changed", () => {
  const property = fc.property(arbitraryTraces, (traces) => {
    const bytes = oracleEncode("TracesData", traces);
    assert.deepEqual(
      sampleRequest(bytes, () => undefined),
      new Uint8Array(bytes),
    );
    const kept = sampleRequest(bytes, () => () => ({ isKept: true }));
    assert.deepEqual(oracleDecode("TracesData", kept), oracleDecode("TracesData", bytes));
  });
  fc.assert(property, { seed: printedSeed("sample-request"), numRuns: 100 });
});

test("some are dropped, some noted; the rest of the request stays", () => {
  const property = fc.property(arbitraryTraces, (traces) => {
    const bytes = oracleEncode("TracesData", traces);
    const isDropped = (traceId: string): boolean => traceId.endsWith("0") || traceId.endsWith("8");
    const got = sampleRequest(bytes, () => ({ traceId, isError, threshold }) => {
      if (isDropped(traceId)) return { isKept: false };
      return { isKept: true, threshold: isError || threshold !== undefined ? undefined : HALF };
    });
    const want = eachSpan(oracleDecode("TracesData", bytes), (span) => {
      if (isDropped(span.traceId)) return undefined;
      const { traceState = "", status } = span;
      if (status?.code === 2 || /(^|,)\s*ot=/.test(traceState)) return span;
      return { ...span, traceState: withThreshold(traceState, HALF) };
    });
    assert.deepEqual(oracleDecode("TracesData", got), want);
  });
  fc.assert(property, { seed: printedSeed("sample-request"), numRuns: 100 });
});

test("the service is known wherever the resource stands, and malformed requests are refused", () => {
  const key = { key: "service.name", value: { stringValue: "shop" } };
  const resource = Buffer.from(
    oracleEncode("TracesData", { resourceSpans: [{ resource: { attributes: [key] } }] }),
  );
  const spans = Buffer.from(
    oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans: [{}] }] }] }),
  );
  // Both are a tag, a length and the fields of one ResourceSpans.
  const inner = Buffer.concat([spans.subarray(2), resource.subarray(2)]);
  const services: string[] = [];
  const request = Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
  sampleRequest(request, (service) => void services.push(service));
  sampleRequest(spans, (service) => void services.push(service));
  assert.deepEqual(services, ["shop", "unknown_service"]);
  assert.throws(() => sampleRequest(request.subarray(0, 9), () => undefined), { code: "invalid" });
});
