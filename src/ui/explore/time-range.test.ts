import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimeChoice } from "../time-choice.ts";
import {
  formatRange,
  fromField,
  nameOfSpan,
  readSpanOfTime,
  shifted,
  timeTicks,
  toField,
  zoomedOut,
} from "./time-range.ts";

const NOW = 1_795_000_000; // 2026-11-18 11:06:40 UTC
const since = (seconds: number): TimeChoice => ({ kind: "since", seconds });
const between = (from: number, to: number): TimeChoice => ({
  kind: "between",
  fromSeconds: from,
  toSeconds: to,
});

test("shifted: back by half, and to now again where it would pass it", () => {
  assert.deepEqual(shifted(since(3600), -1, NOW), between(NOW - 5400, NOW - 1800));
  assert.deepEqual(shifted(between(NOW - 5400, NOW - 1800), 1, NOW), since(3600));
  assert.deepEqual(shifted(between(1000, 1600), 1, NOW), between(1300, 1900));
  assert.deepEqual(shifted(between(100, 700), -1, NOW), between(0, 400));
});

test("zoomedOut: twice as much, and not beyond now", () => {
  assert.deepEqual(zoomedOut(since(900), NOW), since(1800));
  assert.deepEqual(zoomedOut(between(1000, 1600), NOW), between(700, 1900));
  assert.deepEqual(zoomedOut(between(NOW - 600, NOW - 100), NOW), between(NOW - 850, NOW));
});

for (const [text, want] of [
  ["90m", 5400],
  [" 2 h ", 7200],
  ["3d 12h", 302_400],
  ["45 min", 2700],
  ["10 sec", 10],
  ["", undefined],
  ["0s", undefined],
  ["m", undefined],
  ["5 years", undefined],
  ["99999w", undefined],
] as const) {
  test(`readSpanOfTime: ${JSON.stringify(text)}`, () => assert.equal(readSpanOfTime(text), want));
}

test("nameOfSpan: in the largest unit that leaves no rest", () => {
  const names = [900, 3600, 5400, 86_400, 61].map(nameOfSpan);
  assert.deepEqual(names, ["15 min", "1 h", "90 min", "1 d", "61 s"]);
});

test("formatRange: the second day only where it differs", () => {
  assert.equal(formatRange(NOW, NOW + 600, 0), "18 Nov 11:06:40 – 11:16:40");
  assert.equal(formatRange(NOW - 400, NOW + 86_000, 60), "18 Nov 12:00 – 19 Nov 12:00");
});

test("fields: what is shown reads back, in UTC", () => {
  assert.equal(toField(NOW, 0), "2026-11-18T11:06:40");
  assert.equal(fromField(toField(NOW, 0), true), NOW);
  assert.equal(fromField("", true), undefined);
});

test("timeTicks: round moments of the reader's zone, within the edges", () => {
  const from = NOW - 400; // 11:00
  const labels = (ticks: readonly { label: string }[]): string[] => ticks.map(({ label }) => label);
  assert.deepEqual(labels(timeTicks([from, from + 3600], 4, 0)), ["11:15", "11:30", "11:45"]);
  assert.deepEqual(labels(timeTicks([from, from + 3600], 2, 30)), ["12:00"]);
  const days = timeTicks([from, from + 3 * 86_400], 3, 0);
  assert.deepEqual(labels(days), ["19 Nov", "20 Nov", "21 Nov"]);
  assert.ok(days.every(({ at }) => at % 86_400 === 0));
});
