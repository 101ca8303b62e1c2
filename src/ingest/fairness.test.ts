import assert from "node:assert/strict";
import { test } from "node:test";
import { Fairness, type RateLimit } from "./fairness.ts";

function build(service: RateLimit, tenant: RateLimit = {}) {
  const clock = { ms: 1_000_000 };
  const fairness = new Fairness({ tenant, service }, () => clock.ms);
  const take = (service: string, spans: number, bytes = 0, tenant = "t"): string => {
    try {
      fairness.take(tenant, [{ service, spans, bytes }]);
      return "taken";
    } catch (error) {
      const { code, retryAfterSeconds } = error as { code: string; retryAfterSeconds: number };
      return `${code} ${retryAfterSeconds}`;
    }
  };
  return { clock, fairness, take };
}

test("a service that floods is refused until its tokens are back, another is not", () => {
  const { clock, take } = build({ spansPerSecond: 100 });
  assert.deepEqual(
    [take("loud", 150), take("loud", 50), take("loud", 1)],
    ["taken", "taken", "exhausted 1"],
  );
  assert.equal(take("quiet", 10), "taken");
  clock.ms += 500;
  assert.deepEqual([take("loud", 50), take("loud", 1)], ["taken", "exhausted 1"]);
});

test("a request larger than the bucket gets in, and is paid off after", () => {
  const { clock, take } = build({ spansPerSecond: 10 });
  assert.equal(take("batch", 520), "taken");
  assert.equal(take("batch", 1), "exhausted 51");
  clock.ms += 51_000;
  assert.equal(take("batch", 1), "taken");
});

test("bytes are limited too, whichever comes first", () => {
  const { take } = build({ spansPerSecond: 1000, bytesPerSecond: 100 });
  assert.deepEqual([take("wide", 1, 200), take("wide", 1, 1)], ["taken", "exhausted 1"]);
});

test("one service over its limit refuses the whole request and takes nothing from the others", () => {
  const { fairness, take } = build({ spansPerSecond: 10 });
  assert.equal(take("loud", 20), "taken");
  const both = [
    { service: "quiet", spans: 20, bytes: 0 },
    { service: "loud", spans: 1, bytes: 0 },
  ];
  assert.throws(() => fairness.take("t", both), /service "loud" sends more than it may/);
  assert.equal(take("quiet", 20), "taken");
});

test("a tenant is limited whatever its services, and services of one name by tenant", () => {
  const { fairness, take } = build({ spansPerSecond: 10 }, { spansPerSecond: 15 });
  assert.equal(take("web", 20, 0, "a"), "taken");
  assert.equal(take("web", 1, 0, "b"), "taken", "another tenant's service");
  assert.equal(take("db", 10, 0, "a"), "taken");
  assert.equal(take("cache", 1, 0, "a"), "exhausted 1", "the tenant has used up what it may");
  assert.equal(take("cache", 1, 0, "b"), "taken");
  const one = [{ service: "new", spans: 1, bytes: 0 }];
  assert.throws(() => fairness.take("a", one), /tenant "a" sends more than it may/);
});

test("tenants alone may be limited", () => {
  const { fairness, take } = build({}, { bytesPerSecond: 100 });
  assert.ok(fairness.isOn);
  assert.deepEqual([take("a", 1, 200), take("b", 1, 1)], ["taken", "exhausted 1"]);
});

test("a clock that steps back gives no tokens and takes none", () => {
  const { clock, take } = build({ spansPerSecond: 10 });
  assert.equal(take("a", 10), "taken");
  clock.ms -= 3_600_000;
  assert.deepEqual([take("a", 10), take("a", 1)], ["taken", "exhausted 1"]);
});

test("made-up names do not fill the memory", () => {
  const { fairness, take } = build({ spansPerSecond: 1 });
  for (let i = 0; i < 30_000; i++) take(`service ${i}`, 1);
  assert.ok(fairness.isOn);
});
