import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BriefSpan, briefTrace } from "../../test/support/brief-trace.ts";
import { printedSeed } from "../../test/support/oracle.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { encodeSpans, type SpanArrays } from "../model/trace-frames.ts";
import { spanKinds, spanStatuses, type Trace } from "../model/trace.ts";
import { treeRows } from "../model/trace-tree.ts";
import { arraysOfTrace } from "./arrays-of-trace.ts";
import { buildTable, itemsStart, parentIdOf, spanIdOf, type SpanTable } from "./span-table.ts";

/** What a table says of a row, as the tree of objects says it. */
function rowOf(table: SpanTable, row: number): unknown {
  const { texts } = table;
  const names: [string, number][] = [];
  for (let at = itemsStart(table.eventEnds, row); at < table.eventEnds[row]!; at++) {
    names.push([texts[table.eventName[at]!]!, table.eventNano[at]!]);
  }
  return {
    id: spanIdOf(table, row),
    of: parentIdOf(table, row),
    name: texts[table.name[row]!],
    service: texts[table.service[row]!],
    start: table.startNano[row],
    duration: table.spanNano[row],
    kind: spanKinds[table.kind[row]!],
    status: spanStatuses[table.status[row]!],
    depth: table.depth[row],
    parent: table.parent[row],
    size: table.subtreeSize[row],
    orphan: table.orphan[row] === 1,
    events: names,
    links: table.linkEnds[row]! - itemsStart(table.linkEnds, row),
  };
}

function rowsOfObjects(trace: Trace): unknown[] {
  // Two spans of one service are of one resource, for a table.
  const services = [...new Set(trace.resources.map(({ service }) => service))];
  const spans = trace.spans.map((span) => ({
    ...span,
    resource: services.indexOf(trace.resources[span.resource]!.service),
  }));
  return treeRows(spans).map(({ span, depth, parent, subtreeSize, orphan }) => ({
    id: span.spanId,
    of: span.parentSpanId ?? "",
    name: span.name,
    service: services[span.resource],
    start: span.startNano,
    duration: span.durationNano,
    kind: span.kind,
    status: span.status,
    depth,
    parent,
    size: subtreeSize,
    orphan,
    events: span.events.map((event) => [event.name, event.timeNano]),
    links: span.links.length,
  }));
}

test("a table has the rows that the tree of objects has", () => {
  const property = fc.property(anySpans(12), fc.nat(), (briefs, salt) => {
    const trace = briefTrace(briefs);
    const table = buildTable({ ...arraysOfTrace(trace), parts: shuffledParts(trace, salt) });
    const rows = Array.from({ length: table.length }, (_, row) => rowOf(table, row));
    assert.deepEqual(rows, rowsOfObjects(trace));
    assert.equal(table.durationNano, trace.durationNano);
    assert.equal(table.startUnixNano.toString(), trace.startUnixNano);
  });
  fc.assert(property, { seed: printedSeed("span table"), numRuns: 300 });
});

/** The spans in two parts, those of the second given first. */
function shuffledParts(trace: Trace, salt: number): readonly SpanArrays[] {
  const half = trace.spans.length === 0 ? 0 : salt % trace.spans.length;
  const { parts } = arraysOfTrace(trace);
  // Of spans with one start and id, the one that came first is first.
  const keys = new Set(trace.spans.map(({ startNano, spanId }) => `${startNano} ${spanId}`));
  if (half === 0 || keys.size < trace.spans.length) return parts;
  const of = (spans: Trace["spans"]): SpanArrays => {
    // Numbers of texts must be those of the whole.
    const whole = arraysOfTrace(trace).texts;
    const { parts: own, texts } = arraysOfTrace({ ...trace, spans });
    const renumber = (numbers: Uint32Array): Uint32Array =>
      numbers.map((number) => whole.indexOf(texts[number]!));
    const [part] = own;
    return {
      ...part!,
      name: renumber(part!.name),
      service: renumber(part!.service),
      eventName: renumber(part!.eventName),
    };
  };
  return [of(trace.spans.slice(half)), of(trace.spans.slice(0, half))];
}

test("a table of nothing", () => {
  const table = buildTable({ traceId: "", isPartial: false, texts: [], parts: [] });
  assert.deepEqual([table.length, table.durationNano], [0, 0]);
});

test("200,000 spans in a chain, sent backwards: no stack, and little time", () => {
  const count = 200_000;
  const briefs: BriefSpan[] = [{ id: "a" }];
  const [one] = arraysOfTrace(briefTrace(briefs)).parts;
  const words = (make: (i: number) => number): Uint32Array =>
    Uint32Array.from({ length: count * 2 }, (_, at) =>
      at % 2 === 0 ? make(count - 1 - at / 2) : 0,
    );
  const begin = performance.now();
  const table = buildTable({
    traceId: "",
    isPartial: false,
    texts: ["a", "s"],
    parts: [
      {
        ...one!,
        spans: count,
        startUnixNano: words((i) => i),
        durationNano: words(() => 5),
        spanId: words((i) => i + 1),
        parentSpanId: words((i) => i),
        name: new Uint32Array(count),
        service: new Uint32Array(count).fill(1),
        kind: new Uint8Array(count),
        status: new Uint8Array(count),
        marks: new Uint8Array(count),
        eventEnds: new Uint32Array(count),
        linkEnds: new Uint32Array(count),
      },
    ],
  });
  assert.equal(table.depth[count - 1], count - 1);
  assert.ok(performance.now() - begin < 30_000);
});

test("spans without events and links are 51 bytes in a frame", () => {
  const [arrays] = arraysOfTrace(
    briefTrace(Array.from({ length: 800 }, (_, i) => ({ id: `${i}` }))),
  ).parts;
  assert.equal(encodeSpans(arrays!).length, 24 + 800 * 51);
});
