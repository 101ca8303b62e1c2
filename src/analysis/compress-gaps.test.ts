import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../test/support/brief-table.ts";
import { compressGaps, realTime } from "./compress-gaps.ts";

test("compressGaps: what nothing runs in is made short, and times can be told again", () => {
  const table = briefTable([
    { id: "send", start: 0, duration: 100 },
    { id: "take", start: 10_000, duration: 100, events: [{ at: 50 }] },
    { id: "work", of: "take", start: 10_020, duration: 60 },
    { id: "late", start: 20_100, duration: 200 },
  ]);
  const { table: shown, cuts } = compressGaps(table);
  assert.deepEqual(cuts, [
    { atNano: 100, shownNano: 20, removedNano: 9880 },
    { atNano: 220, shownNano: 20, removedNano: 9980 },
  ]);
  assert.deepEqual([...shown.startNano], [0, 120, 140, 240]);
  assert.equal(shown.durationNano, 440);
  assert.deepEqual([...shown.eventNano], [170]);
  for (let row = 0; row < table.length; row++) {
    assert.equal(realTime(cuts, shown.startNano[row]!), table.startNano[row]);
  }
  assert.equal(realTime(cuts, 110), 5050);
});

test("compressGaps: a trace in which something always runs stays as it is", () => {
  const table = briefTable([
    { id: "a", start: 0, duration: 1000 },
    { id: "b", of: "a", start: 900, duration: 50 },
  ]);
  assert.equal(compressGaps(table).table, table);
});
