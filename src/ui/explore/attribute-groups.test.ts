import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricsAnswer } from "../../api/contract.ts";
import type { AnyValue } from "../../model/trace.ts";
import { valueSeries } from "./attribute-groups.ts";
import { isField } from "./filters.ts";

const receipt = {} as MetricsAnswer["receipt"];
const answer = (
  timesMs: readonly number[],
  series: readonly (readonly [labels: readonly AnyValue[], values: readonly (number | null)[]])[],
): MetricsAnswer => ({
  timesMs,
  stepMs: 60_000,
  series: series.map(([labels, values]) => ({
    labels: labels.map((value, i) => ({ key: i === 0 ? "f" : "p", value })),
    values,
    exemplars: [],
  })),
  truncated: false,
  receipt,
});
const text = (stringValue: string): AnyValue => ({ stringValue });
const share = (doubleValue: number): AnyValue => ({ doubleValue });

test("valueSeries: each step by the sample at its end, durations in nanoseconds, busiest first", () => {
  const timesMs = [60_000, 120_000, 180_000];
  const [few, many, quick] = valueSeries({
    field: "span.tier",
    times: [60, 120],
    calls: answer(timesMs, [
      [[text("free")], [9, 1, 4]],
      [[text("nil")], [9, 9, 9]],
      [[{ intValue: "7" }], [0, 0, 1]],
    ]),
    errors: answer(timesMs, [[[text("free")], [9, 0, 2]]]),
    quantiles: answer(timesMs, [
      [
        [text("free"), share(0.95)],
        [null, 0.5, null],
      ],
    ]),
    totals: answer([180_000], [[[text("free"), share(0.5)], [0.25]]]),
  });
  assert.deepEqual(
    [few, many, quick].map((each) => [each!.value, each!.calls]),
    [
      [{ text: "nil", isAbsent: true, condition: "span.tier = nil" }, [9, 9]],
      [{ text: "free", isAbsent: false, condition: 'span.tier = "free"' }, [1, 4]],
      [{ text: "7", isAbsent: false, condition: "span.tier = 7" }, [0, 1]],
    ],
  );
  assert.deepEqual(
    [many!.errors, many!.p95Nano, many!.p50Nano],
    [
      [0, 2],
      [5e8, null],
      [null, null],
    ],
  );
  assert.deepEqual(many!.total, {
    calls: 5,
    errors: 2,
    averageNano: null,
    p50Nano: 25e7,
    p95Nano: null,
    p99Nano: null,
  });
});

const values: [field: string, value: AnyValue, condition: string][] = [
  ["status", text("error"), "status = error"],
  ["span.x", text("error"), 'span.x = "error"'],
  ["span.x", text("7"), 'span.x = "7"'],
  ["span.x", { boolValue: true }, "span.x = true"],
  ["name", text('a"b'), 'name = `a"b`'],
];
for (const [field, value, condition] of values) {
  test(`valueSeries: the condition ${condition}`, () => {
    const none = answer([60_000], []);
    const calls = answer([60_000], [[[value], [1]]]);
    const measured = { field, times: [0], errors: none, quantiles: none, totals: none };
    assert.equal(valueSeries({ ...measured, calls })[0]!.value!.condition, condition);
  });
}

test("isField", () => {
  for (const field of ["span.http.route", "name", "status", ".a", 'span."a b"']) {
    assert.equal(isField(field), true, field);
  }
  for (const wrong of ["", "span.a b", "1", "span.a) | rate(", "a = 1 && .b"]) {
    assert.equal(isField(wrong), false, wrong);
  }
});
