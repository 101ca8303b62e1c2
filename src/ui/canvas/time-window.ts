/** The stretch of time that a view shows, and what zooming and panning do to it. */

/** From when to when, in nanoseconds. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** Closer than this there is nothing to see: clocks count whole nanoseconds. */
const LEAST_NANO = 10;

/** The window moved and widened as little as may be to lie within `bounds` and not be too short. */
export function clampWindow({ from, to }: TimeWindow, bounds: TimeWindow): TimeWindow {
  const whole = bounds.to - bounds.from;
  const length = Math.min(Math.max(to - from, LEAST_NANO), Math.max(whole, LEAST_NANO));
  const start = Math.min(Math.max(from, bounds.from), Math.max(bounds.to - length, bounds.from));
  return { from: start, to: start + length };
}

/** The window made `factor` times as long, with the moment `at` staying in its place. */
export function zoomWindow(
  { from, to }: TimeWindow,
  factor: number,
  at: number,
  bounds: TimeWindow,
): TimeWindow {
  const length = Math.min(Math.max((to - from) * factor, LEAST_NANO), bounds.to - bounds.from);
  const share = (at - from) / (to - from);
  const start = at - share * length;
  return clampWindow({ from: start, to: start + length }, bounds);
}

/** The window moved by `nano`. */
export function panWindow({ from, to }: TimeWindow, nano: number, bounds: TimeWindow): TimeWindow {
  return clampWindow({ from: from + nano, to: to + nano }, bounds);
}

/** A window with some room on both sides of a stretch. */
export function windowAround(from: number, to: number, bounds: TimeWindow): TimeWindow {
  const room = Math.max((to - from) * 0.05, LEAST_NANO);
  return clampWindow({ from: from - room, to: to + room }, bounds);
}

/** Whether two windows show the same to the eye. */
export function sameWindow(a: TimeWindow, b: TimeWindow): boolean {
  const close = (b.to - b.from) * 1e-6;
  return Math.abs(a.from - b.from) <= close && Math.abs(a.to - b.to) <= close;
}
