/** How long calls took, over time, as a canvas; a box dragged on it is a question. */
import type { Signal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { RedHeatmapAnswer } from "../../api/contract.ts";
import { formatDuration, formatSome } from "../format.ts";
import { theme } from "../shell/theme.ts";
import { Crosshair } from "./charts.tsx";
import type { Box } from "./explore-route.ts";
import {
  boxOf,
  type Cell,
  cellAt,
  durationTicks,
  type HeatmapGrid,
  heatmapGrid,
  levelOf,
  placeOf,
} from "./heatmap-grid.ts";
import { heatmapKey } from "./heatmap-keys.ts";
import { usePointerRange } from "./pointer-range.ts";
import { TimeLabels, TimeLines, type TimeSpan } from "./time-axis.tsx";
import { formatClock, formatRange } from "./time-range.ts";

const LEVELS = 7;
const TICKS = 8;
const MAX_ROWS = 44;
const SURFACE_HELP =
  "Heatmap: arrows move between cells, Shift with arrows makes a box, " +
  "Enter shows the traces inside, Escape leaves it";

interface HeatmapProps {
  readonly answer: RedHeatmapAnswer;
  readonly span: TimeSpan;
  readonly hover: Signal<number | undefined>;
  readonly box: Box | undefined;
  readonly onBox: (box: Box | undefined) => void;
}

/** The heatmap with its axes and legend. */
export function Heatmap({ answer, span, hover, box, onBox }: HeatmapProps) {
  const grid = useMemo(() => heatmapGrid(answer, MAX_ROWS), [answer]);
  const cell = useSignal<Cell | undefined>(undefined);
  if (grid === undefined) return null;
  return (
    <section class="heatmap" aria-label="Durations over time">
      <header>
        <h2>Latency</h2>
        <span class="soft pointed" aria-live="polite">
          {cell.value === undefined
            ? "drag a box to see the traces inside"
            : describe(grid, cell.value, span.offsetMinutes)}
        </span>
        <Legend most={grid.most} />
      </header>
      <div class="heat-body">
        <DurationLabels grid={grid} />
        <Surface {...{ grid, span, hover, box, onBox, cell }} />
      </div>
      <TimeLabels span={span} count={TICKS} />
    </section>
  );
}

function describe(grid: HeatmapGrid, { step, row }: Cell, offsetMinutes: number): string {
  const { fromSeconds, toSeconds, overNano, upToNano } = boxOf(grid, { step, row }, { step, row });
  const calls = grid.counts[row * grid.steps + step]!;
  const time = formatRange(fromSeconds, toSeconds, offsetMinutes);
  const durations = `${formatDuration(overNano)} – ${formatDuration(upToNano)}`;
  return `${time}, ${durations}: ${formatSome(calls, "call")}`;
}

function Legend({ most }: { most: number }) {
  return (
    <span class="legend" title="Calls in a cell">
      <span class="soft">1</span>
      {Array.from({ length: LEVELS }, (_, i) => (
        <i key={i} class="heat" style={{ background: `var(--heat-${i + 1})` }} />
      ))}
      <span class="soft">{formatSome(most, "call")}</span>
    </span>
  );
}

function DurationLabels({ grid }: { grid: HeatmapGrid }) {
  return (
    <div class="duration-labels" aria-hidden="true">
      {durationTicks(grid).map((nano) => (
        <span key={nano} style={{ top: `${100 * placeOf(grid, nano)}%` }}>
          {formatDuration(nano).replace(/\.0+(?= )/, "")}
        </span>
      ))}
    </div>
  );
}

interface SurfaceProps extends Omit<HeatmapProps, "answer"> {
  readonly grid: HeatmapGrid;
  /** The cell pointed at. */
  readonly cell: Signal<Cell | undefined>;
}

function Surface({ grid, span, hover, box, onBox, cell }: SurfaceProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  /** The other corner of the box that keys or the pointer make; `cell` is the one that moves. */
  const corner = useSignal<Cell | undefined>(undefined);
  useDrawing(canvas, grid);
  const area = usePointerRange<HTMLDivElement>({
    onHover: (place) => {
      cell.value = place && cellAt(grid, place.x, place.y);
      hover.value = cell.value?.step;
    },
    onDrag: (range) => {
      corner.value = range && cellAt(grid, range[0].x, range[0].y);
    },
    onRange: (a, b) => onBox(boxOf(grid, cellAt(grid, a.x, a.y), cellAt(grid, b.x, b.y))),
    onPoint: () => onBox(undefined),
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = heatmapKey(event, { grid, cell: cell.value, corner: corner.value });
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    cell.value = next.cell;
    corner.value = next.corner;
    hover.value = next.cell?.step;
    if (next.box !== "asBefore") onBox(next.box);
  };
  const made =
    corner.value !== undefined && cell.value !== undefined
      ? boxOf(grid, corner.value, cell.value)
      : undefined;
  return (
    <div
      class="plot"
      ref={area}
      tabIndex={0}
      role="application"
      aria-label={SURFACE_HELP}
      onKeyDown={onKeyDown}
      onBlur={() => (cell.value = corner.value = undefined)}
    >
      <TimeLines span={span} count={TICKS} />
      {durationTicks(grid).map((nano) => (
        <i key={nano} class="duration-line" style={{ top: `${100 * placeOf(grid, nano)}%` }} />
      ))}
      <canvas ref={canvas} aria-hidden="true" />
      {hover.value !== undefined && (
        <Crosshair
          left={(100 * (hover.value + 0.5)) / grid.steps}
          label={formatClock(grid.fromSeconds + hover.value * grid.stepSeconds, span.offsetMinutes)}
        />
      )}
      {made !== undefined ? (
        <Frame grid={grid} box={made} />
      ) : (
        box !== undefined && <Frame grid={grid} box={box} />
      )}
      {made === undefined && cell.value !== undefined && (
        <Frame grid={grid} box={boxOf(grid, cell.value, cell.value)} isCell />
      )}
    </div>
  );
}

function Frame({ grid, box, isCell = false }: { grid: HeatmapGrid; box: Box; isCell?: boolean }) {
  const whole = grid.steps * grid.stepSeconds;
  const part = (seconds: number): number =>
    Math.min(Math.max((seconds - grid.fromSeconds) / whole, 0), 1) * 100;
  const [left, right] = [part(box.fromSeconds), part(box.toSeconds)];
  if (left === right) return null;
  const clamp = (place: number): number => Math.min(Math.max(place, 0), 1) * 100;
  const [top, bottom] = [clamp(placeOf(grid, box.upToNano)), clamp(placeOf(grid, box.overNano))];
  const style = {
    left: `${left}%`,
    width: `${right - left}%`,
    top: `${top}%`,
    height: `${bottom - top}%`,
  };
  return <i class={isCell ? "frame cell" : "frame"} style={style} />;
}

/** Draws the grid whenever it, the canvas's size or the theme changes. */
function useDrawing(
  canvas: { readonly current: HTMLCanvasElement | null },
  grid: HeatmapGrid,
): void {
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const redraw = (): void => draw(element, grid);
    const sizes = new ResizeObserver(redraw);
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    sizes.observe(element);
    system.addEventListener("change", redraw);
    redraw();
    return () => {
      sizes.disconnect();
      system.removeEventListener("change", redraw);
    };
  }, [grid, theme.value]);
}

function draw(canvas: HTMLCanvasElement, grid: HeatmapGrid): void {
  const scale = window.devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((px) =>
    Math.round(px * scale),
  ) as [number, number];
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) return;
  // The legend has each colour as the theme resolves it.
  const shades = [...document.querySelectorAll(".legend .heat")];
  const colours = shades.map((shade) => getComputedStyle(shade).backgroundColor);
  const { steps, rows, counts, most } = grid;
  for (let row = 0; row < rows; row++) {
    const bottom = Math.round(height * (1 - row / rows));
    const top = Math.round(height * (1 - (row + 1) / rows));
    for (let step = 0; step < steps; step++) {
      const level = levelOf(counts[row * steps + step]!, most, LEVELS);
      if (level === 0) continue;
      const left = Math.round((width * step) / steps);
      context.fillStyle = colours[level - 1]!;
      context.fillRect(left, top, Math.round((width * (step + 1)) / steps) - left, bottom - top);
    }
  }
}
