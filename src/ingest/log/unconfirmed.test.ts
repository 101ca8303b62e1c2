import assert from "node:assert/strict";
import { test } from "node:test";
import { Unconfirmed } from "./unconfirmed.ts";

function build(...arrivals: number[]) {
  const unconfirmed = new Unconfirmed<string>();
  for (const arrivalSeconds of arrivals) {
    const token = `t${arrivalSeconds}`;
    unconfirmed.add({ token, file: "", from: 0, to: 1, arrivalSeconds }, `place of ${token}`);
  }
  return unconfirmed;
}

test("the oldest that waits is what ClickHouse is behind by", () => {
  const unconfirmed = build(10, 20, 30);
  assert.deepEqual(unconfirmed.ages(100), { waiting: 90, stuck: undefined });
  assert.equal(unconfirmed.confirm("t10"), "place of t10");
  assert.equal(unconfirmed.confirm("t10"), undefined);
  assert.deepEqual(unconfirmed.ages(100), { waiting: 80, stuck: undefined });
  assert.equal(unconfirmed.size, 2);
});

test("what later ones overtake, or what is refused, does not count as waiting", () => {
  const unconfirmed = build(10, 20, 30, 40);
  unconfirmed.confirm("t30");
  assert.deepEqual(unconfirmed.ages(100), { waiting: 60, stuck: 90 });
  unconfirmed.refuse("t40");
  assert.deepEqual(unconfirmed.ages(100), { waiting: undefined, stuck: 90 });
  for (const token of ["t10", "t20", "t40"])
    assert.equal(unconfirmed.confirm(token), `place of ${token}`);
  assert.deepEqual(unconfirmed.ages(100), { waiting: undefined, stuck: undefined });
  assert.equal(unconfirmed.size, 0);
});

test("a clock that was set back makes nothing younger than new", () => {
  assert.deepEqual(build(1000).ages(100), { waiting: 0, stuck: undefined });
});
