/** What is inside the box on the heatmap, and what can be done with it. */
import type { RedHeatmapAnswer } from "../../api/contract.ts";
import { formatAgo, formatDuration, formatSome } from "../format.ts";
import { traceHref } from "../trace/trace-query.ts";
import { CloseIcon } from "../shell/icons.tsx";
import type { Box, ExploreQuery } from "./explore-route.ts";
import { callsIn, heatmapGrid } from "./heatmap-grid.ts";
import { formatRange } from "./time-range.ts";

interface BoxBarProps {
  readonly box: Box;
  readonly heatmap: RedHeatmapAnswer;
  readonly offsetMinutes: number;
  readonly onChange: (change: Partial<ExploreQuery>) => void;
}

/** One line: the box in words, and its actions. */
export function BoxBar({ box, heatmap, offsetMinutes, onChange }: BoxBarProps) {
  const grid = heatmapGrid(heatmap, 1000);
  const { fromSeconds, toSeconds, overNano, upToNano } = box;
  return (
    <div class="box-bar" role="status">
      <i class="frame-key" />
      <span>
        <b>{formatRange(fromSeconds, toSeconds, offsetMinutes)}</b>, {formatDuration(overNano)} to{" "}
        {formatDuration(upToNano)}
        {grid !== undefined && `: ${formatSome(Math.round(callsIn(grid, box)), "call")}`}
      </span>
      <button
        type="button"
        class="button"
        onClick={() =>
          onChange({ time: { kind: "between", fromSeconds, toSeconds }, box: undefined })
        }
      >
        Zoom to its time
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Remove the box"
        title="Remove the box (Esc)"
        onClick={() => onChange({ box: undefined })}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

const SHOWN = 100;

/** Traces with a span in the box, as far as figures have kept an example of them. */
export function BoxTraces({ box, heatmap }: Pick<BoxBarProps, "box" | "heatmap">) {
  const found = examplesIn(box, heatmap).slice(0, SHOWN);
  const nowMs = Date.now();
  if (found.length === 0) {
    return (
      <div class="nothing" role="status">
        <h2>No example of these is kept</h2>
        <p>Draw a larger box, or zoom to its time.</p>
      </div>
    );
  }
  return (
    <table class="rows examples-table">
      <thead>
        <tr>
          <th scope="col">Trace with such a span</th>
          <th scope="col" class="when">
            Within
          </th>
          <th scope="col" class="number">
            Up to
          </th>
        </tr>
      </thead>
      <tbody>
        {found.map(({ traceId, spanId, atSeconds, upperNano }) => (
          <tr key={spanId}>
            <td class="what">
              <a class="mono" href={traceHref({ traceId, atSeconds, span: spanId })}>
                {traceId}
              </a>
            </td>
            <td class="when">{formatAgo(atSeconds * 1000, nowMs)}</td>
            <td class="number">{formatDuration(upperNano)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Example {
  readonly traceId: string;
  readonly spanId: string;
  readonly atSeconds: number;
  readonly upperNano: number;
}

function examplesIn(box: Box, { exemplars, times }: RedHeatmapAnswer): Example[] {
  const examples = exemplars.traceIds.map((traceId, i) => ({
    traceId,
    spanId: exemplars.spanIds[i]!,
    atSeconds: times[exemplars.steps[i]!]!,
    upperNano: exemplars.upperNano[i]!,
  }));
  // An example is known to lie within a factor of √2 only: what may be in the box counts.
  const inside = examples.filter(
    ({ atSeconds, upperNano }) =>
      atSeconds >= box.fromSeconds &&
      atSeconds < box.toSeconds &&
      upperNano > box.overNano &&
      upperNano / Math.SQRT2 < box.upToNano,
  );
  return inside.sort((a, b) => b.upperNano - a.upperNano || b.atSeconds - a.atSeconds);
}
