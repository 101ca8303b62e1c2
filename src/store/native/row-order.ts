/** The order of the `spans` table, for the rows of a batch: ClickHouse need not sort what comes sorted. */
import type { SpanColumns } from "../../model/span-columns.ts";

/** Whole numbers up to here are exact in a float. */
const EXACT_BITS = 52;
const PREFIX_BITS = 32;
/** Runs of one trace are short mostly, and nearly in order: this is faster there than a general sort. */
const INSERTION_SORT_ROWS = 32;

/**
 * All rows by tenant, time bucket, trace id and start, as the table's ORDER BY has it.
 *
 * Sorted are floats, natively, that hold all it takes for most pairs of rows:
 *
 *     rank of (tenant, bucket)  │  first bits of the trace id  │  row
 *
 * and then each run of rows that are equal but for the row, by comparing.
 */
export function rowsInTableOrder(columns: SpanColumns): Uint32Array {
  const { length: rows, traceId } = columns;
  const { rank, ranks } = rankTenantsAndBuckets(columns);
  const rowBits = bitsFor(rows);
  const prefixBits = Math.max(0, Math.min(PREFIX_BITS, EXACT_BITS - rowBits - bitsFor(ranks)));
  const perRow = 2 ** rowBits;
  const perRank = 2 ** (prefixBits + rowBits);
  const prefixUnit = 2 ** (PREFIX_BITS - prefixBits);
  const keys = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const at = row * 16;
    const first = traceId[at]! * 0x1000000 + traceId[at + 1]! * 0x10000;
    const prefix = first + traceId[at + 2]! * 0x100 + traceId[at + 3]!;
    keys[row] = rank[row]! * perRank + Math.floor(prefix / prefixUnit) * perRow + row;
  }
  keys.sort();
  const order = new Uint32Array(rows);
  let runStart = 0;
  let runKey = -1;
  for (let i = 0; i < rows; i++) {
    const key = Math.floor(keys[i]! / perRow);
    order[i] = keys[i]! - key * perRow;
    if (key === runKey) continue;
    sortRun(columns, order, runStart, i);
    runStart = i;
    runKey = key;
  }
  sortRun(columns, order, runStart, rows);
  return order;
}

/** How many bits hold every number below `count`. */
function bitsFor(count: number): number {
  return Math.ceil(Math.log2(Math.max(count, 2)));
}

/** By row, the place of its (tenant, time bucket) among those of the batch, which are few. */
function rankTenantsAndBuckets(columns: SpanColumns): { rank: Uint32Array; ranks: number } {
  const { length: rows, tenant, timeBucket, strings } = columns;
  const groups = new Map<number, Map<number, number>>(); // tenant → bucket → number
  const found: { readonly tenant: number; readonly bucket: number }[] = [];
  const groupOf = new Uint32Array(rows);
  for (let row = 0, last = -1; row < rows; row++) {
    const ofTenant = tenant[row]!;
    const bucket = timeBucket[row]!;
    if (last === -1 || found[last]!.tenant !== ofTenant || found[last]!.bucket !== bucket) {
      let buckets = groups.get(ofTenant);
      if (buckets === undefined) groups.set(ofTenant, (buckets = new Map()));
      last = buckets.get(bucket) ?? found.push({ tenant: ofTenant, bucket }) - 1;
      buckets.set(bucket, last);
    }
    groupOf[row] = last;
  }
  const text = (id: number): Uint8Array =>
    strings.bytes.subarray(strings.start(id), strings.end(id));
  const sorted = found
    .map((group, number) => ({ ...group, number }))
    .sort((a, b) => Buffer.compare(text(a.tenant), text(b.tenant)) || a.bucket - b.bucket);
  const rankOf = new Uint32Array(found.length);
  sorted.forEach(({ number }, rank) => (rankOf[number] = rank));
  for (let row = 0; row < rows; row++) groupOf[row] = rankOf[groupOf[row]!]!;
  return { rank: groupOf, ranks: found.length };
}

function sortRun(columns: SpanColumns, order: Uint32Array, from: number, to: number): void {
  if (to - from > INSERTION_SORT_ROWS) {
    order.subarray(from, to).sort((a, b) => compareRows(columns, a, b));
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const row = order[i]!;
    let at = i;
    while (at > from && compareRows(columns, order[at - 1]!, row) > 0) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = row;
  }
}

/** Of rows of one tenant and bucket: by trace id, then start. */
function compareRows({ traceId, startUnixNano }: SpanColumns, a: number, b: number): number {
  for (let i = 0, atA = a * 16, atB = b * 16; i < 16; i++, atA++, atB++) {
    const difference = traceId[atA]! - traceId[atB]!;
    if (difference !== 0) return difference;
  }
  const high = startUnixNano[2 * a + 1]! - startUnixNano[2 * b + 1]!;
  return high !== 0 ? high : startUnixNano[2 * a]! - startUnixNano[2 * b]!;
}
