import { type ExploreQuery, exploreHref, type SortKey, type Sorting } from "./explore-route.ts";

interface SortHeadProps {
  readonly name: string;
  readonly by: SortKey;
  readonly sorting: Sorting;
  readonly query: ExploreQuery;
  readonly class?: string;
}

/** The head of a column that the table can be sorted by; a second press turns the order round. */
export function SortHead({ name, by, sorting, query, class: kind = "" }: SortHeadProps) {
  const isBy = sorting.key === by;
  const descending = isBy ? !sorting.descending : by !== "name";
  const sort = isBy ? (sorting.descending ? "descending" : "ascending") : "none";
  return (
    <th scope="col" class={kind} aria-sort={sort}>
      <a class="sort" href={exploreHref({ ...query, sorting: { key: by, descending } })}>
        {name}
        <span class="arrow" aria-hidden="true">
          {isBy ? (sorting.descending ? "↓" : "↑") : ""}
        </span>
      </a>
    </th>
  );
}
