/**
 * A chart of lines over time in cells of text. One line, or several in colours, are drawn in dots, eight
 * to a cell; where they cannot be told apart by that, each has a letter.
 *
 *     12 ┤      ⢀⡠⠤⢄
 *        │   ⡠⠔⠁    ⠑⢄
 *      0 ┼⠤⠊          ⠑⠤⣀
 *         12:00    12:15
 */
import { alignRight, type Colour, type Looks, paint } from "./text.ts";

/** A line: one value a step, NaN where there is none. */
export interface ChartLine {
  readonly values: ArrayLike<number>;
  readonly colour: Colour;
  /** One character, for where there are no colours. */
  readonly mark: string;
}

/** The chart's size, and the times of its first and last step. */
export interface ChartFrame extends Looks {
  readonly columns: number;
  readonly rows: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** How lines are told apart, so that a legend can say the same. */
export function drawsDots(lines: readonly ChartLine[], { unicode, colour }: Looks): boolean {
  return unicode && (colour || lines.length === 1);
}

/** The chart, with the values beside it and the times below. There is at least one line. */
export function drawChart(lines: readonly ChartLine[], frame: ChartFrame): string {
  const [low, high] = extent(lines);
  const { rows, unicode } = frame;
  const labels = [high, (low + high) / 2, low].map(valueText);
  const labelCells = Math.max(...labels.map(({ length }) => length));
  const columns = Math.max(2, frame.columns - labelCells - 2);
  const grid = new Grid(columns, rows, drawsDots(lines, frame));
  for (const line of lines) grid.draw(line, low, high);
  const middle = Math.floor((rows - 1) / 2);
  const body = Array.from({ length: rows }, (_, row) => {
    const label = row === 0 ? labels[0]! : row === rows - 1 ? labels[2]! : "";
    const shown = row === middle && rows > 4 ? labels[1]! : label;
    const axis = unicode ? (shown === "" ? "│" : "┤") : "|";
    return `${alignRight(shown, labelCells)} ${axis}${grid.row(row, frame)}`.trimEnd();
  });
  return [...body, `${" ".repeat(labelCells + 2)}${timeAxis(frame, columns)}`, ""].join("\n");
}

/** Lowest and highest value; from zero on unless there is less than that, and never the same. */
function extent(lines: readonly ChartLine[]): [low: number, high: number] {
  let [low, high] = [0, -Infinity];
  for (const { values } of lines) {
    for (const value of Array.from(values)) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return high > low ? [low, high] : [low, low + 1];
}

/** A value in about four characters. */
export function valueText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2).replace("+", "");
  return String(Number(value.toPrecision(4)));
}

const DOT_COLUMNS = 2;
const DOT_ROWS = 4;
/** The bit of each dot of a braille cell, by column and row. Source: Unicode, Braille Patterns. */
const dotBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BRAILLE = 0x2800;

/** Points, and whose they are: of several lines in one cell, the last drawn has it. */
class Grid {
  readonly #columns: number;
  readonly #rows: number;
  readonly #dots: boolean;
  readonly #bits: Uint8Array;
  readonly #owners: (ChartLine | undefined)[];

  constructor(columns: number, rows: number, dots: boolean) {
    this.#columns = columns;
    this.#rows = rows;
    this.#dots = dots;
    this.#bits = new Uint8Array(columns * rows);
    this.#owners = Array.from({ length: columns * rows });
  }

  draw(line: ChartLine, low: number, high: number): void {
    const width = this.#columns * (this.#dots ? DOT_COLUMNS : 1) - 1;
    const height = this.#rows * (this.#dots ? DOT_ROWS : 1) - 1;
    const { values } = line;
    const last = Math.max(1, values.length - 1);
    let before: readonly [x: number, y: number] | undefined;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) {
        before = undefined;
        continue;
      }
      const x = Math.round((i / last) * width);
      const y = Math.round((1 - (value - low) / (high - low)) * height);
      if (before === undefined) this.#set(line, x, y);
      else this.#connect(line, before, [x, y]);
      before = [x, y];
    }
  }

  #connect(line: ChartLine, from: readonly [number, number], to: readonly [number, number]): void {
    const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
    for (let step = 0; step <= steps; step++) {
      const at = step / steps;
      const x = Math.round(from[0] + (to[0] - from[0]) * at);
      this.#set(line, x, Math.round(from[1] + (to[1] - from[1]) * at));
    }
  }

  #set(line: ChartLine, x: number, y: number): void {
    const [column, row] = this.#dots
      ? [Math.floor(x / DOT_COLUMNS), Math.floor(y / DOT_ROWS)]
      : [x, y];
    const cell = row * this.#columns + column;
    this.#owners[cell] = line;
    if (this.#dots) this.#bits[cell]! |= dotBits[x % DOT_COLUMNS]![y % DOT_ROWS]!;
  }

  row(row: number, looks: Looks): string {
    let text = "";
    for (let column = 0; column < this.#columns; column++) {
      const cell = row * this.#columns + column;
      const owner = this.#owners[cell];
      if (owner === undefined) text += " ";
      else {
        const shown = this.#dots ? String.fromCodePoint(BRAILLE + this.#bits[cell]!) : owner.mark;
        text += paint(shown, owner.colour, looks);
      }
    }
    return text;
  }
}

const DAY_MS = 86_400_000;
const TEN_MINUTES_MS = 600_000;

/** First and last time, and the middle where there is room. UTC. */
function timeAxis({ fromMs, toMs }: ChartFrame, columns: number): string {
  const range = toMs - fromMs;
  const text = (ms: number): string => {
    const iso = new Date(ms).toISOString();
    if (range > DAY_MS) return iso.slice(5, 16).replace("T", " ");
    return range < TEN_MINUTES_MS ? iso.slice(11, 19) : iso.slice(11, 16);
  };
  const [first, middle, last] = [fromMs, fromMs + range / 2, toMs].map(text);
  if (range === 0 || columns < first!.length + last!.length + 1) return first!;
  const room = columns - first!.length - last!.length;
  if (room < middle!.length + 4) return first! + alignRight(last!, columns - first!.length);
  const left = Math.floor((room - middle!.length) / 2);
  const right = columns - first!.length - left - middle!.length;
  return `${first}${" ".repeat(left)}${middle}${alignRight(last!, right)}`;
}
