import { type ChartLine, drawChart, drawsDots, valueText } from "./chart.ts";
import { type Column, drawTable } from "./table.ts";
import { safeText } from "../base/safe-text.ts";
import { type Colour, type Looks, paint } from "./text.ts";

/** A series of a metrics query. */
export interface DrawnSeries {
  /** What it is called. */
  readonly name: string;
  /** One a step, NaN where there is none. */
  readonly values: readonly number[];
}

/** Series over the same steps, and the terminal's size. */
export interface SeriesFrame extends Looks {
  readonly columns: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const CHART_ROWS = 12;
const MOST_COLUMNS = 120;
const palette: readonly Colour[] = ["cyan", "green", "yellow", "magenta", "blue", "red"];
const MARKS = "abcdefghijklmnopqrstuvwxyz";
/** More lines than this are a tangle. */
const MOST_LINES = 8;

interface Row extends DrawnSeries {
  readonly line: ChartLine;
  readonly key: string;
  readonly known: readonly number[];
}

/** A chart of the series with the highest means, and a table of all, in that order. */
export function drawSeries(series: readonly DrawnSeries[], frame: SeriesFrame): string {
  const ranked = series
    .map((one) => ({ ...one, known: one.values.filter((value) => !Number.isNaN(value)) }))
    .sort((a, b) => mean(b.known) - mean(a.known));
  const lines = ranked.slice(0, MOST_LINES).map(({ values }, i): ChartLine => ({
    values,
    colour: palette[i % palette.length]!,
    mark: series.length === 1 ? "*" : MARKS[i]!,
  }));
  const dots = drawsDots(lines, frame);
  const rows = ranked.map((one, i): Row => {
    const line = lines[i];
    const sign = line === undefined ? " " : dots ? "━" : line.mark;
    return { ...one, line: line ?? lines[0]!, key: sign };
  });
  const paintRow = (text: string, { key, line }: Row) =>
    key === " " ? text : paint(key, line.colour, frame) + text.slice(key.length);
  const columns = Math.min(frame.columns, MOST_COLUMNS);
  const chart = drawChart(lines, { ...frame, columns, rows: CHART_ROWS });
  return `${chart}\n${drawTable(rows, seriesColumns, { ...frame, paintRow })}`;
}

const number = (value: number | undefined) => (value === undefined ? "" : valueText(value));

const seriesColumns: readonly Column<Row>[] = [
  { title: "", text: ({ key }) => key },
  { title: "SERIES", most: 70, text: ({ name }, unicode) => safeText(name, unicode) },
  { title: "MIN", right: true, text: ({ known }) => number(least(known)) },
  { title: "MEAN", right: true, text: ({ known }) => number(mean(known)) },
  { title: "MAX", right: true, text: ({ known }) => number(most(known)) },
  { title: "LAST", right: true, text: ({ known }) => number(known.at(-1)) },
];

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.min(a, b));
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b));
}
