import assert from "node:assert/strict";
import { test } from "node:test";
import { printedSeed } from "../support/oracle.ts";
import { runFuzz } from "./run.ts";

test("10,000 random and changed inputs break no decoder (a million: npm run fuzz)", async () => {
  const seed = printedSeed("fuzz");
  const { failures, outcomes } = await runFuzz({ inputs: 10_000, seed });
  const told = failures.map(({ index, input, error }) => {
    const again = `npm run fuzz -- --replay ${input.kind}:${input.bytes.toString("hex")}`;
    return `input ${index} of seed ${seed}: ${error.message}\n${again}`;
  });
  assert.deepEqual(told, []);
  // Mutations that leave nothing valid, or nothing invalid, would test little.
  assert.ok(outcomes.accepted > 2000 && outcomes.refused > 2000, JSON.stringify(outcomes));
});
