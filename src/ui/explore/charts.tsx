/** Rate, errors and durations over time: three small charts with one axis of time. */
import type { Signal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import type { RedAnswer, RedSeriesAnswer } from "../../api/contract.ts";
import { formatDuration } from "../format.ts";
import { areaPath, linearScale, linePath, logScale, type Scale } from "./chart-lines.ts";
import { errorShares, formatNano, formatPercent, formatRate, rateOf, ratesOf } from "./figures.ts";
import { usePointerRange } from "./pointer-range.ts";
import { TimeLabels, TimeLines, type TimeMark, TimeMarks, type TimeSpan } from "./time-axis.tsx";

const TICKS = 4;

/** A line of a chart and what it is drawn with. */
interface Line {
  readonly values: readonly (number | null)[];
  readonly colour: string;
  readonly isFaint?: boolean;
}

/** One group's series and the number of its colour. */
export interface ColouredSeries {
  readonly series: RedSeriesAnswer;
  readonly colour: number;
}

interface ChartsProps {
  readonly red: RedAnswer;
  /** Groups to draw instead of the whole; empty if it is not broken down. */
  readonly groups: readonly ColouredSeries[];
  readonly span: TimeSpan;
  readonly nowSeconds: number;
  /** The step pointed at, on any plot of the page. */
  readonly hover: Signal<number | undefined>;
  readonly onZoom: (fromSeconds: number, toSeconds: number) => void;
  /** Moments to be marked, the words beside them in the first chart. */
  readonly marks: readonly TimeMark[];
}

/** The three charts. */
export function Charts({ red, groups, span, nowSeconds, hover, onZoom, marks }: ChartsProps) {
  const whole = red.series[0];
  if (whole === undefined) return null;
  const at = hover.value;
  const isGrouped = groups.length > 0;
  const lines = (of: (series: RedSeriesAnswer) => Line["values"]): Line[] =>
    groups.map(({ series, colour }) => ({
      values: of(series),
      colour: `var(--service-${colour})`,
    }));
  const rates = ratesOf(whole, red, nowSeconds);
  const shares = errorShares(whole);
  const plot = { red, span, hover, onZoom, marks };
  const { p50Nano, p95Nano, p99Nano, total } = whole;
  const rateLines = isGrouped
    ? lines((series) => ratesOf(series, red, nowSeconds))
    : [{ values: rates, colour: "var(--accent)" }];
  const errorLines = isGrouped ? lines(errorShares) : [{ values: shares, colour: "var(--error)" }];
  const durationLines: Line[] = isGrouped
    ? lines((series) => series.p95Nano)
    : [
        { values: p50Nano, colour: "var(--accent)", isFaint: true },
        { values: p95Nano, colour: "var(--accent)" },
        { values: p99Nano, colour: "var(--ink-soft)" },
      ];
  const rateScale = linearScale(mostOf(rateLines));
  const errorScale = linearScale(Math.max(mostOf(errorLines), 0.01));
  const durationScale = logScale(leastOf(durationLines), mostOf(durationLines));
  const nano = (values: Line["values"], all: number | null): string =>
    formatNano(at === undefined ? all : values[at]);
  return (
    <div class="charts">
      <Chart
        {...plot}
        title="Rate"
        figure={formatRate(at === undefined ? rateOf(total, red, nowSeconds) : (rates[at] ?? 0))}
        top={formatRate(rateScale.top)}
        lines={rateLines}
        scale={rateScale}
        hasArea={!isGrouped}
      />
      <Chart
        {...plot}
        title="Errors"
        figure={formatPercent(
          at === undefined ? total.errors / Math.max(total.calls, 1) : (shares[at] ?? 0),
        )}
        isBad={total.errors > 0}
        top={formatPercent(errorScale.top)}
        lines={errorLines}
        scale={errorScale}
        hasArea={!isGrouped}
      />
      <Chart
        {...plot}
        title={isGrouped ? "p95" : "Duration"}
        figure={isGrouped ? nano(p95Nano, total.p95Nano) : ""}
        top={isGrouped ? formatDuration(durationScale.top) : ""}
        lines={durationLines}
        scale={durationScale}
      >
        {!isGrouped && (
          <span class="quantiles">
            <Quantile name="p50" value={nano(p50Nano, total.p50Nano)} class="faint" />
            <Quantile name="p95" value={nano(p95Nano, total.p95Nano)} class="strong" />
            <Quantile name="p99" value={nano(p99Nano, total.p99Nano)} class="high" />
          </span>
        )}
      </Chart>
      <TimeLabels span={span} count={TICKS} />
    </div>
  );
}

function Quantile({ name, value, class: kind }: { name: string; value: string; class: string }) {
  return (
    <span>
      <i class={`line-key ${kind}`} />
      <span class="soft">{name}</span> <b>{value}</b>
    </span>
  );
}

function mostOf(lines: readonly Line[]): number {
  return lines.reduce(
    (most, { values }) => values.reduce<number>((a, b) => Math.max(a, b ?? 0), most),
    0,
  );
}

function leastOf(lines: readonly Line[]): number {
  const least = lines.reduce(
    (most, { values }) => values.reduce<number>((a, b) => Math.min(a, b ?? a), most),
    Infinity,
  );
  return least === Infinity ? 1 : least;
}

interface ChartProps extends Pick<ChartsProps, "red" | "span" | "hover" | "onZoom" | "marks"> {
  readonly title: string;
  readonly figure: string;
  /** What the upper edge stands for. */
  readonly top: string;
  readonly lines: readonly Line[];
  readonly scale: Scale;
  readonly hasArea?: boolean;
  readonly isBad?: boolean;
  readonly children?: preact.ComponentChildren;
}

function Chart(props: ChartProps) {
  const { title, figure, top, lines, scale, hasArea = false, isBad = false, children } = props;
  return (
    <section class="chart" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {figure !== "" && <b class={isBad ? "error" : ""}>{figure}</b>}
        {children}
        {top !== "" && (
          <span class="soft top-value" title="The upper edge of the chart">
            {top}
          </span>
        )}
      </header>
      <Plot {...props}>
        <svg
          viewBox={`0 0 ${props.red.times.length} 100`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {hasArea &&
            lines.map(({ values, colour }) => (
              <path key={colour} class="area" d={areaPath(values, scale)} fill={colour} />
            ))}
          {lines.map(({ values, colour, isFaint = false }, i) => (
            <path
              key={i}
              class={isFaint ? "line faint" : "line"}
              d={linePath(values, scale)}
              stroke={colour}
            />
          ))}
        </svg>
      </Plot>
    </section>
  );
}

interface PlotProps extends Pick<
  ChartProps,
  "red" | "span" | "hover" | "onZoom" | "marks" | "title"
> {
  readonly children: preact.ComponentChildren;
}

/** Where a chart is pointed at and dragged across. */
function Plot({ red, span, hover, onZoom, marks, title, children }: PlotProps) {
  const dragged = useSignal<readonly [number, number] | undefined>(undefined);
  const { times, stepSeconds } = red;
  const stepAt = (x: number): number => Math.min(Math.floor(x * times.length), times.length - 1);
  const area = usePointerRange<HTMLDivElement>({
    onHover: (place) => (hover.value = place === undefined ? undefined : stepAt(place.x)),
    onDrag: (range) => {
      dragged.value = range && [stepAt(range[0].x), stepAt(range[1].x)];
    },
    onRange: (a, b) => {
      const [first, last] = [stepAt(a.x), stepAt(b.x)].sort((one, two) => one - two);
      onZoom(times[first!]!, times[last!]! + stepSeconds);
    },
  });
  const width = 100 / times.length;
  const band = dragged.value && [Math.min(...dragged.value), Math.max(...dragged.value)];
  return (
    <div class="plot" ref={area}>
      <TimeLines span={span} count={TICKS} />
      {children}
      <TimeMarks span={span} marks={marks} hasLabels={title === "Rate"} />
      {band !== undefined && (
        <i
          class="band"
          style={{ left: `${band[0]! * width}%`, width: `${(band[1]! - band[0]! + 1) * width}%` }}
        />
      )}
      {hover.value !== undefined && <Crosshair left={(hover.value + 0.5) * width} />}
    </div>
  );
}

/** A line through a plot at a part of its width in percent, with a word beside it perhaps. */
export function Crosshair({ left, label = "" }: { left: number; label?: string }) {
  return (
    <i class={left > 85 ? "crosshair at-end" : "crosshair"} style={{ left: `${left}%` }}>
      {label !== "" && <span>{label}</span>}
    </i>
  );
}
