import assert from "node:assert/strict";
import { test } from "node:test";
import { QueriedKeys } from "./queried-keys.ts";

test("keys are counted by scope, and fade by half in the half-life", () => {
  const queried = new QueriedKeys(100);
  for (let i = 0; i < 8; i++) queried.note("span", "user.id");
  queried.note("resource", "user.id");
  queried.fade(100);
  assert.deepEqual(
    [queried.count("span", "user.id"), queried.count("resource", "user.id")],
    [4, 0.5],
  );
  queried.fade(400);
  assert.equal(queried.count("resource", "user.id"), 0);
  assert.equal(queried.size, 1);
});

test("made-up keys do not fill the memory, and do not drive out those that are asked for often", () => {
  const queried = new QueriedKeys(100);
  for (let i = 0; i < 3; i++) queried.note("span", "often");
  for (let i = 0; i < 50_000; i++) queried.note("span", `made up ${i}`);
  assert.ok(queried.size <= 10_000);
  assert.equal(queried.count("span", "often"), 3);
});
