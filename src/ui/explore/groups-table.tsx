/** Calls, errors and durations of each service or operation. */
import type { RedAnswer, RedSeriesAnswer } from "../../api/contract.ts";
import { assignColours } from "../colours.ts";
import { formatSome } from "../format.ts";
import { Service } from "../shell/service.tsx";
import { MOST_GROUPS } from "./explore-load.ts";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";
import { type FigureLine, FigureTable } from "./figure-table.tsx";
import { rateOf } from "./figures.ts";
import { sortFigures } from "./figure-sorting.ts";
import { groupKey, groupSorting, queryOfGroup } from "./groups.ts";

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
  return (
    <>
      <FigureTable
        name={query.by === "service" ? "Service" : "Operation"}
        lines={sortFigures(series, sorting, groupKey).map((group) =>
          groupLine(group, query, colours.get(group.service ?? "") ?? 0),
        )}
        rateOf={(total) => rateOf(total, groups, nowSeconds)}
        sorting={sorting}
        sortedHref={(next) => exploreHref({ ...query, sorting: next })}
      />
      {series.length >= MOST_GROUPS && (
        <p class="more">The {formatSome(MOST_GROUPS, "group")} with the most calls.</p>
      )}
    </>
  );
}

function groupLine(group: RedSeriesAnswer, query: ExploreQuery, colour: number): FigureLine {
  const { service = "", name, kind, total } = group;
  return {
    key: groupKey(group),
    href: exploreHref({ ...query, q: queryOfGroup(query.q, group), by: "" }),
    title: `Show the traces of ${service} ${name ?? ""}`.trim(),
    label: (
      <>
        <Service name={service} colour={colour} />
        {name !== undefined && <span class="root-name">{name}</span>}
        {kind !== undefined && <span class="kind soft">{kind}</span>}
      </>
    ),
    colour,
    total,
    series: group,
  };
}
