/** Calls, errors and durations of each service or operation. */
import { assignColours } from "../colours.ts";
import { formatSome } from "../format.ts";
import { Service } from "../shell/service.tsx";
import { type GroupsAnswer, isByField, type ValueSeries } from "./attribute-groups.ts";
import { MOST_GROUPS } from "./explore-load.ts";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";
import { type FigureLine, FigureTable } from "./figure-table.tsx";
import { rateOf } from "./figures.ts";
import { sortFigures } from "./figure-sorting.ts";
import { chartColours, groupKey, groupSorting, queryOfGroup } from "./groups.ts";

interface GroupsTableProps {
  readonly groups: GroupsAnswer;
  readonly query: ExploreQuery;
  readonly nowSeconds: number;
}

/** One line per group; the whole line asks for the traces of its spans. */
export function GroupsTable({ groups, query, nowSeconds }: GroupsTableProps) {
  const sorting = groupSorting(query.sorting);
  const { series } = groups;
  const shown = chartColours(series);
  const services = assignColours(series.map(({ service = "" }) => service));
  return (
    <>
      <FigureTable
        name={isByField(query.by) ? query.by : query.by === "service" ? "Service" : "Operation"}
        lines={sortFigures(series, sorting, groupKey).map((group) =>
          groupLine(group, query, {
            own: shown.get(groupKey(group)),
            service: services.get(group.service ?? "") ?? 0,
          }),
        )}
        rateOf={(total) => rateOf(total, groups, nowSeconds)}
        sorting={sorting}
        sortedHref={(next) => exploreHref({ ...query, sorting: next })}
      />
      {groups.isCut === true ? (
        <p class="more">{formatSome(series.length, "value")} of more.</p>
      ) : (
        series.length >= MOST_GROUPS && (
          <p class="more">The {formatSome(MOST_GROUPS, "group")} with the most calls.</p>
        )
      )}
    </>
  );
}

interface GroupColours {
  /** In the charts above, if it is there. */
  readonly own: number | undefined;
  readonly service: number;
}

function groupLine(
  group: ValueSeries,
  query: ExploreQuery,
  { own, service: ofService }: GroupColours,
): FigureLine {
  const { service = "", name, kind, value, total } = group;
  return {
    key: groupKey(group),
    href: exploreHref({ ...query, q: queryOfGroup(query.q, group), by: "" }),
    title: `Show the traces of ${value?.condition ?? `${service} ${name ?? ""}`.trim()}`,
    label: (
      <>
        <Service
          name={value?.isAbsent === true ? `without ${query.by}` : (value?.text ?? service)}
          // An operation has its service's colour beside its name, and its own in the picture.
          colour={name === undefined ? (own ?? ofService) : ofService}
        />
        {name !== undefined && <span class="root-name">{name}</span>}
        {kind !== undefined && <span class="kind soft">{kind}</span>}
      </>
    ),
    colour: own ?? ofService,
    total,
    series: group,
  };
}
