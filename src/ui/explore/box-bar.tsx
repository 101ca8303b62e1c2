/** What is inside the box on the heatmap, and what can be done with it. */
import type { RedHeatmapAnswer } from "../../api/contract.ts";
import { formatDuration, formatSome } from "../format.ts";
import { CloseIcon } from "../shell/icons.tsx";
import { type Box, type ExploreQuery, exploreHref } from "./explore-route.ts";
import { callsIn, heatmapGrid } from "./heatmap-grid.ts";
import { searchOf } from "./list-load.ts";
import { formatRange } from "./time-range.ts";

interface BoxBarProps {
  readonly query: ExploreQuery;
  readonly box: Box;
  readonly heatmap: RedHeatmapAnswer;
  readonly offsetMinutes: number;
  readonly onChange: (change: Partial<ExploreQuery>) => void;
}

/** One line: the box in words, and its actions. */
export function BoxBar({ query, box, heatmap, offsetMinutes, onChange }: BoxBarProps) {
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
      <a
        class="button"
        title="The same as a query that can be changed and sent on"
        href={exploreHref({ ...query, ...searchOf(query), box: undefined })}
      >
        As a query
      </a>
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
