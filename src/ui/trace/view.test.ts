import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span, Trace } from "../../model/trace.ts";
import { mainRow, rowOfKey, selfNano, spanKey, viewTrace } from "./view.ts";

type Brief = Partial<Span> & { readonly spanId: string };

function traceOf(briefs: readonly Brief[]): Trace {
  const services = ["edge", "stock"];
  const spans = briefs.map((brief): Span => {
    return {
      resource: 0,
      scope: 0,
      name: "",
      kind: "internal",
      startNano: 0,
      durationNano: 0,
      status: "unset",
      statusMessage: "",
      traceState: "",
      flags: 0,
      attributes: [],
      events: [],
      links: [],
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
      marks: [],
      ...brief,
    };
  });
  const shared = { attributes: [], droppedAttributesCount: 0, schemaUrl: "" };
  return {
    traceId: "1".padStart(32, "0"),
    startUnixNano: "0",
    durationNano: 100,
    resources: services.map((service) => ({ ...shared, service })),
    scopes: [{ ...shared, name: "", version: "" }],
    spans,
  };
}

test("viewTrace: counts services, errors, levels and orphans", () => {
  const view = viewTrace(
    traceOf([
      { spanId: "a" },
      { spanId: "b", parentSpanId: "a", resource: 1, status: "error" },
      { spanId: "c", parentSpanId: "b", resource: 1 },
      { spanId: "d", parentSpanId: "c", resource: 1, status: "error" },
      { spanId: "e", parentSpanId: "gone" },
    ]),
  );
  assert.deepEqual(
    view.services.map(({ name, spanCount, errorCount }) => [name, spanCount, errorCount]),
    [
      ["stock", 3, 2],
      ["edge", 2, 0],
    ],
  );
  assert.deepEqual([view.errorCount, view.levels, view.orphanCount], [2, 4, 1]);
  assert.deepEqual([...view.errorsBelow], [2, 1, 1, 0, 0]);
});

test("mainRow: the first root that has all its parents", () => {
  const { rows } = viewTrace(traceOf([{ spanId: "a", parentSpanId: "gone" }, { spanId: "b" }]));
  assert.equal(mainRow(rows)?.span.spanId, "b");
  assert.equal(mainRow(rows.slice(0, 1))?.span.spanId, "a");
  assert.equal(mainRow([]), undefined);
});

test("spanKey: tells spans with a shared id apart", () => {
  const { rows } = viewTrace(
    traceOf([
      { spanId: "s", kind: "client" },
      { spanId: "s", kind: "server", resource: 1 },
      { spanId: "t", parentSpanId: "s" },
    ]),
  );
  const keys = rows.map((_, row) => spanKey(rows, row));
  assert.deepEqual(keys.toSorted(), ["s", "s.2", "t"]);
  assert.deepEqual(
    keys.map((key) => rowOfKey(rows, key)),
    [0, 1, 2],
  );
  assert.deepEqual(
    ["", "x", "s.3", "s.x"].map((key) => rowOfKey(rows, key)),
    [-1, -1, -1, -1],
  );
});

// a 0 ──────────────────── 100
// b   10 ──── 30
// c        25 ──── 50
// d          30─40
// e                   90 ───── 120
// f  before: -20 ── 5
test("selfNano: what no child covers, overlaps once, within the span", () => {
  const child = (spanId: string, startNano: number, durationNano: number): Brief => {
    return { spanId, parentSpanId: "a", startNano, durationNano };
  };
  const { rows } = viewTrace(
    traceOf([
      child("f", -20, 25),
      { spanId: "a", startNano: 0, durationNano: 100 },
      child("b", 10, 20),
      child("c", 25, 25),
      child("d", 30, 10),
      child("e", 90, 30),
    ]),
  );
  assert.equal(rows[0]!.span.spanId, "a");
  assert.equal(selfNano(rows, 0), 100 - 5 - 40 - 10);
  assert.equal(selfNano(rows, 1), 25);
});

test("selfNano: of a span that ends before it starts is nothing", () => {
  const { rows } = viewTrace(traceOf([{ spanId: "a", startNano: 50, durationNano: -10 }]));
  assert.equal(selfNano(rows, 0), 0);
});
