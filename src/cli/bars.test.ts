import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Axis, drawAxis, drawBar, type Interval, tickStep } from "./bars.ts";
import { durationText } from "./text.ts";

const axis: Axis = { durationNano: 100, cells: 10, unicode: true };
const ascii: Axis = { ...axis, unicode: false };
const bar = (from: number, to: number): Interval => ({ from, to });

const bars: [what: string, axis: Axis, span: Interval, children: Interval[], want: string][] = [
  ["the whole trace", axis, bar(0, 100), [], "██████████"],
  ["whole cells", axis, bar(20, 50), [], "  ███     "],
  ["ends within a cell", axis, bar(20, 45), [], "  ██▌     "],
  ["begins within a cell", axis, bar(25, 50), [], "  ▐██     "],
  ["begins late in a cell", axis, bar(29, 50), [], "  ▕██     "],
  ["within one cell, left", axis, bar(20, 23), [], "  ▎       "],
  ["within one cell, right", axis, bar(26, 29), [], "  ▕       "],
  ["no time at all", axis, bar(50, 50), [], "     ▏    "],
  ["no time, at the very end", axis, bar(100, 100), [], "         ▕"],
  ["ends before it starts", axis, bar(50, 20), [], "     ▏    "],
  ["outside of the trace", axis, bar(-50, 200), [], "██████████"],
  ["one child", axis, bar(0, 100), [bar(20, 80)], "██━━━━━━██"],
  ["a gap between children", axis, bar(0, 100), [bar(0, 40), bar(60, 100)], "━━━━██━━━━"],
  ["overlapping children", axis, bar(0, 100), [bar(10, 60), bar(20, 30)], "█━━━━━████"],
  ["a child outlives it", axis, bar(0, 50), [bar(20, 90)], "██━━━     "],
  ["a child ends before it", axis, bar(50, 100), [bar(0, 40)], "     █████"],
  ["half cells of a child", axis, bar(25, 75), [bar(25, 75)], "  ╺━━━━╸  "],
  ["a trace without duration", { ...axis, durationNano: 0 }, bar(0, 0), [], "▏         "],
  ["ascii", ascii, bar(0, 100), [bar(20, 80)], "##------##"],
  ["ascii, half cells", ascii, bar(25, 44), [], "  ##      "],
  ["ascii, too short", ascii, bar(26, 27), [], "  #       "],
];
for (const [what, axis, span, children, want] of bars) {
  test(`drawBar: ${what}`, () => assert.equal(drawBar(axis, span, children), want));
}

test("drawBar fills its cells exactly, whatever the times", () => {
  const nanos = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e17, max: 1e17 });
  const interval = fc.record({ from: nanos, to: nanos });
  fc.assert(
    fc.property(
      fc.record({
        durationNano: fc.double({ min: 0, max: 1e17, noNaN: true }),
        cells: fc.integer({ min: 1, max: 300 }),
        unicode: fc.boolean(),
      }),
      interval,
      fc.array(interval, { maxLength: 5 }),
      (axis, span, children) => {
        const sorted = children.toSorted((a, b) => a.from - b.from);
        const line = drawBar(axis, span, sorted);
        assert.equal(line.length, axis.cells);
        assert.notEqual(line.trim(), "");
      },
    ),
  );
});

const ticks: [durationNano: number, maxTicks: number, want: number][] = [
  [100, 5, 20],
  [512e6, 5, 200e6],
  [1e9, 10, 100e6],
  [7e9, 4, 2e9],
  [60e9, 4, 15e9],
  [3 * 86_400e9, 4, 2 * 43_200e9],
  [1, 5, 1],
];
for (const [durationNano, maxTicks, want] of ticks) {
  test(`tickStep: ${durationNano} ns in ${maxTicks}`, () =>
    assert.equal(tickStep(durationNano, maxTicks), want));
}

const axes: [durationNano: number, cells: number, want: string][] = [
  [100e6, 30, "│0             │50 ms         "],
  [512e6, 44, "│0               │200 ms          │400 ms   "],
  [100e6, 8, "│0      "],
  [0, 8, "│0      "],
  [90e9, 40, "│0           │30 s        │1 min 0 s    "],
];
for (const [durationNano, cells, want] of axes) {
  test(`drawAxis: ${durationNano} ns in ${cells} cells`, () => {
    const label = (nanos: number) => durationText(nanos, true);
    assert.equal(drawAxis({ durationNano, cells, unicode: true }, label), want);
  });
}
