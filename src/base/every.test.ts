import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { every } from "./every.ts";

test("every runs at once and again, also after a failure, and never twice at once", async () => {
  let running = 0;
  let runs = 0;
  const errors: unknown[] = [];
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const task = async (): Promise<void> => {
    running++;
    assert.equal(running, 1);
    await sleep(5);
    running--;
    if (++runs === 3) resolve();
    throw new Error(`run ${runs}`);
  };
  const repeated = every(1, task, (error) => errors.push((error as Error).message));
  assert.equal(running, 1);
  await enough;
  repeated.close();
  await sleep(20);
  assert.deepEqual([runs, errors], [3, ["run 1", "run 2"]]);
});
