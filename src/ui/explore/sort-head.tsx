interface SortHeadProps<Key extends string> {
  readonly name: string;
  readonly by: Key;
  readonly sorting: { readonly key: string; readonly descending: boolean };
  /** The address of the table as it is sorted then. */
  readonly sortedHref: (sorting: { readonly key: Key; readonly descending: boolean }) => string;
  readonly class?: string;
}

/** The head of a column that the table can be sorted by; a second press turns the order round. */
export function SortHead<Key extends string>(props: SortHeadProps<Key>) {
  const { name, by, sorting, sortedHref, class: kind = "" } = props;
  const isBy = sorting.key === by;
  const descending = isBy ? !sorting.descending : by !== "name";
  const sort = isBy ? (sorting.descending ? "descending" : "ascending") : "none";
  return (
    <th scope="col" class={kind} aria-sort={sort}>
      <a class="sort" href={sortedHref({ key: by, descending })}>
        {name}
        <span class="arrow" aria-hidden="true">
          {isBy ? (sorting.descending ? "↓" : "↑") : ""}
        </span>
      </a>
    </th>
  );
}
