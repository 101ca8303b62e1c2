import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable, namesOf, rowNamed } from "../../../test/support/brief-table.ts";
import type { BriefSpan } from "../../../test/support/brief-trace.ts";
import { mainRow, rowOfKey, selfNano, spanKey, viewTable } from "./view.ts";

test("viewTable: counts services, errors, levels and orphans", () => {
  const view = viewTable(
    briefTable([
      { id: "a", service: "edge" },
      { id: "b", of: "a", service: "stock", status: "error" },
      { id: "c", of: "b", service: "stock" },
      { id: "d", of: "c", service: "stock", status: "error" },
      { id: "e", of: "gone", service: "edge" },
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
  const mainOf = (spans: readonly BriefSpan[]): string[] => {
    const table = briefTable(spans);
    return namesOf(
      table,
      [mainRow(table)].filter((row) => row >= 0),
    );
  };
  assert.deepEqual(mainOf([{ id: "a", of: "gone" }, { id: "b" }]), ["b"]);
  assert.deepEqual(mainOf([{ id: "a", of: "gone" }]), ["a"]);
});

test("spanKey: tells spans with a shared id apart", () => {
  const table = briefTable([
    { id: "s", kind: "client" },
    { id: "s", kind: "server", service: "b" },
    { id: "t", of: "s" },
  ]);
  const keys = [0, 1, 2].map((row) => spanKey(table, row));
  assert.deepEqual(keys.toSorted(), ["0000000000000073", "0000000000000073.2", "0000000000000074"]);
  assert.deepEqual(
    keys.map((key) => rowOfKey(table, key)),
    [0, 1, 2],
  );
  assert.deepEqual(
    ["", "x", "0000000000000073.3", "0000000000000073.x"].map((key) => rowOfKey(table, key)),
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
  const child = (id: string, start: number, duration: number): BriefSpan => {
    return { id, of: "a", start, duration };
  };
  const table = briefTable([
    child("f", -20, 25),
    { id: "a", start: 0, duration: 100 },
    child("b", 10, 20),
    child("c", 25, 25),
    child("d", 30, 10),
    child("e", 90, 30),
  ]);
  assert.equal(selfNano(table, rowNamed(table, "a")), 100 - 5 - 40 - 10);
  assert.equal(selfNano(table, rowNamed(table, "f")), 25);
});

test("selfNano: of a span that ends before it starts is nothing", () => {
  assert.equal(selfNano(briefTable([{ id: "a", start: 50, duration: -10 }]), 0), 0);
});
