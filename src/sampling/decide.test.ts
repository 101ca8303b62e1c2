import assert from "node:assert/strict";
import { test } from "node:test";
import { printedSeed } from "../../test/support/oracle.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { decide, type JudgedTrace, quotaOf } from "./decide.ts";
import { UNDECIDED } from "./judge.ts";
import type { Keep } from "./policy.ts";
import { randomnessOf } from "./threshold.ts";

const NOON = 1_769_860_800_000_000_000n;
const SECOND = 1_000_000_000n;

interface Made {
  readonly count: number;
  readonly policies: number;
  readonly seconds: number;
}

function makeTraces(random: () => number, { count, policies, seconds }: Made): JudgedTrace[] {
  const digits = (n: number) =>
    Array.from({ length: n }, () => Math.floor(random() * 16).toString(16)).join("");
  return Array.from({ length: count }, () => {
    const traceId = digits(32);
    return {
      traceId,
      randomness: randomnessOf(traceId),
      startUnixNano: NOON + BigInt(Math.floor(random() * seconds * 1e9)),
      spans: 1 + Math.floor(random() * 20),
      bytes: 1 + Math.floor(random() * 2000),
      policy: Math.floor(random() * policies),
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** Most that a share of `count` is off by, but once in about ten million times. */
function mostOff(count: number, share: number): number {
  return 5.4 * Math.sqrt(count * share * (1 - share)) + 1;
}

test("always, never and undecided are exact", () => {
  const random = seededRandom(printedSeed("decide"));
  const keeps: Keep[] = [{ kind: "always" }, { kind: "never" }];
  const traces = makeTraces(random, { count: 1000, policies: 2, seconds: 60 });
  const undecided = { ...traces[0]!, policy: UNDECIDED };
  assert.deepEqual(decide(keeps, [undecided, ...traces]), [
    1,
    ...traces.map(({ policy }) => 1 - policy),
  ]);
});

for (const probability of [0.01, 0.1, 0.5, 1]) {
  test(`a share of ${probability} is within the binomial bounds, and stands for all`, () => {
    const random = seededRandom(printedSeed("decide"));
    const traces = makeTraces(random, { count: 20_000, policies: 1, seconds: 60 });
    const weights = decide([{ kind: "probability", probability }], traces);
    const kept = weights.filter((weight) => weight > 0);
    const off = mostOff(traces.length, probability);
    assert.ok(Math.abs(kept.length - probability * traces.length) <= off, `${kept.length} kept`);
    for (const weight of kept) assert.ok(Math.abs(weight * probability - 1) < 1e-9);
  });
}

test("what a smaller share keeps, a larger one keeps, too", () => {
  const random = seededRandom(printedSeed("decide"));
  const traces = makeTraces(random, { count: 2000, policies: 1, seconds: 60 });
  const [smaller, larger] = [0.1, 0.11].map((probability) =>
    decide([{ kind: "probability", probability }], traces),
  );
  assert.ok(smaller!.every((weight, i) => weight === 0 || larger![i]! > 0));
});

const limits: Keep[] = [
  { kind: "tracesPerSecond", traces: 7 },
  { kind: "tracesPerSecond", traces: 0.25 },
  { kind: "spansPerHour", spans: 900 },
  { kind: "bytesPerHour", bytes: 70_000 },
];
for (const keep of limits) {
  test(`${JSON.stringify(keep)}: full windows, the highest randomness, weights that add up`, () => {
    const random = seededRandom(printedSeed("decide"));
    const { seconds, amount, of } = quotaOf(keep)!;
    const sizeOf = (trace: JudgedTrace): number => (of === "traces" ? 1 : trace[of]);
    const errors: number[] = [];
    for (let round = 0; round < 30; round++) {
      const made = { count: 400, policies: 1, seconds: 2 * seconds };
      const traces = makeTraces(random, made);
      const weights = decide([keep], traces);
      const weightOfTrace = new Map(traces.map((trace, i) => [trace, weights[i]!]));
      for (const window of Map.groupBy(traces, ({ startUnixNano }) =>
        (startUnixNano / SECOND / BigInt(seconds)).toString(),
      ).values()) {
        const kept = window.filter((trace) => weightOfTrace.get(trace)! > 0);
        const dropped = window.filter((trace) => weightOfTrace.get(trace) === 0);
        assert.ok(sum(kept.map(sizeOf)) <= amount);
        const best = dropped.toSorted((a, b) => (a.randomness > b.randomness ? -1 : 1))[0];
        if (best === undefined) continue;
        assert.ok(kept.every(({ randomness }) => randomness > best.randomness));
        assert.ok(sum(kept.map(sizeOf)) + sizeOf(best) > amount, "another one would have fitted");
        errors.push(sum(kept.map((trace) => weightOfTrace.get(trace)!)) / window.length - 1);
      }
    }
    const off = sum(errors) / errors.length;
    assert.ok(Math.abs(off) < 0.12, `weights are off by ${off} on average of ${errors.length}`);
  });
}

test("the order of the traces is nothing to it", () => {
  const random = seededRandom(printedSeed("decide"));
  const keeps: Keep[] = [...limits, { kind: "probability", probability: 0.3 }];
  const traces = makeTraces(random, { count: 3000, policies: keeps.length, seconds: 7200 });
  const backwards = decide(keeps, traces.toReversed());
  assert.deepEqual(decide(keeps, traces), backwards.toReversed());
});

test("a trace larger than the whole budget starves nobody", () => {
  const small = { randomness: 5n, startUnixNano: NOON, spans: 3, bytes: 1, policy: 0 };
  const traces: JudgedTrace[] = [
    { ...small, traceId: "b", randomness: 9n, spans: 11 },
    { ...small, traceId: "a" },
  ];
  assert.deepEqual(decide([{ kind: "spansPerHour", spans: 10 }], traces), [0, 1]);
});
