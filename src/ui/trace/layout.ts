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
import { type Cut, realTime } from "../../analysis/compress-gaps.ts";
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

/** A time axis: the times from `fromNano` to `toNano` drawn over `widthPx`. */
export interface TimeAxis {
  readonly fromNano: number;
  readonly toNano: number;
  readonly widthPx: number;
  /** What was taken out of its times: labels are of the real ones. */
  readonly cuts?: readonly Cut[];
}

/** Where a time is drawn; outside of 0 and the width for times that are not on the axis. */
function xOf(nano: number, { fromNano, toNano, widthPx }: TimeAxis): number {
  return toNano <= fromNano ? 0 : ((nano - fromNano) / (toNano - fromNano)) * widthPx;
}

/** The time that is drawn at `xPx`. */
export function timeAt(xPx: number, { fromNano, toNano, widthPx }: TimeAxis): number {
  return fromNano + (xPx / Math.max(widthPx, 1)) * (toNano - fromNano);
}

/** How far beyond the axis bars are drawn: their ends are then out of sight. */
const OUTSIDE_PX = 4;

/** The bar of a span as far as it is in sight, at least one pixel wide; undefined if it is not. */
export function layoutBar(
  startNano: number,
  durationNano: number,
  axis: TimeAxis,
): Bar | undefined {
  const from = xOf(startNano, axis);
  const to = Math.max(xOf(startNano + Math.max(durationNano, 0), axis), from + MIN_BAR_PX);
  if (to < 0 || from > axis.widthPx) return undefined;
  // What ends with the axis must not begin behind it.
  const isAtEnd = from > axis.widthPx - MIN_BAR_PX;
  const xPx = isAtEnd ? axis.widthPx - MIN_BAR_PX : Math.max(from, -OUTSIDE_PX);
  const end = Math.min(to, axis.widthPx + (isAtEnd ? 0 : OUTSIDE_PX));
  return { xPx, widthPx: Math.max(end - xPx, MIN_BAR_PX) };
}

/** A mark on a bar. */
export interface EventMark {
  readonly xPx: number;
  readonly exception: boolean;
}

/** Where events are marked: at whole pixels in sight, one mark each, an exception's on top. */
export function layoutEvents(
  events: Iterable<{ readonly name: string; readonly timeNano: number }>,
  axis: TimeAxis,
): EventMark[] {
  const marks = new Map<number, boolean>();
  for (const { name, timeNano } of events) {
    const xPx = Math.round(xOf(timeNano, axis));
    if (xPx < 0 || xPx > axis.widthPx) continue;
    marks.set(xPx, marks.get(xPx) === true || name === "exception");
  }
  return Array.from(marks, ([xPx, exception]) => ({ xPx, exception }));
}

/** Where time was taken out, as far as it is in sight. */
export function layoutCuts(axis: TimeAxis): (Bar & { readonly removedNano: number })[] {
  return (axis.cuts ?? []).flatMap(({ atNano, shownNano, removedNano }) => {
    const bar = layoutBar(atNano, shownNano, axis);
    return bar === undefined ? [] : [{ ...bar, removedNano }];
  });
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
 * Round times along the axis, far enough apart that their labels do not touch; on an axis too short
 * for that, its ends.
 */
export function layoutTicks(axis: TimeAxis): Tick[] {
  const { fromNano, toNano, widthPx, cuts = [] } = axis;
  const label = (nano: number, step: number): string =>
    nano < (cuts[0]?.atNano ?? Infinity)
      ? tickLabel(nano, step)
      : formatDuration(realTime(cuts, nano));
  if (toNano <= fromNano) return [{ xPx: 0, label: "0" }];
  const step = tickStep(((toNano - fromNano) * TICK_PX) / widthPx);
  const ticks: Tick[] = [];
  for (let i = Math.ceil(fromNano / step); i * step <= toNano; i++) {
    ticks.push({ xPx: xOf(i * step, axis), label: label(i * step, step) });
  }
  if (ticks.length < 2 && fromNano === 0) {
    return [
      { xPx: 0, label: "0" },
      { xPx: widthPx, label: formatDuration(realTime(cuts, toNano)) },
    ];
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

/** The time with as many digits as tell it from its neighbours. */
function tickLabel(nanos: number, step: number): string {
  if (nanos === 0) return "0";
  const [unit, name] = tickUnits.find(([size]) => size <= Math.abs(nanos)) ?? [1, "ns"];
  const digits = Math.max(0, Math.ceil(Math.log10(unit / step) - 1e-9));
  const text = (nanos / unit).toFixed(Math.min(digits, 12));
  return `${Number.isInteger(nanos / unit) ? nanos / unit : text} ${name}`;
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
  const least = (index + 1) * ROW_PX - heightPx;
  return Math.max(0, Math.min(Math.max(scrollPx, least), index * ROW_PX));
}
