/**
 * Bars of a waterfall in cells of text. A cell shows what fills most of it:
 *
 *   ██━━━━━━━━█━━━━━━━━██   parent: █ its own time, ━ time in a child
 *     ████████              children: the gap between them is the █ in the parent's middle
 *              ████████▌    edges within a cell are eighths of a block
 *
 * Without UTF-8, # stands for own time and - for time in a child.
 */

/** From, up to, in nanoseconds since the trace's start. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The time axis: `cells` cells for `durationNano`. */
export interface Axis {
  readonly durationNano: number;
  readonly cells: number;
  readonly unicode: boolean;
}

const ASCII = { own: "#", child: "-" } as const;
/** A cell filled from its left by 1/8 … 8/8. */
const leftEighths = "▏▎▍▌▋▊▉█";

/**
 * The line for one span: spaces, its bar, spaces; `axis.cells` long. `children` are the times of its
 * children, sorted by start. A span too short to see still gets a mark.
 */
export function drawBar(axis: Axis, span: Interval, children: readonly Interval[]): string {
  const perCell = axis.durationNano / axis.cells;
  if (!(perCell > 0)) return mark(axis).padEnd(axis.cells);
  const from = Math.min(Math.max(span.from, 0) / perCell, axis.cells);
  const to = Math.min(Math.max(span.to, span.from, 0) / perCell, axis.cells);
  const first = Math.min(Math.floor(from), axis.cells - 1);
  const last = Math.max(first, Math.ceil(to) - 1);
  const inChildren = coverage(children, { from, to }, perCell, axis.cells);
  let line = " ".repeat(first);
  for (let cell = first; cell <= last; cell++) {
    const left = Math.max(from - cell, 0);
    const right = Math.min(to - cell, 1);
    const isChild = inChildren[cell]! > (right - left) / 2;
    line += axis.unicode ? unicodeCell(left, right, isChild) : asciiCell(left, right, isChild);
  }
  if (line.trim() === "") line = " ".repeat(first) + mark(axis);
  return line.padEnd(axis.cells);
}

function mark({ unicode }: Axis): string {
  return unicode ? leftEighths[0]! : ASCII.own;
}

/** How much of each cell the children take, each moment counted once. */
function coverage(
  children: readonly Interval[],
  { from, to }: Interval,
  perCell: number,
  cells: number,
): Float64Array {
  const covered = new Float64Array(cells + 1);
  let done = from;
  for (const child of children) {
    const start = Math.max(child.from / perCell, done);
    const end = Math.min(child.to / perCell, to);
    if (end <= start) continue;
    for (let cell = Math.floor(start); cell < end; cell++) {
      covered[cell]! += Math.min(end, cell + 1) - Math.max(start, cell);
    }
    done = end;
  }
  return covered;
}

/** A cell filled between two fractions of it. */
function unicodeCell(left: number, right: number, isChild: boolean): string {
  const filled = right - left;
  if (isChild) {
    if (filled >= 0.75) return "━";
    return left + right > 1 ? "╺" : "╸";
  }
  if (left > 0 && right === 1) return filled >= 0.8 ? "█" : filled >= 0.3 ? "▐" : "▕";
  if (left >= 0.5) return "▕";
  return leftEighths[Math.min(7, Math.max(0, Math.round(filled * 8) - 1))]!;
}

function asciiCell(left: number, right: number, isChild: boolean): string {
  if (right - left < 0.5) return " ";
  return isChild ? ASCII.child : ASCII.own;
}

/** Nanoseconds between ticks: 1, 2 or 5 of a unit people count in, far enough apart to be labelled. */
export function tickStep(durationNano: number, maxTicks: number): number {
  const atLeast = durationNano / Math.max(1, maxTicks);
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500];
  const small = [1, 1e3, 1e6].flatMap((unit) => steps.map((step) => step * unit));
  const large = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600];
  const all = [...small, ...large.map((seconds) => seconds * 1e9)];
  const step = all.find((candidate) => candidate >= atLeast);
  const DAY_HALF_NANO = 43_200e9;
  return step ?? Math.ceil(atLeast / DAY_HALF_NANO) * DAY_HALF_NANO;
}

/** The line above the bars: each tick a stroke where its time is, with its label after it if it fits. */
export function drawAxis(axis: Axis, label: (nanos: number) => string): string {
  const LABEL_CELLS = 10;
  const stroke = axis.unicode ? "│" : "|";
  if (!(axis.durationNano > 0)) return `${stroke}0`.padEnd(axis.cells);
  const step = tickStep(axis.durationNano, Math.floor(axis.cells / LABEL_CELLS));
  let line = "";
  for (let at = 0; at <= axis.durationNano; at += step) {
    const cell = Math.floor((at / axis.durationNano) * axis.cells);
    if (cell >= axis.cells || cell < line.length) break;
    const text = stroke + (at === 0 ? "0" : label(at).replace(/\.0+(?= )/, ""));
    line = line.padEnd(cell) + (cell + text.length > axis.cells ? stroke : text);
  }
  return line.padEnd(axis.cells);
}
