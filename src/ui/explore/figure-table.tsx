/** Calls, errors and durations, a line for each of several things that are called. */
import type { ComponentChildren } from "preact";
import type { RedSeriesAnswer, RedTotals } from "../../api/contract.ts";
import { ErrorIcon } from "../shell/icons.tsx";
import { areaPath, linearScale, linePath, logScale } from "./chart-lines.ts";
import { errorShares, formatNano, formatPercent, formatRate } from "./figures.ts";
import type { FigureKey, FigureSorting } from "./figure-sorting.ts";
import { SortHead } from "./sort-head.tsx";

/** A line of the table. */
export interface FigureLine {
  readonly key: string;
  readonly label: ComponentChildren;
  /** What the whole line leads to. */
  readonly href: string;
  readonly title: string;
  /** The number of its colour. */
  readonly colour: number;
  readonly total: RedTotals;
  readonly series: Pick<RedSeriesAnswer, "calls" | "errors" | "p95Nano">;
}

interface FigureTableProps {
  /** Of the first column. */
  readonly name: string;
  readonly lines: readonly FigureLine[];
  /** Calls a second. */
  readonly rateOf: (total: RedTotals) => number;
  readonly sorting: FigureSorting;
  /** The address of the table as it is sorted then. */
  readonly sortedHref: (sorting: FigureSorting) => string;
}

/** The table; the lines are in order already. */
export function FigureTable({ name, lines, rateOf, sorting, sortedHref }: FigureTableProps) {
  const head = (title: string, by: FigureKey, kind = "number") => (
    <SortHead name={title} by={by} sorting={sorting} sortedHref={sortedHref} class={kind} />
  );
  const spark = (what: string) => (
    <th scope="col" class="spark">
      <span class="hidden">{what} over time</span>
    </th>
  );
  return (
    <table class="rows groups-table">
      <thead>
        <tr>
          {head(name, "name", "")}
          {head("Calls", "calls")}
          {spark("Calls")}
          {head("Errors", "errors")}
          {spark("Errors")}
          {head("p50", "p50", "number inner")}
          {head("p95", "p95")}
          {spark("p95")}
          {head("p99", "p99", "number inner")}
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Line key={line.key} line={line} rate={rateOf(line.total)} />
        ))}
      </tbody>
    </table>
  );
}

function Line({ line, rate }: { line: FigureLine; rate: number }) {
  const { label, href, title, colour, total, series } = line;
  const { calls, p95Nano } = series;
  const shares = errorShares(series);
  const durations = logScale(leastOf(p95Nano), mostOf(p95Nano));
  return (
    <tr>
      <td class="what">
        <a href={href} title={title}>
          {label}
        </a>
      </td>
      <td class="number">{formatRate(rate)}</td>
      <td class="spark">
        <Spark steps={calls.length}>
          <path d={areaPath(calls, linearScale(mostOf(calls)))} fill={`var(--service-${colour})`} />
        </Spark>
      </td>
      <td class="number">
        {total.errors > 0 && (
          <span class="error">
            <ErrorIcon /> {formatPercent(total.errors / total.calls)}
          </span>
        )}
      </td>
      <td class="spark">
        {total.errors > 0 && (
          <Spark steps={calls.length}>
            <path d={areaPath(shares, linearScale(mostOf(shares)))} fill="var(--error)" />
          </Spark>
        )}
      </td>
      <td class="number inner">{formatNano(total.p50Nano)}</td>
      <td class="number">{formatNano(total.p95Nano)}</td>
      <td class="spark">
        <Spark steps={calls.length}>
          <path class="spark-line" d={linePath(p95Nano, durations)} />
        </Spark>
      </td>
      <td class="number inner">{formatNano(total.p99Nano)}</td>
    </tr>
  );
}

/** A small picture of numbers over time, as wide as there are steps and 100 high. */
export function Spark({ steps, children }: { steps: number; children: ComponentChildren }) {
  return (
    <svg viewBox={`0 0 ${Math.max(steps, 1)} 100`} preserveAspectRatio="none" aria-hidden="true">
      {children}
    </svg>
  );
}

function mostOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

function leastOf(values: readonly (number | null)[]): number {
  const least = values.reduce<number>((a, value) => Math.min(a, value ?? a), Infinity);
  return least === Infinity ? 1 : least;
}
