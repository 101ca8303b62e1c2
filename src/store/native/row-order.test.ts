import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../../test/support/oracle.ts";
import { SpanColumns } from "../../model/span-columns.ts";
import { rowsInTableOrder } from "./row-order.ts";

interface Row {
  readonly tenant: string;
  readonly bucket: number;
  readonly traceId: Uint8Array;
  readonly start: bigint;
}

const row: fc.Arbitrary<Row> = fc.record({
  tenant: fc.constantFrom("b", "a", "ab"),
  bucket: fc.constantFrom(300, 600, 4_294_967_100),
  traceId: fc
    .tuple(fc.constantFrom(0, 1, 255), fc.constantFrom(0, 1, 255), fc.constantFrom(0, 7))
    .map(([first, fifth, last]) => {
      const id = new Uint8Array(16);
      id[0] = first;
      id[4] = fifth;
      id[15] = last;
      return id;
    }),
  start: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

function columnsOf(rows: readonly Row[]): SpanColumns {
  const columns = new SpanColumns();
  for (const { tenant, bucket, traceId, start } of rows) {
    const at = columns.add();
    columns.closeSpan();
    columns.setTenant(at, tenant);
    columns.timeBucket[at] = bucket;
    columns.traceId.set(traceId, at * 16);
    columns.startUnixNano[2 * at] = Number(start & 0xffff_ffffn);
    columns.startUnixNano[2 * at + 1] = Number(start >> 32n);
  }
  return columns;
}

function compare(a: Row, b: Row): number {
  const byStart = a.start < b.start ? -1 : a.start > b.start ? 1 : 0;
  const byTrace = Buffer.compare(a.traceId, b.traceId);
  return (
    Buffer.compare(Buffer.from(a.tenant), Buffer.from(b.tenant)) ||
    a.bucket - b.bucket ||
    byTrace ||
    byStart
  );
}

test("rows come in the table's order, each once", () => {
  const seed = printedSeed("row order");
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 200 }), (rows) => {
      const order = [...rowsInTableOrder(columnsOf(rows))];
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        [...rows.keys()],
      );
      const got = order.map((at) => rows[at]!);
      assert.deepEqual(got, rows.toSorted(compare));
    }),
    { seed },
  );
});

test("more rows and buckets than their bits leave room for a trace's prefix", () => {
  const rows = Array.from({ length: 70_000 }, (_, i): Row => {
    const traceId = new Uint8Array(16);
    traceId[3] = i % 251;
    return { tenant: "a", bucket: 300 * ((i * 7919) % 30_011), traceId, start: BigInt(i % 1009) };
  });
  const order = rowsInTableOrder(columnsOf(rows));
  const got = Array.from(order, (at) => rows[at]!);
  assert.ok(got.every((now, i) => i === 0 || compare(got[i - 1]!, now) <= 0));
});
