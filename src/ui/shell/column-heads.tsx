import type { ComponentChildren } from "preact";

/** A column: what its head says, and the class of its cells, if they have one. */
export type ColumnHead = readonly [name: ComponentChildren, kind?: string];

/** The head of a table that is not sorted by its columns. */
export function ColumnHeads({ columns }: { columns: readonly ColumnHead[] }) {
  return (
    <thead>
      <tr>
        {columns.map(([name, kind], i) => (
          <th key={i} scope="col" class={kind}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}
