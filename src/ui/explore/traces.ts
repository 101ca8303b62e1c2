/** A list of traces: its order, and the small shape that each one has. */
import type { TraceSummary } from "../../model/trace.ts";
import type { Sorting, SortKey } from "./explore-route.ts";

const compares: Partial<Record<SortKey, (a: TraceSummary, b: TraceSummary) => number>> = {
  start: (a, b) => compareStart(a, b),
  name: (a, b) => compareText(nameOf(a), nameOf(b)),
  duration: (a, b) => a.durationNano - b.durationNano,
  spans: (a, b) => a.spanCount - b.spanCount,
  errors: (a, b) => a.errorCount - b.errorCount,
};

function nameOf({ rootService, rootName }: TraceSummary): string {
  return `${rootService}\0${rootName}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareStart(a: TraceSummary, b: TraceSummary): number {
  const difference = BigInt(a.startUnixNano) - BigInt(b.startUnixNano);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** How a table of traces is sorted: newest first unless it can do as it is told. */
export function traceSorting({ key, descending }: Sorting): Sorting {
  return key in compares ? { key, descending } : { key: "start", descending: true };
}

/** The traces in the order of `traceSorting`; equals keep theirs. */
export function sortTraces<T extends { readonly summary: TraceSummary }>(
  traces: readonly T[],
  sorting: Sorting,
): T[] {
  const { key, descending } = traceSorting(sorting);
  const compare = compares[key]!;
  const sign = descending ? -1 : 1;
  return [...traces].sort((a, b) => sign * compare(a.summary, b.summary));
}

/** The part of a full bar that a duration's is long, in percent; at least a trace of it. */
export function sharePercent(durationNano: number, fullNano: number): number {
  if (fullNano <= 0) return 0;
  return Math.max(0.5, Math.min(100, (100 * durationNano) / fullNano));
}

/** The duration of a full bar: the longest, but no more than three times what nine of ten take, so that a
 * single endless trace does not flatten all the others. */
export function fullBarNano(durationsNano: readonly number[]): number {
  const sorted = [...durationsNano].sort((a, b) => a - b);
  const most = sorted.at(-1) ?? 0;
  return Math.min(most, 3 * (sorted[Math.floor(sorted.length * 0.9)] ?? most));
}

/** A service's line in the shape of a trace, in a box 100 wide and 18 high. */
export interface ShapeLine {
  readonly service: string;
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
}

const SHAPE_LINES = 6;
const SHAPE_HEIGHT = 18;
const LEAST_WIDTH = 1;

/** When each service of a trace was at work: the first to start on top. The longest six if there are
 * more, and none where the list has no times. */
export function shapeOf({ services, durationNano }: TraceSummary): ShapeLine[] {
  const whole = Math.max(durationNano, 1);
  const timed = services.flatMap(({ name, startNano, durationNano: own }) =>
    startNano === undefined || own === undefined ? [] : [{ name, startNano, own }],
  );
  const shown = timed
    .sort((a, b) => b.own - a.own)
    .slice(0, SHAPE_LINES)
    .sort((a, b) => a.startNano - b.startNano || b.own - a.own);
  const pitch = SHAPE_HEIGHT / Math.max(shown.length, 3);
  const above = (SHAPE_HEIGHT - pitch * shown.length) / 2;
  return shown.map(({ name, startNano, own }, i) => {
    const left = Math.min(Math.max((100 * startNano) / whole, 0), 100 - LEAST_WIDTH);
    const width = Math.min(Math.max((100 * own) / whole, LEAST_WIDTH), 100 - left);
    return { service: name, left, width, top: above + i * pitch, height: pitch * 0.75 };
  });
}
