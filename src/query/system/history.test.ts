import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMetrics } from "../../base/metrics.ts";
import { SystemHistory } from "./history.ts";
import { type SystemSample, sampleOf } from "./sample.ts";

const nothing = sampleOf([], 0);

function sample(atSeconds: number, part: Partial<SystemSample> = {}): SystemSample {
  return { ...nothing, atMs: atSeconds * 1000, ...part };
}

function historyOf(...samples: readonly SystemSample[]): SystemHistory {
  const history = new SystemHistory({ everyMs: 10_000, samples: 5 });
  for (const each of samples) history.add(each);
  return history;
}

describe("the last hour of counters", () => {
  test("rates by step, with what lies between two samples; unknown before the first", () => {
    const history = historyOf(
      sample(100, { receivedSpans: 0 }),
      sample(110, { receivedSpans: 100 }),
      sample(130, { receivedSpans: 100 }),
    );
    const { times, receivedPerSecond } = history.lines(4, 10);
    assert.deepEqual(times, [90, 100, 110, 120]);
    assert.deepEqual(receivedPerSecond, [null, 10, 0, 0]);
  });

  test("a step that is known in part has the rate of that part", () => {
    const history = historyOf(sample(104), sample(110, { receivedSpans: 60 }));
    assert.deepEqual(history.lines(2, 10).receivedPerSecond, [null, 10]);
  });

  test("samples that come early take the place of the one before", () => {
    const early = [0, 1, 2, 3, 4].map((at) => sample(at, { receivedSpans: at }));
    const history = historyOf(...early, sample(10, { receivedSpans: 10 }), sample(20), sample(30));
    assert.equal(history.hourAgo?.atMs, 0);
    assert.equal(history.newest?.atMs, 30_000);
  });

  test("refusals since the start and of the last hour", () => {
    const refusal = { what: "spans", door: "", reason: "invalid_span_id" } as const;
    const history = historyOf(
      sample(0, { refusals: [{ ...refusal, count: 3 }] }),
      sample(1000, { refusals: [{ ...refusal, count: 5 }] }),
      sample(4600, { refusals: [{ ...refusal, count: 7 }] }),
    );
    assert.deepEqual(history.refusals(), [{ ...refusal, total: 7, lastHour: 2 }]);
  });

  test("inserts: the average, and what 95 of 100 took at most", () => {
    const after = {
      count: 100,
      seconds: 30,
      buckets: [
        [0.1, 50],
        [1, 90],
        [5, 100],
        [Infinity, 100],
      ],
    } as const;
    const none: SystemSample["inserts"] = {
      count: 0,
      seconds: 0,
      buckets: after.buckets.map(([upTo]) => [upTo, 0] as const),
    };
    const history = historyOf(sample(0, { inserts: none }), sample(10, { inserts: after }));
    assert.equal(history.insertP95Seconds(), 3);
    const lines = history.lines(2, 10);
    assert.deepEqual(lines.insertAverageSeconds, [null, 0.3]);
    assert.deepEqual(lines.insertP95Seconds, [null, 3]);
  });
});

test("a sample of Clew's own metrics", async () => {
  const metrics = createMetrics();
  metrics.spansReceived.inc(7);
  metrics.spansRejected.inc({ reason: "invalid_span_id" }, 2);
  metrics.requests.inc({ door: "otlp_http", outcome: "ok" }, 5);
  metrics.requests.inc({ door: "otlp_http", outcome: "exhausted" });
  metrics.doorSpans.inc({ outcome: "taken" }, 9);
  metrics.insertSeconds.observe(0.02);
  const { receivedSpans, refusals, inserts } = sampleOf(
    await metrics.registry.getMetricsAsJSON(),
    0,
  );
  assert.equal(receivedSpans, 7);
  assert.deepEqual(refusals, [
    { what: "spans", door: "", reason: "invalid_span_id", count: 2 },
    { what: "request", door: "otlp_http", reason: "exhausted", count: 1 },
  ]);
  assert.equal(inserts.count, 1);
  assert.deepEqual(inserts.buckets.slice(1, 3), [
    [0.01, 0],
    [0.025, 1],
  ]);
  assert.equal(inserts.buckets.at(-1)?.[0], Infinity);
});
