/** What is done with finished series, on series that are written down. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { goodQuery } from "../../../../test/support/found-spans.ts";
import type { MetricsQuery } from "../../ast.ts";
import { seriesOf } from "./second-stages.ts";
import { labelsText, type Series, shownSeries, textLabel } from "./series.ts";

const _ = Number.NaN;

/** A series: its labels as "k=v k=v", its points; an exemplar for each sample that is named. */
function series(
  labels: string,
  points: number[],
  exemplars: [index: number, value: number][] = [],
): Series {
  return {
    labels: labels
      .split(" ")
      .filter((label) => label !== "")
      .map((label) => textLabel(label.split("=")[0]!, label.split("=")[1]!)),
    values: Float64Array.from(points),
    exemplars: exemplars.map(([index, value]) => ({
      labels: [],
      value,
      timestampMs: index,
      index,
    })),
  };
}

/** The result of the query whose functions give `leaves`, one after the other; as text. */
function result(query: string, ...leaves: Series[][]): string[] {
  const given = leaves.values();
  const { metrics } = goodQuery(query) as MetricsQuery;
  return shownSeries(seriesOf(metrics, () => given.next().value!)).map((one) => {
    const points = Array.from(one.values, (value) => (Number.isNaN(value) ? "_" : String(value)));
    const exemplars = one.exemplars.map(({ index, value }) => ` @${index}=${value}`).join("");
    return `{${labelsText(one.labels).replaceAll(":string", "")}} ${points.join(" ")}${exemplars}`;
  });
}

const rates = [
  series("s=a", [1, 5, 2, _]),
  series("s=b", [3, 1, 2, 4]),
  series("s=c", [2, 3, 2, 1]),
];
const plain = `{ } | rate()`;

const cases: [name: string, got: () => string[], want: string[]][] = [
  // At every timestamp for itself; of equals the earlier labels; series may have holes.
  ["topk", () => result(`${plain} | topk(1)`, rates), ["{s=a} _ 5 2 _", "{s=b} 3 _ _ 4"]],
  [
    "topk of two",
    () => result(`${plain} | topk(2)`, rates),
    ["{s=a} _ 5 2 _", "{s=b} 3 _ 2 4", "{s=c} 2 3 _ 1"],
  ],
  [
    "bottomk",
    () => result(`${plain} | bottomk(1)`, rates),
    ["{s=a} 1 _ 2 _", "{s=b} _ 1 _ _", "{s=c} _ _ _ 1"],
  ],
  [
    "topk of all",
    () => result(`${plain} | topk(3)`, rates),
    ["{s=a} 1 5 2 _", "{s=b} 3 1 2 4", "{s=c} 2 3 2 1"],
  ],
  [
    "one after the other",
    () => result(`${plain} | topk(2) | bottomk(1)`, rates),
    ["{s=a} _ _ 2 _", "{s=c} 2 3 _ 1"],
  ],
  [
    "threshold",
    () => result(`${plain} > 2`, rates),
    ["{s=a} _ 5 _ _", "{s=b} 3 _ _ 4", "{s=c} _ 3 _ _"],
  ],
  [
    "thresholds",
    () => result(`${plain} >= 2 != 3`, rates),
    ["{s=a} _ 5 2 _", "{s=b} _ _ 2 4", "{s=c} 2 _ 2 _"],
  ],
  ["empty series go", () => result(`${plain} > 4`, rates), ["{s=a} _ 5 _ _"]],
  [
    "durations are seconds",
    () => result(`${plain} > 2500ms`, rates),
    ["{s=a} _ 5 _ _", "{s=b} 3 _ _ 4", "{s=c} _ 3 _ _"],
  ],
  [
    "threshold, then topk",
    () => result(`${plain} > 1 | topk(1)`, rates),
    ["{s=a} _ 5 2 _", "{s=b} 3 _ _ 4"],
  ],
  [
    "exemplars of points that are gone",
    () =>
      result(`${plain} > 2`, [
        series(
          "s=a",
          [1, 5],
          [
            [0, 1],
            [1, 5],
          ],
        ),
      ]),
    ["{s=a} _ 5 @1=5"],
  ],
  [
    "pairs of equal labels",
    () =>
      result(
        `(${plain} by (name)) / (${plain} by (name))`,
        [series("s=a", [4, 6]), series("s=b", [1, 1])],
        [series("s=a", [2, 0]), series("s=c", [1, 1])],
      ),
    ["{s=a} 2 _"],
  ],
  [
    "names are not looked at, and combined",
    () =>
      result(
        `({ } | count_over_time()) / ({ } | rate())`,
        [series("__name__=count_over_time", [4, 6])],
        [series("__name__=rate", [2, 3])],
      ),
    ["{__name__=(count_over_time / rate)} 2 2"],
  ],
  [
    "one series without labels and many: fanned out",
    () =>
      result(`(${plain} by (name)) / (${plain})`, rates, [
        series("__name__=rate", [2, 2, 0, 2], [[0, 2]]),
      ]),
    ["{s=a} 0.5 2.5 _ 0", "{s=b} 1.5 0.5 _ 2", "{s=c} 1 1.5 _ 0.5"],
  ],
  [
    "and the other way round",
    () =>
      result(
        `(${plain}) - (${plain} by (name))`,
        [series("__name__=rate", [2, 2])],
        [series("s=a", [1, 2], [[1, 7]])],
      ),
    ["{s=a} 1 0 @1=7"],
  ],
  [
    "exemplars of both sides",
    () =>
      result(
        `(${plain}) + (${plain})`,
        [series("__name__=rate", [2, 2], [[0, 1]])],
        [series("__name__=rate", [1, 2], [[1, 7]])],
      ),
    ["{__name__=(rate + rate)} 3 4 @0=1 @1=7"],
  ],
  [
    "what one side lacks is zero, what both lack is not there",
    () =>
      result(
        `(${plain} by (name)) + (${plain} by (name))`,
        [series("s=a", [1, _, _])],
        [series("s=a", [1, 2, _])],
      ),
    ["{s=a} 2 2 _"],
  ],
  [
    "a number works on values and exemplars, and leaves the name",
    () => result(`(${plain}) * 60`, [series("__name__=rate", [2, _], [[0, 3]])]),
    ["{__name__=rate} 120 _ @0=180"],
  ],
  [
    "a number in front",
    () => result(`1 - (${plain})`, [series("s=a", [0.25, 1])]),
    ["{s=a} 0.75 0"],
  ],
  ["divided by nothing", () => result(`1 / (${plain})`, [series("s=a", [0, 4])]), ["{s=a} _ 0.25"]],
  ["by zero", () => result(`(${plain}) / 0`, [series("s=a", [1, 4])]), []],
  [
    "maths of maths, and a threshold",
    () =>
      result(
        `({ .a } | rate() > 2) / ({ } | rate()) * 100 > 60`,
        [series("s=a", [3, 8])],
        [series("s=a", [4, 16])],
      ),
    ["{s=a} 75 _"],
  ],
  [
    "no partner",
    () => result(`(${plain}) / (${plain} by (name))`, [series("__name__=rate", [1])], []),
    [],
  ],
];
for (const [name, got, want] of cases) {
  test(`second stages: ${name}`, () => assert.deepEqual(got(), want));
}
