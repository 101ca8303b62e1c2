import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  briefTrace,
  type BriefAttributes,
  type BriefSpan,
} from "../../../../test/support/brief-trace.ts";
import { printedSeed } from "../../../../test/support/oracle.ts";
import {
  anyFilterText,
  anyPipelineText,
  anySpans,
} from "../../../../test/support/random-traces.ts";
import { Fault } from "../../../base/fault.ts";
import { arraysOfTrace } from "../../../analysis/arrays-of-trace.ts";
import { buildTable, spanIdOf, type SpanTable } from "../../../analysis/span-table.ts";
import type { AnyValue, KeyValue, Trace } from "../../../model/trace.ts";
import { spanKinds } from "../../../model/trace.ts";
import { readQuery } from "../../../traceql/check.ts";
import { neededFields } from "../../../traceql/evaluate/needed-fields.ts";
import { compileSearch } from "../../../traceql/evaluate/search.ts";
import { traceViewOf } from "../../../traceql/evaluate/view-of-trace.ts";
import { plainValue, searchableText, type ValueColumn } from "./value-column.ts";
import {
  columnsOf,
  columnText,
  rowsByStart,
  viewOfTable,
  type ColumnName,
} from "./view-of-table.ts";

/** Only what a column of values can have. */
function scalar(attributes: BriefAttributes = {}): BriefAttributes {
  const kept = Object.entries(attributes).filter(([, value]) =>
    ["string", "bigint", "number", "boolean"].includes(typeof value),
  );
  return Object.fromEntries(kept);
}

function plain(span: BriefSpan): BriefSpan {
  const { attributes, resource, events, links } = span;
  return {
    ...span,
    attributes: scalar(attributes),
    resource: scalar(resource),
    ...(events && { events: events.map((event) => ({ ...event, attributes: {} })) }),
    ...(links && { links: links.map((link) => ({ ...link, attributes: {} })) }),
  };
}

function text(value: AnyValue): string {
  if ("stringValue" in value) return `s${value.stringValue}`;
  if ("intValue" in value) return `i${value.intValue}`;
  if ("doubleValue" in value) return `d${value.doubleValue}`;
  return `b${"boolValue" in value && value.boolValue ? 1 : 0}`;
}

/** The column as the server would send it. */
function columnOf(trace: Trace, table: SpanTable, { owner, key }: ColumnName): ValueColumn {
  const texts: string[] = [];
  const numbers = new Int32Array(table.length).fill(-1);
  for (let row = 0; row < table.length; row++) {
    const span = trace.spans.find(
      (one) =>
        one.spanId === spanIdOf(table, row) && spanKinds.indexOf(one.kind) === table.kind[row],
    )!;
    const owners: Record<string, readonly KeyValue[]> = {
      span: span.attributes,
      resource: trace.resources[span.resource]!.attributes,
      scope: trace.scopes[span.scope]!.attributes,
      intrinsic: [{ key: "statusMessage", value: { stringValue: span.statusMessage } }],
    };
    const found = owners[owner]!.find((attribute) => attribute.key === key);
    if (found === undefined) continue;
    numbers[row] = texts.push(text(found.value)) - 1;
  }
  return { numbers, texts };
}

function matchesOfObjects(trace: Trace, query: string): string[] {
  const read = readQuery(query).query!;
  const sets = compileSearch(read).evaluate(traceViewOf(trace));
  const rows = new Set(sets.flatMap((set) => [...set.rows]));
  return [...rows].map((row) => trace.spans[row]!.spanId).toSorted();
}

function matchesOfTable(trace: Trace, query: string): string[] {
  const read = readQuery(query).query!;
  const table = buildTable(arraysOfTrace(trace));
  const names = columnsOf(neededFields(read).fields.map(({ field }) => field));
  const columns = new Map(names.map((name) => [columnText(name), columnOf(trace, table, name)]));
  const rows = rowsByStart(table);
  const sets = compileSearch(read).evaluate(viewOfTable(table, rows, columns));
  const found = new Set(sets.flatMap((set) => [...set.rows]));
  return [...found].map((at) => spanIdOf(table, rows[at]!)).toSorted();
}

function orFault(answer: () => string[]): string[] | string {
  try {
    return answer();
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

test("a table answers queries as the trace of objects does", () => {
  // Ids that spans share would make columns ambiguous here.
  const traces = anySpans(10)
    .map((spans) => spans.map(plain))
    .filter((spans) => new Set(spans.map(({ id }) => id)).size === spans.length);
  const queries = fc.oneof(
    anyFilterText.map((filter) => (filter.startsWith("{") ? filter : `{ ${filter} }`)),
    anyPipelineText,
  );
  let asked = 0;
  const property = fc.property(traces, queries, (spans, query) => {
    const trace = briefTrace(spans);
    if (readQuery(query).query === undefined || trace.spans.length === 0) return;
    asked++;
    const got = orFault(() => matchesOfTable(trace, query));
    assert.deepEqual(
      got,
      orFault(() => matchesOfObjects(trace, query)),
      query,
    );
  });
  fc.assert(property, { seed: printedSeed("queries on tables"), numRuns: 1000 });
  assert.ok(asked > 300, `only ${asked} queries were asked`);
});

test("values as text: read by type, shown without it", () => {
  assert.deepEqual(searchableText("i-5"), { type: "int", value: -5n });
  assert.deepEqual(searchableText("d-inf"), { type: "float", value: -Infinity });
  assert.deepEqual(searchableText("dnan"), { type: "float", value: NaN });
  assert.deepEqual(searchableText("b0"), { type: "bool", value: false });
  assert.deepEqual(searchableText("sin"), { type: "string", value: "in" });
  assert.deepEqual(["i7", "b1", "b0", "s", "sx"].map(plainValue), ["7", "true", "false", "", "x"]);
});
