import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  arbitraryTraces,
  normalTraces,
  oracleDecode,
  oracleEncode,
  printedSeed,
} from "../../../test/support/oracle.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { OtlpDecoder } from "../../wire/otlp/decode.ts";
import { encodeTracesData } from "../../wire/otlp/encode.ts";
import { spanTableColumns } from "../schema.ts";
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
    const block = spanBlock(columns, "single-tenant");
    const back = oracleDecode("TracesData", encodeTracesData(spansOfBlocks(block)));
    assert.deepEqual(normalTraces(back), normalTraces(oracleDecode("TracesData", body)));
  });
  fc.assert(property, { seed, numRuns: 150 });
});

test("a block has the table's columns, in its order", () => {
  const columns = new SpanColumns();
  columns.resources.add();
  columns.resources.attributes.closeOwner();
  columns.scopes.add();
  columns.scopes.attributes.closeOwner();
  columns.add();
  columns.closeSpan();
  const [block] = readBlocks(spanBlock(columns, "t"));
  assert.deepEqual(
    [...block!.columns.keys()],
    spanTableColumns.map(([name]) => name),
  );
});
