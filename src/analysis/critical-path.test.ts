import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTable, rowNamed } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { printedSeed } from "../../test/support/oracle.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { criticalPath, stretchesOf } from "./critical-path.ts";
import type { SpanTable } from "./span-table.ts";

/** "a 0-10, b 10-20": the path by time. */
function draw(spans: readonly BriefSpan[]): string {
  const table = briefTable(spans);
  const path = criticalPath(table, 0);
  return Array.from(path.row, (row, i) => ({ row, from: path.fromNano[i]!, to: path.toNano[i]! }))
    .toSorted((a, b) => a.from - b.from)
    .map(({ row, from, to }) => `${table.texts[table.name[row]!]} ${from}-${to}`)
    .join(", ");
}

const child = (id: string, start: number, end: number, of = "a"): BriefSpan => {
  return { id, of, start, duration: end - start };
};
const root: BriefSpan = { id: "a", start: 0, duration: 100 };

const cases: [name: string, spans: BriefSpan[], want: string][] = [
  ["a span alone", [root], "a 0-100"],
  // a ──────────
  // b  ──
  // c     ───
  [
    "one after the other",
    [root, child("b", 10, 30), child("c", 40, 70)],
    "a 0-10, b 10-30, a 30-40, c 40-70, a 70-100",
  ],
  // b  ─────
  // c    ──────
  [
    "of two that overlap, the one that ends last",
    [root, child("b", 10, 50), child("c", 30, 90)],
    "a 0-30, c 30-90, a 90-100",
  ],
  [
    "one within another",
    [root, child("b", 10, 90), child("c", 30, 50)],
    "a 0-10, b 10-90, a 90-100",
  ],
  [
    "a child that outlives its parent counts up to its end",
    [root, child("b", 50, 300)],
    "a 0-50, b 50-100",
  ],
  [
    "what began before its parent counts from its start",
    [{ ...root, start: 10 }, child("b", 0, 50)],
    "b 10-50, a 50-110",
  ],
  [
    "grandchildren",
    [root, child("b", 10, 90), child("c", 20, 60, "b")],
    "a 0-10, b 10-20, c 20-60, b 60-90, a 90-100",
  ],
  ["nobody waits for a consumer", [root, { ...child("b", 10, 90), kind: "consumer" }], "a 0-100"],
  ["a child after its parent is not on it", [root, child("b", 120, 150)], "a 0-100"],
];
for (const [name, spans, want] of cases) {
  test(`criticalPath: ${name}`, () => assert.equal(draw(spans), want));
}

/** The span that is on the path at a moment, asked nanosecond by nanosecond: from the end backwards. */
function pathByMoments(table: SpanTable, root: number): Map<number, number> {
  const at = new Map<number, number>();
  const walk = (row: number, from: number, until: number): void => {
    const endOf = (child: number) =>
      Math.min(table.startNano[child]! + table.spanNano[child]!, until);
    const children = Array.from({ length: table.length }, (_, i) => i).filter(
      (i) => table.parent[i] === row && table.kind[i] !== 5 && table.spanNano[i]! >= 0,
    );
    const left = new Set(children);
    let cursor = until;
    while (cursor > from) {
      const ended = [...left].filter(
        (i) => endOf(i) <= cursor && endOf(i) > from && table.startNano[i]! < cursor,
      );
      ended.sort(
        (a, b) => endOf(b) - endOf(a) || table.startNano[b]! - table.startNano[a]! || b - a,
      );
      const last = ended[0];
      if (last === undefined || endOf(last) < cursor) {
        at.set(--cursor, row);
        continue;
      }
      left.delete(last);
      const start = Math.max(table.startNano[last]!, from);
      walk(last, start, endOf(last));
      cursor = start;
    }
  };
  walk(root, table.startNano[root]!, table.startNano[root]! + table.spanNano[root]!);
  return at;
}

test("criticalPath: as somebody finds it who asks for every nanosecond", () => {
  const short = anySpans(10).map((spans) =>
    spans.map((span) => ({ ...span, duration: Math.min(span.duration ?? 1, 30) })),
  );
  const property = fc.property(short, (spans) => {
    const table = briefTable(spans);
    if (table.length === 0) return;
    const path = criticalPath(table, 0);
    const found = new Map<number, number>();
    path.row.forEach((row, i) => {
      for (let nano = path.fromNano[i]!; nano < path.toNano[i]!; nano++) {
        assert.ok(!found.has(nano), "one span at a time");
        found.set(nano, row);
      }
    });
    const order = (map: Map<number, number>) => [...map].toSorted(([a], [b]) => a - b);
    assert.deepEqual(order(found), order(pathByMoments(table, 0)));
  });
  fc.assert(property, { seed: printedSeed("critical path"), numRuns: 500 });
});

test("stretchesOf: those of a subtree", () => {
  const table = briefTable([root, child("b", 10, 90), child("c", 20, 60, "b"), child("d", 95, 98)]);
  const path = criticalPath(table, 0);
  const b = rowNamed(table, "b");
  const { first, end } = stretchesOf(path, b, b + 2);
  assert.deepEqual([...path.fromNano.subarray(first, end)], [10, 60, 20]);
});

test("criticalPath: a long chain, and as many siblings", () => {
  for (const parentOf of [(i: number) => `${i - 1}`, () => "0"]) {
    const spans = Array.from({ length: 20_000 }, (_, i): BriefSpan => {
      return {
        id: `${i}`,
        ...(i > 0 && { of: parentOf(i) }),
        start: i,
        duration: i === 0 ? 1e6 : 1,
      };
    });
    const table = briefTable(spans);
    assert.ok(criticalPath(table, 0).row.length > 0);
  }
});
