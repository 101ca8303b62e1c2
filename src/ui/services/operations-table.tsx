import type { RedAnswer } from "../../api/contract.ts";
import { MOST_GROUPS } from "../explore/explore-load.ts";
import { exploreHref } from "../explore/explore-route.ts";
import { sortFigures } from "../explore/figure-sorting.ts";
import { type FigureLine, FigureTable } from "../explore/figure-table.tsx";
import { rateOf } from "../explore/figures.ts";
import { groupKey, queryOfGroup } from "../explore/groups.ts";
import { formatSome } from "../format.ts";
import { serviceHref, type ServiceQuery } from "./services-route.ts";

interface OperationsTableProps {
  readonly query: ServiceQuery;
  readonly groups: RedAnswer;
  readonly colour: number;
  readonly nowSeconds: number;
}

/** A line for each operation of a service; it leads to its traces. */
export function OperationsTable({ query, groups, colour, nowSeconds }: OperationsTableProps) {
  const { time, utc, allSpans, sorting } = query;
  const lines = sortFigures(groups.series, sorting, groupKey).map((group): FigureLine => {
    const { name = "", kind, total } = group;
    return {
      key: groupKey(group),
      href: exploreHref({ q: queryOfGroup("", group), time, utc, allSpans }),
      title: `Show the traces of ${name}`,
      label: (
        <>
          <span class="root-name">{name}</span>
          <span class="kind soft">{kind}</span>
        </>
      ),
      colour,
      total,
      series: group,
    };
  });
  return (
    <>
      <FigureTable
        name="Operation"
        lines={lines}
        rateOf={(total) => rateOf(total, groups, nowSeconds)}
        sorting={sorting}
        sortedHref={(next) => serviceHref({ ...query, sorting: next })}
      />
      {lines.length >= MOST_GROUPS && (
        <p class="more">The {formatSome(MOST_GROUPS, "operation")} with the most calls.</p>
      )}
    </>
  );
}
