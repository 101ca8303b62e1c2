import type { TraceSummary } from "../../model/trace.ts";
import { assignColours } from "../colours.ts";
import { formatAgo, formatCount, formatDuration, formatInstant, unixMs } from "../format.ts";
import { localOffset } from "../local-time.ts";
import { traceHref } from "../trace/trace-query.ts";
import { ErrorIcon } from "../shell/icons.tsx";
import { Service } from "../shell/service.tsx";
import { type ExploreQuery, exploreHref, type Sorting } from "./explore-route.ts";
import type { ListedTrace } from "./list-load.ts";
import { SortHead } from "./sort-head.tsx";
import { TraceShape } from "./trace-shape.tsx";
import { fullBarNano, sharePercent, sortTraces, traceSorting } from "./traces.ts";

const SHOWN_SERVICES = 4;
const DESCRIBED_SERVICES = 20;

interface TracesTableProps {
  readonly traces: readonly ListedTrace[];
  readonly query: ExploreQuery;
  readonly nowMs: number;
}

/** One line per trace; the whole line opens it. */
export function TracesTable({ traces, query, nowMs }: TracesTableProps) {
  // Over the whole list, so that a colour means one service from line to line.
  const names = traces.flatMap(({ summary: { services } }) => services.map(({ name }) => name));
  const colours = assignColours(names);
  const fullNano = fullBarNano(traces.map(({ summary }) => summary.durationNano));
  const head = {
    sorting: traceSorting(query.sorting),
    sortedHref: (sorting: Sorting) => exploreHref({ ...query, sorting }),
  };
  return (
    <table class="rows traces-table">
      <thead>
        <tr>
          <SortHead {...head} name="Trace" by="name" />
          <SortHead {...head} name="Started" by="start" class="when" />
          <SortHead {...head} name="Duration" by="duration" class="long" />
          <th scope="col" class="shape-cell">
            Shape
          </th>
          <SortHead {...head} name="Spans" by="spans" class="number" />
          <SortHead {...head} name="Errors" by="errors" class="number" />
          <th scope="col" class="services">
            Services
          </th>
        </tr>
      </thead>
      <tbody>
        {sortTraces(traces, query.sorting).map(({ summary, matched }) => (
          <TraceLine
            key={summary.traceId}
            trace={summary}
            matched={matched}
            colours={colours}
            nowMs={nowMs}
            utc={query.utc}
            fullNano={fullNano}
          />
        ))}
      </tbody>
    </table>
  );
}

interface TraceLineProps {
  readonly trace: TraceSummary;
  /** Spans that answer the query. */
  readonly matched: number | undefined;
  readonly colours: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly utc: boolean;
  readonly fullNano: number;
}

function TraceLine({ trace, matched, colours, nowMs, utc, fullNano }: TraceLineProps) {
  const startMs = unixMs(trace.startUnixNano);
  return (
    <tr>
      <td class="what">
        <a
          href={traceHref({ traceId: trace.traceId, atSeconds: Math.floor(startMs / 1000), utc })}
          title={describe(trace, utc)}
        >
          {trace.rootService === "" ? (
            <span class="soft">root span not received</span>
          ) : (
            <>
              <Service name={trace.rootService} colour={colours.get(trace.rootService) ?? 0} />
              <span class="root-name">{trace.rootName}</span>
            </>
          )}
        </a>
      </td>
      <td class="when">{formatAgo(startMs, nowMs)}</td>
      <td class="long">
        <div class="share">
          <i style={{ width: `${sharePercent(trace.durationNano, fullNano)}%` }} />
        </div>
        <span>{formatDuration(trace.durationNano)}</span>
      </td>
      <td class="shape-cell">
        <TraceShape trace={trace} colours={colours} />
      </td>
      <td class="number" title={matched === undefined ? "" : "Spans found, of all"}>
        {matched !== undefined && <span class="soft">{formatCount(matched)} / </span>}
        {formatCount(trace.spanCount)}
      </td>
      <td class="number">
        {trace.errorCount > 0 && (
          <span class="error">
            <ErrorIcon /> {formatCount(trace.errorCount)}
          </span>
        )}
      </td>
      <td class="services">
        <Services trace={trace} colours={colours} />
      </td>
    </tr>
  );
}

/** What hovering over a line shows: what it has no room for. */
function describe(trace: TraceSummary, utc: boolean): string {
  const { rootService, rootName, startUnixNano, services } = trace;
  const start = formatInstant(startUnixNano, utc ? 0 : localOffset(unixMs(startUnixNano)));
  const names = services.slice(0, DESCRIBED_SERVICES).map(({ name }) => name);
  const more = services.length > names.length ? ` and ${services.length - names.length} more` : "";
  const zone = utc ? "UTC" : "local time";
  return `${rootService} ${rootName}\n${start} ${zone}\n${names.join(", ")}${more}`.trim();
}

function Services({
  trace,
  colours,
}: {
  trace: TraceSummary;
  colours: ReadonlyMap<string, number>;
}) {
  const bySpans = [...trace.services].sort((a, b) => b.spanCount - a.spanCount);
  const more = bySpans.length - SHOWN_SERVICES;
  return (
    <div class="chips">
      {bySpans.slice(0, SHOWN_SERVICES).map(({ name }) => (
        <Service key={name} name={name} colour={colours.get(name)!} />
      ))}
      {more > 0 && <span class="soft">+{more}</span>}
    </div>
  );
}

/** Moves the keyboard to the next (1) or previous (-1) line of the table. */
export function moveFocus(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".rows .what a")];
  const at = links.findIndex((link) => link === document.activeElement);
  const next =
    at < 0 && by < 0 ? links.length - 1 : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next]?.focus();
}
