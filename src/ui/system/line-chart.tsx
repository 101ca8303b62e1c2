/** A small chart of lines over time, with a value to point at. */
import type { Signal } from "@preact/signals";
import { areaPath, linePath, type Scale } from "../explore/chart-lines.ts";
import { Crosshair } from "../explore/charts.tsx";
import { usePointerRange } from "../explore/pointer-range.ts";
import { TimeLines, type TimeSpan } from "../explore/time-axis.tsx";

/** A line, its name and colour. */
export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly colour: string;
  readonly hasArea?: boolean;
  readonly isFaint?: boolean;
}

interface LineChartProps {
  readonly title: string;
  /** What its figure stands for when nothing is pointed at. */
  readonly figure: string;
  readonly lines: readonly ChartLine[];
  readonly scale: Scale;
  readonly format: (value: number) => string;
  readonly span: TimeSpan;
  /** The step pointed at, on any chart of the page. */
  readonly hover: Signal<number | undefined>;
}

const TICKS = 4;

/** The chart. What it shows is in words in its head, so the drawing itself is not read out. */
export function LineChart({ title, figure, lines, scale, format, span, hover }: LineChartProps) {
  const count = lines[0]?.values.length ?? 0;
  const at = hover.value;
  const plot = usePointerRange<HTMLDivElement>({
    onHover: (place) => {
      hover.value =
        place === undefined ? undefined : Math.min(Math.floor(place.x * count), count - 1);
    },
    onDrag: () => undefined,
    onRange: () => undefined,
  });
  const pointed = (values: ChartLine["values"]): string => {
    const value = at === undefined ? null : (values[at] ?? null);
    return value === null ? "–" : format(value);
  };
  return (
    <section class="chart" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {at === undefined ? (
          <b>{figure}</b>
        ) : (
          lines.map(({ name, values }) => (
            <span key={name}>
              {lines.length > 1 && <span class="soft">{name}</span>} <b>{pointed(values)}</b>
            </span>
          ))
        )}
        <span class="soft top-value" title="The upper edge of the chart">
          {format(scale.top)}
        </span>
      </header>
      <div class="plot" ref={plot}>
        <TimeLines span={span} count={TICKS} />
        <svg viewBox={`0 0 ${count} 100`} preserveAspectRatio="none" aria-hidden="true">
          {lines.map(({ name, values, colour, hasArea = false, isFaint = false }) => (
            <g key={name}>
              {hasArea && <path class="area" d={areaPath(values, scale)} fill={colour} />}
              <path
                class={isFaint ? "line faint" : "line"}
                d={linePath(values, scale)}
                stroke={colour}
              />
            </g>
          ))}
        </svg>
        {at !== undefined && <Crosshair left={((at + 0.5) * 100) / count} />}
      </div>
    </section>
  );
}
