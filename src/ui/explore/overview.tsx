/** The figures first: rate, errors and durations, and the heatmap beside them. */
import { useSignal } from "@preact/signals";
import { NoticeIcon } from "../shell/icons.tsx";
import { Charts, type ColouredSeries } from "./charts.tsx";
import type { Figures } from "./explore-load.ts";
import type { Load } from "../load.ts";
import { type Box, type ExploreQuery, exploreHref } from "./explore-route.ts";
import { understand } from "./filters.ts";
import { chartColours, groupKey } from "./groups.ts";
import type { TimeChoice } from "../time-choice.ts";
import { Heatmap } from "./heatmap.tsx";
import type { TimeMark, TimeSpan } from "./time-axis.tsx";

interface OverviewProps {
  readonly query: ExploreQuery;
  readonly load: Load<Figures>;
  readonly offsetMinutes: number;
  readonly onChange: (change: Partial<ExploreQuery>) => void;
  readonly onRetry: () => void;
  /** Moments to be marked in the charts. */
  readonly marks?: readonly TimeMark[];
  /** The address of the same for another time; Explore's if absent. */
  readonly timeHref?: (time: TimeChoice) => string;
}

/** The charts and the heatmap, or what is in their way. */
export function Overview(props: OverviewProps) {
  const { query, load, offsetMinutes, onChange, onRetry, marks = [] } = props;
  const hover = useSignal<number | undefined>(undefined);
  if (load.kind === "loading") {
    return <div class="overview waiting" role="status" aria-label="Loading the figures" />;
  }
  if (load.kind === "failed") {
    return (
      <div class="overview-note" role="alert">
        <h2 class="error">The figures could not be read</h2>
        <p>
          {load.message}{" "}
          <button type="button" class="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      </div>
    );
  }
  const { red, heatmap, groups, isWider, spans } = load.value;
  if (red.series.length === 0) return <NoCalls query={query} timeHref={props.timeHref} />;
  const from = red.times[0]!;
  const span: TimeSpan = { from, to: from + red.times.length * red.stepSeconds, offsetMinutes };
  const nowSeconds = load.atMs / 1000;
  const zoom = (fromSeconds: number, toSeconds: number): void =>
    onChange({ time: { kind: "between", fromSeconds, toSeconds }, box: undefined });
  return (
    <>
      {load.problem !== "" && (
        <p class="banner" role="status">
          <NoticeIcon /> These figures are old: {load.problem}
        </p>
      )}
      {isWider && understand(query.q).kind !== "wrong" && (
        <p class="banner" role="status">
          <NoticeIcon /> These figures are of more spans than the query: they are kept by service,
          name, kind and status.
        </p>
      )}
      <div class="overview">
        <Charts
          red={red}
          groups={colouredGroups(groups?.series ?? [])}
          span={span}
          nowSeconds={nowSeconds}
          hover={hover}
          onZoom={zoom}
          marks={marks}
        />
        <Heatmap
          answer={heatmap}
          span={span}
          hover={hover}
          box={query.box}
          // Where there are no requests, the heatmap is of all spans, and so is the box.
          onBox={(box: Box | undefined) =>
            onChange(spans === "noRequests" ? { box, allSpans: true } : { box })
          }
        />
      </div>
    </>
  );
}

/** The busiest groups with a colour each. */
function colouredGroups(series: readonly ColouredSeries["series"][]): ColouredSeries[] {
  const colours = chartColours(series);
  return series.slice(0, colours.size).map((each) => {
    return { series: each, colour: colours.get(groupKey(each))! };
  });
}

interface NoCallsProps extends Pick<OverviewProps, "query"> {
  readonly timeHref: OverviewProps["timeHref"];
}

function NoCalls({ query, timeHref }: NoCallsProps) {
  const isLong = query.time.kind === "since" && query.time.seconds >= 604_800;
  const week = { kind: "since", seconds: 604_800 } as const;
  const wider = timeHref?.(week) ?? exploreHref({ ...query, time: week });
  return (
    <div class="overview-note" role="status">
      <h2>Nothing was called in this time</h2>
      <p>
        {!isLong && <a href={wider}>Look at the last 7 days</a>}
        {!isLong && query.q !== "" && " or "}
        {query.q !== "" && <a href={exploreHref({ ...query, q: "" })}>at everything</a>}
      </p>
    </div>
  );
}
