import { markBits, type SpanColumns } from "../model/span-columns.ts";

/** Spans are filed by five minutes of their start: the second part of the table's order. */
const TIME_BUCKET_SECONDS = 300;

/** How far from its arrival a span may be dated and still be filed under its own time. */
export interface TimeLimits {
  readonly pastSeconds: number;
  readonly futureSeconds: number;
}

/** Files the rows from `from` on by their start, and marks those whose times cannot be right. What
 * lies outside the limits is filed under its arrival; the times themselves are left as sent. */
export function markTimes(
  columns: SpanColumns,
  from: number,
  arrivalSeconds: number,
  limits: TimeLimits,
): void {
  const { startUnixNano: start, endUnixNano: end } = columns;
  for (let row = from; row < columns.length; row++) {
    const [low, high] = [start[2 * row]!, start[2 * row + 1]!];
    const seconds = Math.floor((high * 2 ** 32 + low) / 1e9);
    let marks = 0;
    if (seconds > arrivalSeconds + limits.futureSeconds) marks = markBits.farFuture;
    else if (seconds < arrivalSeconds - limits.pastSeconds) marks = markBits.farPast;
    const filed = marks === 0 ? seconds : arrivalSeconds;
    columns.timeBucket[row] = filed - (filed % TIME_BUCKET_SECONDS);
    const endHigh = end[2 * row + 1]!;
    if (endHigh < high || (endHigh === high && end[2 * row]! < low)) {
      marks |= markBits.endsBeforeStart;
    }
    columns.marks[row] = marks;
  }
}
