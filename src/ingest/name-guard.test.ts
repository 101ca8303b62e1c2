import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { NameGuard, OTHER } from "./name-guard.ts";

const limits = { namesPerService: 3, services: 2, values: 2, nameChars: 20 };
const HOUR_MS = 3_600_000;

function newGuard(nowMs: () => number = () => 0): NameGuard {
  return new NameGuard(limits, nowMs);
}

function names(guard: NameGuard, service: string, sent: readonly string[]): string[] {
  const counted = guard.service(service).name;
  return sent.map((name) => guard.span(counted, name).name);
}

test("names are as sent up to the cap, and without their ids beyond it", () => {
  const guard = newGuard();
  assert.deepEqual(names(guard, "a", ["GET /u/1", "GET /u/2", "list", "GET /u/1"]), [
    "GET /u/1",
    "GET /u/2",
    "list",
    "GET /u/1",
  ]);
  assert.deepEqual(guard.span("a", "GET /u/3"), { name: "GET /u/{id}", renaming: "templated" });
  // From now on all of this service's, those that were known before too; and no one else's.
  assert.deepEqual(names(guard, "a", ["GET /u/1", "list", "GET /o/9"]), [
    "GET /u/{id}",
    "list",
    "GET /o/{id}",
  ]);
  assert.deepEqual(guard.span("a", "list"), { name: "list", renaming: "none" });
  assert.deepEqual(names(guard, "b", ["GET /u/1"]), ["GET /u/1"]);
});

test("templates beyond the cap are one", () => {
  const guard = newGuard();
  const found = names(guard, "a", ["anna", "bert", "carl", "dora", "emil", "bert"]);
  assert.deepEqual(found, ["anna", "bert", "carl", OTHER, OTHER, "bert"]);
  assert.deepEqual(guard.span("a", "fritz"), { name: OTHER, renaming: "other" });
});

test("what has not come for two hours is forgotten", () => {
  let now = 0;
  const guard = newGuard(() => now);
  names(guard, "a", ["anna", "bert", "carl"]);
  now += HOUR_MS;
  guard.age();
  assert.deepEqual(names(guard, "a", ["dora", "carl"]), [OTHER, "carl"]);
  now += HOUR_MS;
  guard.age();
  assert.deepEqual(names(guard, "a", ["dora", "emil", "carl", "fritz"]), [
    "dora",
    "emil",
    "carl",
    OTHER,
  ]);
});

test("a service whose names have had no ids for an hour or two has them as sent again", () => {
  let now = 0;
  const guard = newGuard(() => now);
  const nextHour = (): void => {
    now += HOUR_MS;
    guard.age();
  };
  names(guard, "a", ["GET /u/1", "GET /u/2", "GET /u/3", "GET /u/4"]);
  nextHour();
  assert.deepEqual(names(guard, "a", ["GET /u/5", "list"]), ["GET /u/{id}", "list"]);
  nextHour();
  assert.deepEqual(names(guard, "a", ["list"]), ["list"]);
  nextHour();
  assert.deepEqual(names(guard, "a", ["list", "GET /u/6"]), ["list", "GET /u/6"]);
});

test("services beyond the cap are one, with a cap of names as any other, until others are gone", () => {
  let now = 0;
  const guard = newGuard(() => now);
  assert.equal(guard.service("a").name, "a");
  assert.equal(guard.service("b").name, "b");
  assert.deepEqual(guard.service("c"), { name: OTHER, renaming: "other" });
  assert.deepEqual(names(guard, "d", ["x", "y", "z", "w"]), ["x", "y", "z", OTHER]);
  for (let i = 0; i < 2; i++) {
    now += HOUR_MS;
    guard.age();
  }
  assert.equal(guard.service("c").name, "c");
});

test("values of dimensions, each with its own cap", () => {
  const guard = newGuard();
  const values = ["eu", "us", "ap", "eu"].map((value) => guard.value("region", value));
  assert.deepEqual(values, ["eu", "us", OTHER, "eu"]);
  assert.equal(guard.value("tier", "ap"), "ap");
});

test("long names are cut, and not within a character", () => {
  const guard = newGuard();
  assert.equal(guard.service("x".repeat(30)).name, `${"x".repeat(19)}…`);
  assert.equal(guard.service(`${"x".repeat(18)}😀xx`).name, `${"x".repeat(18)}…`);
});

test("whatever comes, a service never has more names than twice the cap and one", () => {
  const sent = fc.oneof(
    fc.nat({ max: 500 }).map((n) => `GET /${n}`),
    fc.string({ maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 300 }), (list) => {
      const found = new Set(names(newGuard(), "a", list));
      assert.ok(found.size <= 2 * limits.namesPerService + 1, [...found].join(" "));
    }),
    { seed: printedSeed("guard"), numRuns: 300 },
  );
});
