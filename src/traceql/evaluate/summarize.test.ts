import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTrace } from "../../../test/support/brief-trace.ts";
import { summarizeTrace } from "./summarize.ts";
import { traceViewOf } from "./view-of-trace.ts";

test("summary: root, times, and counts by service", () => {
  const trace = briefTrace([
    { id: "early", of: "gone", service: "web", duration: 5 },
    { id: "root", service: "gate", duration: 100, status: "error" },
    { id: "later", service: "web", start: 90, duration: 20, status: "error" },
    { id: "child", of: "root" },
  ]);
  assert.deepEqual(summarizeTrace(traceViewOf(trace)), {
    traceId: trace.traceId,
    rootService: "gate",
    rootName: "root",
    startUnixNano: "1700000000000000000",
    durationNano: 110,
    spanCount: 4,
    errorCount: 2,
    services: [
      { name: "gate", spanCount: 1, errorCount: 1, startNano: 1, durationNano: 100 },
      { name: "unknown_service", spanCount: 1, errorCount: 0, startNano: 3, durationNano: 1 },
      { name: "web", spanCount: 2, errorCount: 1, startNano: 0, durationNano: 110 },
    ],
  });
});

test("summary: while the root is missing, and of a span that ends before it starts", () => {
  const trace = briefTrace([{ id: "a", of: "gone", duration: -7 }]);
  const { rootName, rootService, durationNano } = summarizeTrace(traceViewOf(trace));
  assert.deepEqual([rootName, rootService, durationNano], ["", "", 0]);
});
