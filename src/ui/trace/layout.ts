/**
 * The waterfall's geometry, without a DOM.
 *
 *   ┌ tree ──────────┬ time ─────────────────────────┬ room ┐
 *   │ ▾ gateway GET  │ ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ │ 80 ms│
 *   │   ▸ cart add   │     ▇▇▇▇▇▇▇▇ 22 ms            │      │
 *   └────────────────┴───────────────────────────────┴──────┘
 *
 * The time axis stops short of the right edge, so that a label always fits beside its bar.
 */
import { formatDuration } from "../format.ts";

/** The height of a row; the same as --row. */
export const ROW_PX = 24;
/** The sticky row with the axis. */
export const AXIS_PX = 28;
/** Room for a duration to the right of the latest bar. */
const LABEL_PX = 84;
/** So that a 1 µs span in a 10 s trace can still be seen. */
const MIN_BAR_PX = 1;

const NARROW_PX = 640;
const STEP_PX = 14;
const LEAST_STEP_PX = 2;
/** Toggle and swatch, which every row has. */
const ROW_HEAD_PX = 30;
const OVERSCAN_ROWS = 8;

/** Widths, from left to right. */
export interface Columns {
  readonly treePx: number;
  readonly timePx: number;
  /** How far a level is indented: less when the tree is so deep that names would have no room. */
  readonly stepPx: number;
}

/** The columns of a waterfall `widthPx` wide over a tree of so many levels. */
export function layoutColumns(widthPx: number, levels: number): Columns {
  const share = widthPx < NARROW_PX ? 0.52 : 0.38;
  const treePx = Math.round(Math.min(Math.max(widthPx * share, 160), 560));
  const forIndent = (treePx - ROW_HEAD_PX) / 2;
  const stepPx = Math.min(STEP_PX, Math.max(LEAST_STEP_PX, Math.floor(forIndent / levels)));
  return { treePx, timePx: Math.max(widthPx - treePx - LABEL_PX, 40), stepPx };
}

/** How far a row of this depth is indented; never past the middle of the tree column. */
export function indentPx(depth: number, { treePx, stepPx }: Columns): number {
  return Math.min(depth * stepPx, Math.round((treePx - ROW_HEAD_PX) / 2));
}

/** A span's bar, from the left of the time column. */
export interface Bar {
  readonly xPx: number;
  readonly widthPx: number;
}

/** A time axis: `durationNano` from 0 drawn over `widthPx`. */
export interface TimeAxis {
  readonly durationNano: number;
  readonly widthPx: number;
}

/** Where a time is drawn, kept within the axis. */
function xOf(nano: number, { durationNano, widthPx }: TimeAxis): number {
  if (durationNano <= 0) return 0;
  return (Math.min(Math.max(nano, 0), durationNano) / durationNano) * widthPx;
}

/** The bar of a span, at least one pixel wide and wholly on the axis. */
export function layoutBar(startNano: number, durationNano: number, axis: TimeAxis): Bar {
  const widthPx = Math.max(
    xOf(startNano + Math.max(durationNano, 0), axis) - xOf(startNano, axis),
    MIN_BAR_PX,
  );
  return { xPx: Math.min(xOf(startNano, axis), Math.max(axis.widthPx - widthPx, 0)), widthPx };
}

/** A mark on a bar. */
export interface EventMark {
  readonly xPx: number;
  readonly exception: boolean;
}

/** Where the events of a span are marked: at whole pixels, one mark each, an exception's on top. */
export function layoutEvents(
  events: readonly { readonly name: string; readonly timeNano: number }[],
  axis: TimeAxis,
): EventMark[] {
  const marks = new Map<number, boolean>();
  for (const { name, timeNano } of events) {
    const xPx = Math.round(xOf(timeNano, axis));
    marks.set(xPx, marks.get(xPx) === true || name === "exception");
  }
  return Array.from(marks, ([xPx, exception]) => ({ xPx, exception }));
}

/** A round time on the axis. */
export interface Tick {
  readonly xPx: number;
  readonly label: string;
}

const TICK_PX = 88;
const tickUnits: readonly [nanos: number, name: string][] = [
  [3600e9, "h"],
  [60e9, "min"],
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];

/**
 * Round times along the axis from 0 on, far enough apart that their labels do not touch; on an axis
 * too short for that, 0 and the end.
 */
export function layoutTicks(axis: TimeAxis): Tick[] {
  const step = tickStep((axis.durationNano * TICK_PX) / axis.widthPx);
  const ticks: Tick[] = [];
  for (let i = 0; i * step <= axis.durationNano; i++) {
    ticks.push({ xPx: xOf(i * step, axis), label: tickLabel(i * step, step) });
    if (axis.durationNano <= 0) return ticks;
  }
  if (ticks.length === 1) {
    ticks.push({ xPx: axis.widthPx, label: formatDuration(axis.durationNano) });
  }
  return ticks;
}

const longSteps = [60e9, 120e9, 300e9, 600e9, 1800e9, 3600e9, 7200e9, 21_600e9, 43_200e9, 86_400e9];

/** The least round step that is no less than `nanos`: 1, 2 or 5 of a power of ten, or clock-like. */
function tickStep(nanos: number): number {
  if (nanos > 30e9) {
    const step = longSteps.find((long) => long >= nanos);
    return step ?? 86_400e9 * Math.ceil(nanos / 86_400e9);
  }
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(nanos, 1))));
  return power * ([1, 2, 5].find((factor) => factor * power >= nanos) ?? 10);
}

function tickLabel(nanos: number, step: number): string {
  if (nanos === 0) return "0";
  const [unit, name] = tickUnits.find(([size]) => size <= Math.max(nanos, step)) ?? [1, "ns"];
  return `${Number((nanos / unit).toPrecision(6))} ${name}`;
}

/** The slice of rows that must be in the DOM: what shows, and a few more for fast scrolling. */
export function rowWindow(
  scrollPx: number,
  heightPx: number,
  rowCount: number,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.floor(scrollPx / ROW_PX) - OVERSCAN_ROWS);
  const to = Math.ceil((scrollPx + heightPx) / ROW_PX) + OVERSCAN_ROWS;
  return { from: Math.min(from, rowCount), to: Math.min(to, rowCount) };
}

/** The scroll position nearest to `scrollPx` at which row `index` shows whole. */
export function scrollToRow(index: number, scrollPx: number, heightPx: number): number {
  const least = (index + 1) * ROW_PX + AXIS_PX - heightPx;
  return Math.max(0, Math.min(Math.max(scrollPx, least), index * ROW_PX));
}
