import assert from "node:assert/strict";
import { test } from "node:test";
import type { Block, Column } from "./native/block-reader.ts";
import { SkeletonBatch } from "./skeleton-batch.ts";
import { rowsByTrace, spansInOrder } from "./skeleton-rows.ts";

/** Trace, span, start, kind, service, duration. */
type Row = readonly [
  trace: number,
  span: number,
  start: number,
  kind: number,
  service: string,
  duration?: number,
];

function blockOf(rows: readonly Row[]): Block {
  const fixed = (width: number, value: (row: Row) => number): Column => {
    const bytes = new Uint8Array(width * rows.length);
    rows.forEach((row, i) => (bytes[i * width] = value(row)));
    return { kind: "fixed", width, bytes };
  };
  const text = (value: (row: Row) => string): Column => {
    const all = rows.map((row) => Buffer.from(value(row)));
    const ends = all.map((_, i) => Buffer.concat(all.slice(0, i + 1)).length);
    const texts = {
      bytes: Buffer.concat(all),
      start: (i: number) => ends[i - 1] ?? 0,
      end: (i: number) => ends[i]!,
    };
    return { kind: "string", texts };
  };
  const columns = new Map<string, Column>([
    ["trace_id", fixed(16, ([trace]) => trace)],
    ["span_id", fixed(8, ([, span]) => span)],
    ["parent_span_id", fixed(8, () => 0)],
    ["start_unix_nano", fixed(8, ([, , start]) => start)],
    ["duration_nano", fixed(8, ([, , , , , duration]) => duration ?? 0)],
    ["kind", fixed(1, ([, , , kind]) => kind)],
    ["status_code", fixed(1, () => 0)],
    ["misfiled", fixed(1, () => 0)],
    ["time_bucket", fixed(4, () => 0)],
    ["name", text(() => "n")],
    ["service", text(([, , , , service]) => service)],
  ]);
  return { rows: rows.length, columns };
}

test("rows of several blocks are sorted by trace, and a trace's by start and id, each span once", () => {
  const batch = new SkeletonBatch(
    [
      blockOf([
        [1, 7, 30, 1, "a"],
        [1, 8, 10, 1, "a"],
        [2, 7, 5, 1, "a"],
      ]),
      blockOf([
        [1, 6, 30, 1, "a"],
        [1, 7, 30, 1, "a"], // the same span
        [1, 7, 40, 1, "a"], // the same, sent again with another start
        [1, 7, 30, 2, "a"], // another kind: a span of its own
        [1, 7, 30, 1, "b"], // another service, too
      ]),
    ],
    [],
  );
  const traces = rowsByTrace(batch);
  assert.deepEqual([...traces.keys()], ["01".padEnd(32, "0"), "02".padEnd(32, "0")]);
  const [first, second] = [...traces.values()].map((rows) => [...spansInOrder(batch, rows)]);
  assert.deepEqual(second, [2]);
  const [a, b, ...rest] = first!;
  assert.deepEqual([a, b], [1, 3]);
  assert.equal(rest.length, 3);
  const described = rest.map((row) => `${batch.kind[row]} ${batch.text("service", row)}`);
  assert.deepEqual(described, ["1 a", "1 b", "2 a"]);
});

test("of two rows of one span it is always the same that counts", () => {
  const rows: Row[] = [
    [1, 7, 30, 1, "a", 5],
    [1, 7, 30, 1, "a", 4],
  ];
  for (const order of [rows, rows.toReversed()]) {
    const batch = new SkeletonBatch([blockOf(order)], []);
    const [row] = spansInOrder(batch, [0, 1]);
    assert.equal(batch.durationNano[row!], 4n);
  }
});
