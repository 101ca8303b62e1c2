import assert from "node:assert/strict";
import { test } from "node:test";
import { inSlices } from "./slices.ts";

test("inSlices runs every step in order, and others in between", async () => {
  const seen: string[] = [];
  function* steps(): Generator<undefined, string> {
    for (const step of ["a", "b", "c"]) {
      seen.push(step);
      yield;
    }
    return "result";
  }
  const other = new Promise<void>((resolve) => {
    setImmediate(() => {
      seen.push("other");
      resolve();
    });
  });
  assert.equal(await inSlices(steps(), 0), "result");
  await other;
  assert.deepEqual(
    seen.filter((what) => what !== "other"),
    ["a", "b", "c"],
  );
  assert.notEqual(seen.at(-1), "other", "before the last step");
});

test("inSlices passes on what a step throws", async () => {
  // oxlint-disable-next-line require-yield -- it throws before it could
  function* steps(): Generator<undefined, void> {
    throw new Error("broken");
  }
  await assert.rejects(inSlices(steps(), 5), /broken/);
});
