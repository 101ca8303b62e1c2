import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  arbitraryTraces,
  normalTraces,
  oracleDecode,
  oracleEncode,
  printedSeed,
  runs,
} from "../../../test/support/oracle.ts";
import { asStored } from "../../../test/support/native.ts";
import type { AttributeColumns, AttributeType } from "../../model/attribute-columns.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { OtlpDecoder } from "../../wire/otlp/decode.ts";
import { encodeTracesData } from "../../wire/otlp/encode.ts";
import { type AttributeScope, type PromotedAttribute, promotedByTraffic } from "../promoted.ts";
import { builtInTable, spansTable } from "../schema.ts";
import { readBlocks } from "./block-reader.ts";
import { spanBlock } from "./span-block.ts";
import { spansOfBlocks } from "./spans-of-blocks.ts";

test("a Native block reads back to the same spans", () => {
  const seed = printedSeed("native round trip");
  const property = fc.property(arbitraryTraces, (traces) => {
    const body = oracleEncode("TracesData", traces);
    const columns = new SpanColumns();
    new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 1000 }).decode(body);
    if (columns.length === 0) return;
    const block = spanBlock(columns);
    const back = oracleDecode("TracesData", encodeTracesData(spansOfBlocks(asStored(block))));
    assert.deepEqual(normalTraces(back), normalTraces(oracleDecode("TracesData", body)));
  });
  fc.assert(property, { seed, numRuns: runs(150) });
});

test("a block of a table with a column for every key reads back to the same spans", () => {
  const seed = printedSeed("native round trip, all promoted");
  const property = fc.property(arbitraryTraces, fc.boolean(), (traces, fewValues) => {
    const body = oracleEncode("TracesData", traces);
    const columns = new SpanColumns();
    new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 1000 }).decode(body);
    if (columns.length === 0) return;
    const table = spansTable(promotable(columns, fewValues));
    const block = spanBlock(columns, table);
    const own = [...readBlocks(block.bytes)[0]!.columns.keys()];
    assert.deepEqual(own, block.columns);
    const all = table.columns.map(([name]) => name);
    assert.deepEqual(
      own,
      all.filter((name) => own.includes(name)),
      "in the order of the table",
    );
    const bytes = asStored(block, table);
    const back = oracleDecode("TracesData", encodeTracesData(spansOfBlocks(bytes, table)));
    assert.deepEqual(normalTraces(back), normalTraces(oracleDecode("TracesData", body)));
  });
  fc.assert(property, { seed, numRuns: runs(150) });
});

test("spans of several tenants share a block, each with its own", () => {
  const columns = new SpanColumns();
  const decoder = new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 1000 });
  const spans = [1, 2].map((id) => ({
    traceId: Buffer.alloc(16, id),
    spanId: Buffer.alloc(8, id),
  }));
  const body = oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  for (const tenant of ["a", "b", "a"]) {
    const from = columns.length;
    decoder.decode(body);
    columns.setTenant(from, tenant);
  }
  const back = spansOfBlocks(asStored(spanBlock(columns)));
  const tenants = Array.from({ length: 6 }, (_, row) => back.strings.text(back.tenant[row]!));
  assert.deepEqual(tenants, ["a", "a", "a", "a", "b", "b"]);
});

/** A column for every key that may have one, of the type that comes last. */
function promotable(columns: SpanColumns, fewValues: boolean): PromotedAttribute[] {
  const byKey = new Map<string, PromotedAttribute>();
  const { keys } = columns.memory;
  const add = (scope: AttributeScope, { length, key, type }: AttributeColumns): void => {
    for (let at = 0; at < length; at++) {
      const shape = { scope, key: keys.text(key[at]!), type: type[at] as AttributeType, fewValues };
      const attribute = promotedByTraffic(shape);
      if (attribute === undefined || isBuiltIn(attribute)) continue;
      byKey.set(`${scope} ${attribute.key}`, attribute);
    }
  };
  add("span", columns.attributes);
  add("resource", columns.resources.attributes);
  return [...byKey.values()];
}

const isBuiltIn = ({ scope, key }: PromotedAttribute): boolean =>
  builtInTable.promoted.some((attribute) => attribute.scope === scope && attribute.key === key);

test("a block of a span with nothing but ids has few columns", () => {
  const columns = new SpanColumns();
  columns.resources.add();
  columns.resources.attributes.closeOwner();
  columns.scopes.add();
  columns.scopes.attributes.closeOwner();
  columns.add();
  columns.closeSpan();
  columns.setTenant(0, "t");
  assert.deepEqual(spanBlock(columns).columns, [
    "tenant",
    "time_bucket",
    "trace_id",
    "span_id",
    "parent_span_id",
    "start_unix_nano",
    "duration_nano",
  ]);
});
