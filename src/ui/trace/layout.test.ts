import assert from "node:assert/strict";
import { test } from "node:test";
import {
  indentPx,
  layoutBar,
  layoutColumns,
  layoutEvents,
  layoutTicks,
  rowWindow,
  scrollToRow,
  timeAt,
  type TimeAxis,
} from "./layout.ts";

const axis: TimeAxis = { fromNano: 0, toNano: 1000, widthPx: 500 };

const bars: [
  name: string,
  start: number,
  duration: number,
  want: [xPx: number, widthPx: number],
][] = [
  ["the whole trace", 0, 1000, [0, 500]],
  ["a part", 200, 400, [100, 200]],
  ["nothing is still a pixel", 200, 0, [100, 1]],
  ["at the very end it stays on the axis", 1000, 0, [499, 1]],
  ["ends before it starts", 400, -300, [200, 1]],
  ["longer than the axis", 900, 1e12, [450, 54]],
  ["begins before the axis", -1e12, 1e12 + 400, [-4, 204]],
];
for (const [name, start, duration, [xPx, widthPx]] of bars) {
  test(`layoutBar: ${name}`, () => {
    assert.deepEqual(layoutBar(start, duration, axis), { xPx, widthPx });
  });
}

test("layoutBar: nothing where the bar is out of sight", () => {
  assert.equal(layoutBar(1010, 50, axis), undefined);
  assert.equal(layoutBar(-50, 40, axis), undefined);
});

test("layoutBar: a trace without duration has a bar at its start", () => {
  const point = { fromNano: 0, toNano: 0, widthPx: 500 };
  assert.deepEqual(layoutBar(0, 0, point), { xPx: 0, widthPx: 1 });
});

test("timeAt: the time that xOf puts there", () => {
  const zoomed = { fromNano: 250, toNano: 500, widthPx: 500 };
  assert.deepEqual([timeAt(0, zoomed), timeAt(250, zoomed)], [250, 375]);
});

test("layoutEvents: on whole pixels, each once, only those on the axis", () => {
  const events = [-50, 0, 200, 200.4, 5000].map((timeNano) => {
    return { timeNano, name: timeNano === 200.4 ? "exception" : "log" };
  });
  assert.deepEqual(layoutEvents(events, axis), [
    { xPx: 0, exception: false },
    { xPx: 100, exception: true },
  ]);
});

const ticks: [durationNano: number, widthPx: number, labels: string[]][] = [
  [0, 500, ["0"]],
  [3, 500, ["0", "1 ns", "2 ns", "3 ns"]],
  [1000, 500, ["0", "200 ns", "400 ns", "600 ns", "800 ns", "1 µs"]],
  [87e6, 500, ["0", "20 ms", "40 ms", "60 ms", "80 ms"]],
  [1.3e9, 600, ["0", "200 ms", "400 ms", "600 ms", "800 ms", "1 s", "1.2 s"]],
  [95e9, 300, ["0", "50 s"]],
  [190e9, 300, ["0", "1 min", "2 min", "3 min"]],
  [86_400e9 * 3, 300, ["0", "24 h", "48 h", "72 h"]],
  [1e6, 40, ["0", "1.00 ms"]],
];
for (const [durationNano, widthPx, labels] of ticks) {
  test(`layoutTicks: ${durationNano} ns over ${widthPx} px`, () => {
    const made = layoutTicks({ fromNano: 0, toNano: durationNano, widthPx });
    assert.deepEqual(
      made.map(({ label }) => label),
      labels,
    );
  });
}

test("layoutTicks: never closer than their labels need, for any duration", () => {
  for (let power = 0; power < 16; power += 0.1) {
    const made = layoutTicks({ fromNano: 0, toNano: 10 ** power, widthPx: 800 });
    assert.ok(made.length >= 1 && made.length <= 10, `${made.length} at 10^${power}`);
  }
});

test("layoutTicks: zoomed in, labels have the digits that tell them apart", () => {
  const made = layoutTicks({ fromNano: 12.345e9, toNano: 12.345e9 + 400, widthPx: 500 });
  assert.deepEqual(
    made.map(({ label }) => label),
    ["12.3450000 s", "12.3450001 s", "12.3450002 s", "12.3450003 s", "12.3450004 s"],
  );
});

test("layoutColumns: names keep half of the tree column, however deep", () => {
  for (const widthPx of [400, 880, 1280, 1920]) {
    for (const levels of [1, 6, 40, 1000]) {
      const columns = layoutColumns(widthPx, levels);
      assert.ok(indentPx(levels - 1, columns) <= columns.treePx / 2);
      assert.ok(columns.treePx + columns.timePx < widthPx || columns.timePx === 40);
    }
  }
});

test("rowWindow: only what shows, and a few more", () => {
  assert.deepEqual(rowWindow(0, 480, 50_000), { from: 0, to: 28 });
  assert.deepEqual(rowWindow(24_000, 480, 50_000), { from: 992, to: 1028 });
  assert.deepEqual(rowWindow(0, 480, 3), { from: 0, to: 3 });
  assert.deepEqual(rowWindow(9e9, 480, 3), { from: 3, to: 3 });
});

test("scrollToRow: moves no further than it must", () => {
  assert.equal(scrollToRow(5, 0, 480), 0);
  assert.equal(scrollToRow(30, 0, 480), 31 * 24 - 480);
  assert.equal(scrollToRow(2, 240, 480), 48);
  assert.equal(scrollToRow(0, 240, 480), 0);
});
