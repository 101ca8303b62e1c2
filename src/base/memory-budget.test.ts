import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { type Lease, MemoryBudget, memoryParts } from "./memory-budget.ts";

test("what fits is held, what does not is refused, what is freed can be had again", () => {
  const budget = new MemoryBudget({ limitBytes: 100 });
  const [a, b] = [budget.lease("bodies"), budget.lease("log")];
  a.add(60);
  b.add(40);
  assert.throws(() => b.add(1), { code: "exhausted", retryAfterSeconds: 1 });
  assert.deepEqual([budget.used("bodies"), budget.used("log"), budget.usedBytes], [60, 40, 100]);
  a.free();
  a.free();
  b.add(60);
  assert.equal(budget.usedBytes, 100);
});

test("a lease that is over takes no more", () => {
  const lease = new MemoryBudget({ limitBytes: 100 }).lease("bodies");
  lease.free();
  assert.throws(() => lease.add(1), { code: "invalid" });
});

test("what can never fit is too large, however empty it is", () => {
  const budget = new MemoryBudget({ limitBytes: 100, reservedBytes: 30 });
  const lease = budget.lease("bodies");
  lease.add(50);
  assert.throws(() => lease.add(21), { code: "tooLarge", message: /70 bytes/ });
  lease.add(20);
});

test("memory that is handed on is counted once, with who has it", () => {
  const budget = new MemoryBudget({ limitBytes: 100 });
  const body = budget.lease("bodies");
  body.add(70);
  const logged = body.handOn("log");
  body.free();
  assert.deepEqual([budget.used("bodies"), budget.used("log")], [0, 70]);
  logged.free();
  assert.equal(budget.usedBytes, 0);
});

test("inserts go on with what is kept free for them, and leave less to the others beyond it", () => {
  const budget = new MemoryBudget({ limitBytes: 100, reservedBytes: 40 });
  const [bodies, insert] = [budget.lease("bodies"), budget.lease("inserts")];
  bodies.add(60);
  assert.throws(() => budget.lease("log").add(1), { code: "exhausted" });
  insert.holdExactly(40);
  assert.equal(budget.usedBytes, 100);
  bodies.free();
  insert.holdExactly(70);
  assert.throws(() => budget.lease("log").add(31), { code: "exhausted" });
  budget.lease("log").add(30);
});

test("a shortage is told, and what is given up makes room", () => {
  const budget = new MemoryBudget({ limitBytes: 100 });
  const cached = [budget.lease("sealed"), budget.lease("sealed")];
  for (const lease of cached) lease.add(45);
  const missing: number[] = [];
  budget.onShortage = (bytes) => {
    missing.push(bytes);
    cached.pop()?.free();
  };
  const body = budget.lease("bodies");
  body.add(30);
  assert.deepEqual([missing, budget.used("sealed")], [[20], 45]);
  assert.throws(() => budget.lease("log").add(71), { code: "exhausted" });
  assert.equal(budget.usedBytes, 30, "tried, though in vain");
});

test("whatever happens, the limit holds and all that is freed is gone", () => {
  const seed = printedSeed("memory budget");
  const step = fc.record({
    who: fc.nat(5),
    what: fc.constantFrom("add", "free", "handOn" as const),
    part: fc.constantFrom(...memoryParts),
    bytes: fc.nat(60),
  });
  const property = fc.property(fc.array(step), (steps) => {
    const budget = new MemoryBudget({ limitBytes: 100, reservedBytes: 20 });
    const leases = new Map<number, Lease>();
    for (const { who, what, part, bytes } of steps) {
      const lease = leases.get(who) ?? budget.lease(part);
      leases.set(who, lease);
      try {
        if (what === "add") lease.add(bytes);
        if (what === "handOn") leases.set(who, lease.handOn(part));
        if (what !== "free") continue;
        lease.free();
        leases.delete(who);
      } catch (error) {
        assert.match((error as { code: string }).code, /exhausted|tooLarge/);
      }
      const held = [...leases.values()].reduce((sum, one) => sum + one.bytes, 0);
      assert.equal(budget.usedBytes, held);
      assert.ok(held <= 100);
    }
    for (const lease of leases.values()) lease.free();
    for (const part of memoryParts) assert.equal(budget.used(part), 0);
  });
  fc.assert(property, { seed, numRuns: 300 });
});
