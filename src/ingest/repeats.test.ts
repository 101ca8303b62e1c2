import assert from "node:assert/strict";
import { test } from "node:test";
import { Repeats } from "./repeats.ts";

const limits = { forMs: 1000, requests: 100 };
const answer = { acceptedSpans: 3, rejectedSpans: 0, message: "" };

test("a request is told of once it is safe, and not if it fails", async () => {
  const told: string[] = [];
  const repeats = new Repeats(
    limits,
    () => 0,
    (digest) => told.push(digest),
  );
  const safe = Promise.withResolvers<typeof answer>();
  const fails = Promise.withResolvers<typeof answer>();
  repeats.add("a", safe.promise);
  repeats.add("b", fails.promise);
  assert.deepEqual(told, []);
  safe.resolve(answer);
  fails.reject(new Error("disk full"));
  await Promise.allSettled([safe.promise, fails.promise]);
  assert.deepEqual(told, ["a"]);
  assert.equal(await repeats.find("a"), answer);
  assert.equal(repeats.find("b"), undefined);
});

test("what was taken elsewhere is known, is not told of, and does not hide an outcome", async () => {
  const told: string[] = [];
  let now = 0;
  const repeats = new Repeats(
    limits,
    () => now,
    (digest) => told.push(digest),
  );
  const outcome = Promise.resolve(answer);
  repeats.add("own", outcome);
  repeats.learn("own");
  repeats.learn("other");
  await outcome;
  assert.equal(await repeats.find("own"), answer);
  assert.equal((await repeats.find("other"))?.rejectedSpans, 0);
  assert.deepEqual(told, ["own"]);
  now = 3000;
  assert.equal(repeats.find("other"), undefined);
});
