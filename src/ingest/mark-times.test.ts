import assert from "node:assert/strict";
import { test } from "node:test";
import { markBits, SpanColumns } from "../model/span-columns.ts";
import { markTimes } from "./mark-times.ts";

//        past limit        arrival      future limit
//  ──────────┼────────────────┼───────────────┼──────────
//          900             1000            1100      seconds (× 1000)
const ARRIVAL = 1_000_000;
const limits = { pastSeconds: 100_000, futureSeconds: 100_000 };

const cases: [name: string, start: bigint, end: bigint, bucket: number, marks: number][] = [
  ["now", 1_000_000n, 1_000_001n, 999_900, 0],
  ["at the past limit", 900_000n, 900_000n, 900_000, 0],
  ["before it", 899_999n, 900_000n, 999_900, markBits.farPast],
  ["at the future limit", 1_100_000n, 1_100_000n, 1_099_800, 0],
  ["after it", 1_100_001n, 1_100_002n, 999_900, markBits.farFuture],
  ["ends before it starts", 1_000_000n, 999_999n, 999_900, markBits.endsBeforeStart],
  ["no times at all", 0n, 0n, 999_900, markBits.farPast],
  ["the end of time, ended at its start", 18_446_744_073n, 0n, 999_900, 3],
];
for (const [name, start, end, bucket, marks] of cases) {
  test(`markTimes: ${name}`, () => {
    const columns = new SpanColumns();
    const row = columns.add();
    setNanos(columns.startUnixNano, row, start * 1_000_000_000n);
    setNanos(columns.endUnixNano, row, end * 1_000_000_000n);
    markTimes(columns, 0, ARRIVAL, limits);
    assert.equal(columns.timeBucket[row], bucket);
    assert.equal(columns.marks[row], marks);
  });
}

function setNanos(words: Uint32Array, row: number, nanos: bigint): void {
  words[2 * row] = Number(nanos & 0xffffffffn);
  words[2 * row + 1] = Number(nanos >> 32n);
}
