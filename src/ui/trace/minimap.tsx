import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { overviewOf, type Overview } from "../../analysis/overview.ts";
import { palette, type Palette } from "../canvas/palette.ts";
import { Surface, type SurfaceSize } from "../canvas/surface.ts";
import { followDrag, type TimeControl, wheelTime } from "../canvas/time-control.ts";
import type { TimeWindow } from "../canvas/time-window.ts";
import { formatDuration } from "../format.ts";
import type { TraceView } from "./view.ts";

const EDGE_PX = 6;
/** No line of the picture is higher than a thin bar. */
const MOST_LINE_PX = 4;

/** All of the trace, small: which stretch shows, and a way to choose another. */
export function Minimap({ view, time }: { view: TraceView; time: TimeControl }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    const surface = new Surface(element);
    let overview: Overview | undefined;
    const end = effect(() => {
      const colours = palette();
      const window = time.window.value;
      surface.show((context, size) => {
        const [columns, lines] = [Math.ceil(size.widthPx), linesOf(view, size)];
        if (overview?.columns !== columns || overview.lines !== lines) {
          overview = overviewOf(view.table, columns, lines);
        }
        paintOverview(context, overview, size, view, colours);
        paintWindow(context, size, time.bounds, window, colours);
      });
    });
    const timeAt = (clientX: number): number => {
      const { left, width } = element.getBoundingClientRect();
      const share = Math.min(Math.max((clientX - left) / Math.max(width, 1), 0), 1);
      return time.bounds.from + share * (time.bounds.to - time.bounds.from);
    };
    const onDown = (press: PointerEvent): void => startDrag(press, element, time, timeAt);
    const unwheel = wheelTime(element, () => time, { timeAt, widthPx: () => element.clientWidth });
    element.addEventListener("pointerdown", onDown);
    return () => {
      end();
      unwheel();
      element.removeEventListener("pointerdown", onDown);
      surface.close();
    };
  }, [view, time]);
  const { from, to } = time.window.value;
  return (
    <div class="minimap">
      <canvas ref={canvas} aria-hidden="true" onDblClick={() => time.whole()} />
      {!time.isWhole && (
        <button
          type="button"
          class="button whole"
          title="Show the whole trace (0)"
          onClick={() => time.whole()}
        >
          {formatDuration(to - from)} from {formatDuration(from)} ×
        </button>
      )}
    </div>
  );
}

function linesOf({ table }: TraceView, { heightPx }: SurfaceSize): number {
  return Math.max(1, Math.min(table.length, Math.floor(heightPx)));
}

function paintOverview(
  context: CanvasRenderingContext2D,
  { columns, lines, service, failed }: Overview,
  { heightPx }: SurfaceSize,
  { colours }: TraceView,
  { services, of }: Palette,
): void {
  const linePx = Math.min(heightPx / lines, MOST_LINE_PX);
  const barPx = Math.max(linePx > 2 ? linePx - 1 : linePx, 1);
  for (let line = 0; line < lines; line++) {
    const y = Math.floor(line * linePx);
    for (let x = 0; x < columns;) {
      const at = line * columns + x;
      const [cell, isFailed] = [service[at]!, failed[at]!];
      let to = x + 1;
      while (to < columns && service[at + to - x] === cell && failed[at + to - x] === isFailed)
        to++;
      if (cell !== 0) {
        context.fillStyle = isFailed === 1 ? of.error : services[colours[cell - 1]!]!;
        context.fillRect(x, y, to - x, Math.ceil(barPx));
      }
      x = to;
    }
  }
}

function paintWindow(
  context: CanvasRenderingContext2D,
  { widthPx, heightPx }: SurfaceSize,
  bounds: TimeWindow,
  window: TimeWindow,
  { of }: Palette,
): void {
  const scale = widthPx / Math.max(bounds.to - bounds.from, 1);
  const from = Math.round((window.from - bounds.from) * scale);
  const to = Math.max(Math.round((window.to - bounds.from) * scale), from + 2);
  if (from <= 0 && to >= widthPx) return;
  context.globalAlpha = 0.72;
  context.fillStyle = of.page;
  context.fillRect(0, 0, from, heightPx);
  context.fillRect(to, 0, widthPx - to, heightPx);
  context.globalAlpha = 1;
  context.fillStyle = of.accent;
  context.fillRect(from - 1, 0, 2, heightPx);
  context.fillRect(to - 1, 0, 2, heightPx);
}

/** On an edge of the window the drag moves that edge, within it the window; else it chooses anew. */
function startDrag(
  press: PointerEvent,
  element: HTMLElement,
  time: TimeControl,
  timeAt: (clientX: number) => number,
): void {
  const window = time.window.peek();
  const { isWhole } = time;
  const nanoPerPx = timeAt(element.getBoundingClientRect().left + 1) - time.bounds.from;
  const at = timeAt(press.clientX);
  const isNear = (edge: number): boolean => Math.abs(edge - at) < EDGE_PX * nanoPerPx;
  const between = (a: number, b: number): TimeWindow => ({
    from: Math.min(a, b),
    to: Math.max(a, b),
  });
  const choose = (fromX: number, toX: number): void => {
    const [from, to] = [timeAt(fromX), timeAt(toX)];
    if (isWhole) time.show(between(from, to));
    else if (isNear(window.from)) time.show(between(to, window.to));
    else if (isNear(window.to)) time.show(between(window.from, to));
    else if (at < window.from || at > window.to) time.show(between(from, to));
    else time.show({ from: window.from + to - from, to: window.to + to - from });
  };
  followDrag(press, { move: choose, end: choose, cancel: () => time.show(window) });
}
