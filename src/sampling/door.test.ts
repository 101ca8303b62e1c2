import assert from "node:assert/strict";
import { test } from "node:test";
import { printedSeed } from "../../test/support/oracle.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { Door, type DoorRule, type DoorSpan } from "./door.ts";
import { readDoorRules } from "./read-door.ts";
import { thresholdOf, weightOf } from "./threshold.ts";

const random = seededRandom(printedSeed("door"));
function anySpan(isError = false): DoorSpan {
  const traceId = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return { traceId, isError, threshold: undefined, randomness: undefined };
}

test("a share is by trace, and noted", () => {
  const door = new Door();
  let taken = 0;
  for (let i = 0; i < 10_000; i++) {
    const span = anySpan();
    const decision = door.decide("s", { share: 0.1 }, span, i);
    assert.deepEqual(door.decide("t", { share: 0.1 }, span, i), decision, "whatever the service");
    if (decision.kind !== "taken") continue;
    taken++;
    assert.equal(decision.threshold, thresholdOf(0.1));
    const wider = door.decide("s", { share: 0.2 }, span, i);
    assert.equal(wider.kind, "taken", "a larger share takes it, too");
  }
  assert.ok(Math.abs(taken - 1000) < 5.4 * Math.sqrt(900), `${taken} taken`);
});

test("what a sampler before has noted stays if it is less", () => {
  const all = { ...anySpan(), randomness: 2n ** 56n - 1n };
  const decide = (threshold: bigint | undefined) =>
    new Door().decide("s", { share: 0.5 }, { ...all, threshold }, 0);
  assert.deepEqual(decide(thresholdOf(0.1)), { kind: "taken" });
  assert.deepEqual(decide(thresholdOf(0.9)), { kind: "taken", threshold: thresholdOf(0.5) });
  const whole = new Door().decide("s", { share: 1 }, all, 0);
  assert.deepEqual(whole, { kind: "taken" });
});

test("a limit is kept to, and weights say how much there was", () => {
  const door = new Door();
  const rule: DoorRule = { share: 1, spansPerSecond: 100 };
  for (let second = 0; second < 10; second++) {
    let [taken, weight] = [0, 0];
    const offered = second < 5 ? 1000 : 50;
    for (let i = 0; i < offered; i++) {
      const nowMs = 1000 * second + Math.floor((1000 * i) / offered);
      const decision = door.decide("s", rule, anySpan(), nowMs);
      if (decision.kind !== "taken") continue;
      taken++;
      weight += weightOf(decision.threshold ?? 0n);
    }
    assert.ok(taken <= 200, `${taken} in second ${second}`);
    if (second > 0 && second < 5) {
      assert.ok(Math.abs(taken - 100) < 60, `${taken} in second ${second}`);
      assert.ok(Math.abs(weight - 1000) < 600, `they stand for ${weight}`);
    }
    if (second > 5) assert.equal(taken, 50, "there is room again");
  }
});

test("errors are taken beside the share, with a cap for all services together", () => {
  const door = new Door();
  const rule: DoorRule = { share: 0, errorSpansPerSecond: 10 };
  let errors = 0;
  for (let i = 0; i < 50_000; i++) {
    const service = `made up ${i % 1000}`;
    const { kind } = door.decide(service, rule, anySpan(true), i / 10);
    if (kind === "error") errors++;
    assert.equal(door.decide(service, rule, anySpan(), i / 10).kind, "dropped");
  }
  assert.ok(errors <= 10 * 6, `${errors} in five seconds`);
  assert.ok(errors >= 10 * 5, `${errors} in five seconds`);
});

test("rules from YAML", () => {
  const { services, others } = readDoorRules(
    "services: [{ service: a, keep: 10%, spansPerSecond: 5 }]\n" +
      "default: { keep: 0.5, errorSpansPerSecond: 2 }\n",
    "d.yaml",
  );
  assert.deepEqual(services.get("a"), {
    share: 0.1,
    spansPerSecond: 5,
    errorSpansPerSecond: undefined,
  });
  assert.deepEqual(others, { share: 0.5, spansPerSecond: undefined, errorSpansPerSecond: 2 });
  assert.equal(readDoorRules("", "d.yaml").others.share, 1);
  for (const text of ["default: { keep: 200% }", "services: [{ keep: 1% }]", "x: 1", "["]) {
    assert.throws(() => readDoorRules(text, "d.yaml"), { code: "invalid", message: /^d\.yaml: / });
  }
});
