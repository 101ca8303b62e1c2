/** Calls, errors and durations of each service or operation. */
import type { RedAnswer, RedSeriesAnswer } from "../../api/contract.ts";
import { assignColours } from "../colours.ts";
import { formatSome } from "../format.ts";
import { ErrorIcon } from "../shell/icons.tsx";
import { Service } from "../shell/service.tsx";
import { areaPath, linearScale } from "./chart-lines.ts";
import { MOST_GROUPS } from "./explore-load.ts";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";
import { formatNano, formatPercent, formatRate, rateOf } from "./figures.ts";
import { groupKey, groupSorting, queryOfGroup, sortGroups } from "./groups.ts";
import { SortHead } from "./sort-head.tsx";

interface GroupsTableProps {
  readonly groups: RedAnswer;
  readonly query: ExploreQuery;
  readonly nowSeconds: number;
}

/** One line per group; the whole line asks for the traces of its spans. */
export function GroupsTable({ groups, query, nowSeconds }: GroupsTableProps) {
  const sorting = groupSorting(query.sorting);
  const { series } = groups;
  const colours = assignColours(series.map(({ service = "" }) => service));
  const head = { sorting, query };
  return (
    <>
      <table class="rows groups-table">
        <thead>
          <tr>
            <SortHead {...head} name={query.by === "service" ? "Service" : "Operation"} by="name" />
            <SortHead {...head} name="Calls" by="calls" class="number" />
            <th scope="col" class="spark">
              <span class="hidden">Calls over time</span>
            </th>
            <SortHead {...head} name="Errors" by="errors" class="number" />
            <SortHead {...head} name="p50" by="p50" class="number" />
            <SortHead {...head} name="p95" by="p95" class="number" />
            <SortHead {...head} name="p99" by="p99" class="number" />
          </tr>
        </thead>
        <tbody>
          {sortGroups(series, query.sorting).map((group) => (
            <GroupLine
              key={groupKey(group)}
              group={group}
              colour={colours.get(group.service ?? "") ?? 0}
              rate={rateOf(group.total, groups, nowSeconds)}
              query={query}
            />
          ))}
        </tbody>
      </table>
      {series.length >= MOST_GROUPS && (
        <p class="more">The {formatSome(MOST_GROUPS, "group")} with the most calls.</p>
      )}
    </>
  );
}

interface GroupLineProps {
  readonly group: RedSeriesAnswer;
  readonly colour: number;
  readonly rate: number;
  readonly query: ExploreQuery;
}

function GroupLine({ group, colour, rate, query }: GroupLineProps) {
  const { service = "", name, kind, total, calls } = group;
  const scale = linearScale(calls.reduce((a, b) => Math.max(a, b), 0));
  const href = exploreHref({ ...query, q: queryOfGroup(query.q, group), by: "" });
  return (
    <tr>
      <td class="what">
        <a href={href} title={`Show the traces of ${service} ${name ?? ""}`.trim()}>
          <Service name={service} colour={colour} />
          {name !== undefined && <span class="root-name">{name}</span>}
          {kind !== undefined && <span class="kind soft">{kind}</span>}
        </a>
      </td>
      <td class="number">{formatRate(rate)}</td>
      <td class="spark">
        <svg viewBox={`0 0 ${calls.length} 100`} preserveAspectRatio="none" aria-hidden="true">
          <path d={areaPath(calls, scale)} fill={`var(--service-${colour})`} />
        </svg>
      </td>
      <td class="number">
        {total.errors > 0 && (
          <span class="error">
            <ErrorIcon /> {formatPercent(total.errors / total.calls)}
          </span>
        )}
      </td>
      <td class="number">{formatNano(total.p50Nano)}</td>
      <td class="number">{formatNano(total.p95Nano)}</td>
      <td class="number">{formatNano(total.p99Nano)}</td>
    </tr>
  );
}
