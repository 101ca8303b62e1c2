import assert from "node:assert/strict";
import { test } from "node:test";
import { endpoints, failureStatus, planRequest } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import { toBaggage } from "./scenario.ts";

const plan = (options: Partial<PlanOptions>, count: number) => {
  const all = { seed: 1, errorShare: 0.05, slowShare: 0.05, ...options };
  return Array.from({ length: count }, (_, i) => planRequest(all, i));
};

test("plan: the same seed asks for the same, another one for something else", () => {
  assert.deepEqual(plan({ seed: 7 }, 50), plan({ seed: 7 }, 50));
  assert.notDeepEqual(plan({ seed: 7 }, 50), plan({ seed: 8 }, 50));
  assert.notDeepEqual(plan({ seed: 7 }, 50), plan({ seed: 7 + 2 ** 32 }, 50));
});

test("plan: a request does not depend on those before it", () => {
  assert.deepEqual(
    planRequest({ seed: 3, errorShare: 0.5, slowShare: 0.5 }, 41),
    plan({ seed: 3, errorShare: 0.5, slowShare: 0.5 }, 50)[41],
  );
});

for (const [errorShare, slowShare] of [
  [0, 0],
  [1, 0],
  [0, 1],
  [0.05, 0.05],
  [0.3, 0.6],
] as const) {
  test(`plan: ${errorShare} fail, ${slowShare} are slow, none is both`, () => {
    const requests = plan({ errorShare, slowShare }, 4000);
    const failed = requests.filter((request) => request.failure !== undefined);
    const slow = requests.filter((request) => request.scenario.delay !== undefined);
    assertClose(failed.length / 4000, errorShare);
    assertClose(slow.length / 4000, slowShare);
    assert.ok(failed.every((request) => !slow.includes(request)));
  });
}

test("plan: every endpoint, failure and delay comes up, with the status it must have", () => {
  const requests = plan({ errorShare: 0.5, slowShare: 0.5 }, 4000);
  for (const { path, share, failures, delays } of endpoints) {
    const here = requests.filter((request) => request.path === path);
    assertClose(here.length / 4000, share);
    const failed = here.flatMap(({ failure }) => failure ?? []);
    const delayed = here.flatMap(({ scenario }) => scenario.delay ?? []);
    assert.deepEqual(new Set(failed), new Set(failures));
    assert.deepEqual(new Set(delayed), new Set(delays));
  }
  for (const { failure, expectedStatus, path } of requests) {
    const endpoint = endpoints.find((candidate) => candidate.path === path)!;
    assert.equal(expectedStatus, failure === undefined ? endpoint.status : failureStatus[failure]);
  }
});

test("scenario: as baggage", () => {
  assert.equal(toBaggage({ jitter: 0.25 }), "shop.jitter=0.250000");
  assert.equal(
    toBaggage({ fault: "bankTimeout", delay: "bank", jitter: 0 }),
    "shop.jitter=0.000000,shop.fault=bankTimeout,shop.delay=bank",
  );
});

function assertClose(actual: number, wanted: number): void {
  assert.ok(Math.abs(actual - wanted) < 0.03, `${actual} is far from ${wanted}`);
}

test("plan: only the trouble that is asked for", () => {
  const planned = plan({ errorShare: 0.4, slowShare: 0.4, only: ["bank", "inventoryError"] }, 200);
  const found = planned.map(({ failure, scenario }) => failure ?? scenario.delay ?? "none");
  assert.deepEqual([...new Set(found)].toSorted(), ["bank", "inventoryError", "none"]);
  // Only a checkout pays.
  assert.ok(planned.every(({ path, scenario }) => !scenario.delay || path === "/checkout"));
});
