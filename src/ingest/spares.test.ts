import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryBudget } from "../base/memory-budget.ts";
import { Spares } from "./spares.ts";

test("what served serves again, its memory counted with whoever has it", () => {
  const budget = new MemoryBudget({ limitBytes: 100 });
  let made = 0;
  const spares = new Spares({ budget, make: () => ++made, most: 2, mostBytes: 40 });
  const first = spares.take("open");
  assert.deepEqual([first.item, first.memory.bytes], [1, 0]);
  spares.keep(first.item, 30);
  assert.equal(budget.used("spare"), 30);
  const again = spares.take("inserts");
  assert.deepEqual([again.item, again.memory.bytes], [1, 30]);
  assert.deepEqual([budget.used("spare"), budget.used("inserts")], [0, 30]);
});

test("only so many are kept, none that are too large, and all can be given up", () => {
  const budget = new MemoryBudget({ limitBytes: 100 });
  const spares = new Spares({ budget, make: () => 0, most: 2, mostBytes: 40 });
  for (const [item, bytes] of [
    [1, 41],
    [2, 40],
    [3, 40],
    [4, 1],
  ] as const)
    spares.keep(item, bytes);
  assert.equal(budget.used("spare"), 80);
  spares.giveUp(() => budget.usedBytes <= 40);
  assert.equal(budget.used("spare"), 40);
  assert.equal(spares.take("open").item, 2);
  assert.equal(spares.take("open").item, 0);
});
