import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textLabel, type Series } from "../../traceql/evaluate/metrics/series.ts";
import { printedSeed } from "../../../test/support/oracle.ts";
import { SeriesChanges } from "./series-changes.ts";

const times = ["0", "1000", "2000"];

interface Shown {
  readonly labels: { readonly value: { readonly stringValue: string } }[];
  readonly samples?: { readonly timestampMs: string; readonly value?: number }[];
  readonly exemplars?: { readonly timestampMs: string }[];
}

function series(name: string, values: readonly number[]): Series {
  const exemplars = [{ labels: [], value: 1, timestampMs: 7, index: 0 }];
  return { labels: [textLabel("name", name)], values: Float64Array.from(values), exemplars };
}

test("a client that puts the parts together has the last answer", () => {
  // Points are known or not yet; once known, a point may change and does not vanish.
  const value = fc.constantFrom(0, 1, 2.5);
  const points = fc.array(value, { minLength: 3, maxLength: 3 });
  const step = fc.record({ a: points, b: points, known: fc.nat({ max: 3 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      const changes = new SeriesChanges(times);
      const merged = new Map<string, Map<string, number>>();
      const exemplars: string[] = [];
      let known = 0;
      const told: Shown[][] = [];
      let last: Series[] = [];
      for (const [i, { a, b, known: more }] of steps.entries()) {
        known = Math.max(known, more);
        const isLast = i === steps.length - 1;
        const part = (values: readonly number[]) =>
          values.map((one, at) => (at < known || isLast ? one : NaN));
        last = [series("a", part(a)), ...(known > 1 || isLast ? [series("b", part(b))] : [])];
        told.push((isLast ? changes.last(last) : changes.since(last)) as unknown as Shown[]);
      }
      for (const shown of told.flat()) {
        const { stringValue } = shown.labels[0]!.value;
        const samples = merged.get(stringValue) ?? new Map<string, number>();
        merged.set(stringValue, samples);
        for (const { timestampMs, value = 0 } of shown.samples ?? []) {
          samples.set(timestampMs, value);
        }
        for (const { timestampMs } of shown.exemplars ?? []) {
          exemplars.push(stringValue + timestampMs);
        }
      }
      for (const { labels, values } of last) {
        const samples = merged.get(String(Object.values(labels[0]!.value)[1]))!;
        assert.deepEqual(
          times.map((time) => samples.get(time)),
          [...values],
        );
      }
      assert.deepEqual(exemplars, ["a7", "b7"], "told once, at the end");
    }),
    { seed: printedSeed("series changes") },
  );
});

test("what has not changed is not told again", () => {
  const changes = new SeriesChanges(times);
  const one = { ...series("a", [1, NaN, 2]), exemplars: [] };
  assert.equal(changes.since([one]).length, 1);
  assert.deepEqual(changes.since([one]), []);
  assert.deepEqual(changes.last([one]), []);
  const [changed] = changes.last([{ ...one, values: Float64Array.of(1, 3, 2) }]);
  assert.deepEqual(changed!["samples"], [{ timestampMs: "1000", value: 3 }]);
});
