import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const ROW_PX = 24;
const OVERSCAN_ROWS = 10;

/** A column of a table. */
export interface TableColumn {
  readonly name: string;
  /** Its width, as CSS has tracks of a grid: "1fr", "96px". */
  readonly width: string;
  readonly isNumber?: boolean;
}

interface VirtualTableProps {
  readonly label: string;
  readonly columns: readonly TableColumn[];
  readonly count: number;
  /** What tells the row at a place from others. */
  readonly keyOf: (place: number) => number;
  readonly cells: (place: number) => readonly ComponentChildren[];
  readonly isChosen?: (place: number) => boolean;
  readonly onChoose?: (place: number) => void;
  /** The column that rows are sorted by, and whether the largest is first. */
  readonly sort?: { readonly column: number; readonly descending: boolean };
  readonly onSort?: (column: number) => void;
}

/** A table of any length: only the rows in sight are in the document. */
export function VirtualTable(props: VirtualTableProps) {
  const { label, columns, count, keyOf, cells, isChosen, onChoose, sort, onSort } = props;
  const frame = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  useLayoutEffect(() => {
    const box = frame.current!;
    const observer = new ResizeObserver(() => (height.value = box.clientHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const from = Math.max(0, Math.min(count, Math.floor(top.value / ROW_PX) - OVERSCAN_ROWS));
  const to = Math.min(count, Math.ceil((top.value + height.value) / ROW_PX) + OVERSCAN_ROWS);
  const grid = { gridTemplateColumns: columns.map(({ width }) => width).join(" ") };
  return (
    <div
      ref={frame}
      class="virtual-table"
      role="table"
      aria-label={label}
      aria-rowcount={count + 1}
      tabIndex={0}
      onScroll={(event) => (top.value = event.currentTarget.scrollTop)}
    >
      <div class="table-head" role="row" aria-rowindex={1} style={grid}>
        {columns.map(({ name, isNumber }, i) => (
          <div
            key={name}
            role="columnheader"
            class={isNumber === true ? "number" : ""}
            aria-sort={
              sort?.column !== i ? undefined : sort.descending ? "descending" : "ascending"
            }
          >
            {onSort === undefined ? (
              name
            ) : (
              <button type="button" onClick={() => onSort(i)}>
                {name}
                {sort?.column === i && (sort.descending ? " ↓" : " ↑")}
              </button>
            )}
          </div>
        ))}
      </div>
      <div role="rowgroup" style={{ position: "relative", height: `${count * ROW_PX}px` }}>
        {Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i).map((place) => (
          <div
            key={keyOf(place)}
            class={isChosen?.(place) === true ? "table-row chosen" : "table-row"}
            role="row"
            aria-rowindex={place + 2}
            style={{ ...grid, top: `${place * ROW_PX}px` }}
            onClick={() => onChoose?.(place)}
          >
            {cells(place).map((cell, column) => (
              <div
                key={columns[column]!.name}
                role="cell"
                class={columns[column]!.isNumber === true ? "number" : ""}
              >
                {cell}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
