import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChartLine, drawChart, valueText } from "./chart.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const frame = { columns: 24, rows: 5, fromMs: NOON, toMs: NOON + 3_600_000, colour: false };
const line = (values: number[], mark = "*"): ChartLine => ({ values, mark, colour: "cyan" });

const pictures: [name: string, lines: ChartLine[], unicode: boolean, want: string[]][] = [
  [
    "one line in dots",
    [line([0, 2, 4, 8, 4, 2, 0])],
    true,
    [
      "8 ┤         ⢀⠎⢆",
      "  │        ⡠⠃ ⠈⢢",
      "4 ┤      ⣀⠜     ⠣⣀",
      "  │  ⢀⡠⠒⠉         ⠉⠒⢄⡀",
      "0 ┤⡠⠔⠁               ⠈⠢⢄",
      "   12:00   12:30   13:00",
    ],
  ],
  [
    "without UTF-8, one letter a line, with a hole",
    [line([0, 10, 10, NaN, NaN, 10], "a"), line([5, 5, 5, 5, 5, 5], "b")],
    false,
    [
      "10 |    aaaaa          a",
      "   |   a",
      " 5 |bbbbbbbbbbbbbbbbbbbb",
      "   | a",
      " 0 |a",
      "    12:00  12:30   13:00",
    ],
  ],
  [
    "nothing but zero",
    [line([0, 0])],
    false,
    ["  1 |", "    |", "0.5 |", "    |", "  0 |*******************", "     12:00  12:30  13:00"],
  ],
];
for (const [name, lines, unicode, want] of pictures) {
  test(`drawChart: ${name}`, () => {
    const drawn = drawChart(lines, { ...frame, unicode }).split("\n");
    assert.deepEqual(drawn.slice(0, -1), want);
  });
}

test("drawChart draws every point within its frame, whatever the values", () => {
  const odd = [
    [1],
    [NaN],
    [Infinity, 1],
    [-5, -1],
    [1e300, -1e300],
    Array.from({ length: 999 }, Math.sin),
  ];
  for (const values of odd) {
    const drawn = drawChart([line(values)], { ...frame, unicode: true });
    for (const row of drawn.split("\n")) assert.ok(row.length <= frame.columns, row);
  }
});

const texts: [value: number, text: string][] = [
  [0, "0"],
  [1234.5678, "1235"],
  [0.125, "0.125"],
  [1e9, "1.00e9"],
  [0.000_012, "1.20e-5"],
  [-2, "-2"],
];
for (const [value, text] of texts) {
  test(`valueText: ${text}`, () => assert.equal(valueText(value), text));
}
