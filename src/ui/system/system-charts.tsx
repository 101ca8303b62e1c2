/** The last hour of Clew itself. */
import { useSignal } from "@preact/signals";
import type { SystemAnswer } from "../../api/contract.ts";
import { linearScale } from "../explore/chart-lines.ts";
import { formatRate } from "../explore/figures.ts";
import { TimeLabels, type TimeSpan } from "../explore/time-axis.tsx";
import { formatBytes, formatCount, formatDuration, formatShare } from "../format.ts";
import { type ChartLine, LineChart } from "./line-chart.tsx";

interface SystemChartsProps {
  readonly system: SystemAnswer;
  readonly offsetMinutes: number;
}

type Values = ChartLine["values"];

/** Spans coming in, how long they take to be stored, and what waits. */
export function SystemCharts({ system, offsetMinutes }: SystemChartsProps) {
  const hover = useSignal<number | undefined>(undefined);
  const { history, ingest } = system;
  const { times, stepSeconds } = history;
  const from = times[0] ?? 0;
  const span: TimeSpan = { from, to: from + times.length * stepSeconds, offsetMinutes };
  const shared = { span, hover };
  const { receivedPerSecond, refusedPerSecond, insertAverageSeconds, insertP95Seconds } = history;
  const refusedAtAll = mostOf(refusedPerSecond) > 0;
  return (
    <div class="system-charts">
      <div>
        <LineChart
          {...shared}
          title="Spans coming in"
          figure={formatRate(newest(receivedPerSecond) ?? 0)}
          scale={linearScale(Math.max(mostOf(receivedPerSecond), mostOf(refusedPerSecond)))}
          format={formatRate}
          lines={[
            {
              name: "taken",
              values: receivedPerSecond,
              colour: "var(--accent)",
              hasArea: true,
            },
            ...(refusedAtAll
              ? [{ name: "refused", values: refusedPerSecond, colour: "var(--error)" }]
              : []),
          ]}
        />
        <TimeLabels span={span} count={4} />
      </div>
      <div>
        <LineChart
          {...shared}
          title="Insert into ClickHouse"
          figure={
            ingest.insertP95Seconds === null ? "–" : `p95 ${formatSeconds(ingest.insertP95Seconds)}`
          }
          scale={linearScale(mostOf(insertP95Seconds, 0.001))}
          format={formatSeconds}
          lines={[
            {
              name: "average",
              values: insertAverageSeconds,
              colour: "var(--accent)",
              isFaint: true,
            },
            { name: "p95", values: insertP95Seconds, colour: "var(--accent)" },
          ]}
        />
        <TimeLabels span={span} count={4} />
      </div>
      <div>
        <LineChart
          {...shared}
          title="Ingest log, share of its limit"
          figure={`${formatBytes(ingest.logBytes)} · ${formatShare(ingest.logBytes, ingest.logLimitBytes)}`}
          scale={linearScale(mostOf(history.logBytes))}
          format={(bytes) => formatBytes(Math.round(bytes))}
          lines={[
            { name: "log", values: history.logBytes, colour: "var(--accent)", hasArea: true },
          ]}
        />
        <TimeLabels span={span} count={4} />
      </div>
      <div>
        <LineChart
          {...shared}
          title="Waiting to be stored"
          figure={formatCount(ingest.queuedSpans)}
          scale={linearScale(mostOf(history.queuedSpans))}
          format={(spans) => formatCount(Math.round(spans))}
          lines={[
            { name: "spans", values: history.queuedSpans, colour: "var(--accent)", hasArea: true },
          ]}
        />
        <TimeLabels span={span} count={4} />
      </div>
    </div>
  );
}

function formatSeconds(seconds: number): string {
  return formatDuration(seconds * 1e9);
}

function mostOf(values: Values, least = 0): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), least);
}

function newest(values: Values): number | null {
  return values.findLast((value) => value !== null) ?? null;
}
