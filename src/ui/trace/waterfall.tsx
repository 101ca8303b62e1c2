import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { positionOf, visibleRows, type WaterfallAction, type WaterfallState } from "./cursor.ts";
import {
  AXIS_PX,
  layoutColumns,
  layoutTicks,
  ROW_PX,
  rowWindow,
  scrollToRow,
  type Columns,
  type Tick,
  type TimeAxis,
} from "./layout.ts";
import type { TraceView } from "./view.ts";
import { rowElementId, WaterfallRow } from "./waterfall-row.tsx";

interface WaterfallProps {
  readonly view: TraceView;
  readonly state: WaterfallState;
  /** The row shown in the drawer, or -1. */
  readonly chosen: number;
  readonly onChoose: (row: number) => void;
  readonly onAct: (action: WaterfallAction) => void;
  /** Told how many rows fit on the screen, for keys that go by pages. */
  readonly onPageRows: (count: number) => void;
}

/** The tree of spans against time. Only rows in sight are in the document. */
export function Waterfall(props: WaterfallProps) {
  const { view, state, chosen, onChoose, onAct } = props;
  const frame = useRef<HTMLDivElement>(null);
  const size = useFrameSize(frame, props.onPageRows);
  const scrollPx = useSignal(0);
  const visible = useMemo(() => visibleRows(view.rows, state.collapsed), [view, state.collapsed]);
  const columns = layoutColumns(size.widthPx, view.levels);
  const axis: TimeAxis = { durationNano: view.trace.durationNano, widthPx: columns.timePx };
  const ticks = layoutTicks(axis);
  const cursorAt = positionOf(visible, state.cursor);
  useLayoutEffect(() => {
    const box = frame.current!;
    const wanted = scrollToRow(cursorAt, box.scrollTop, box.clientHeight);
    if (wanted !== box.scrollTop) box.scrollTop = wanted;
  }, [state.cursor, size.heightPx]);

  const { from, to } = rowWindow(scrollPx.value, size.heightPx, visible.length);
  const inSight = cursorAt >= from && cursorAt < to;
  return (
    <div
      ref={frame}
      class="waterfall"
      role="treegrid"
      aria-label="Spans"
      aria-rowcount={visible.length + 1}
      aria-activedescendant={inSight ? rowElementId(state.cursor) : undefined}
      tabIndex={0}
      style={{ "--tree": `${columns.treePx}px` }}
      onScroll={(event) => (scrollPx.value = event.currentTarget.scrollTop)}
    >
      <AxisRow ticks={ticks} onAct={onAct} />
      <div class="rows" role="rowgroup" style={{ height: `${visible.length * ROW_PX}px` }}>
        <GridLines ticks={ticks} columns={columns} />
        {Array.from(visible.subarray(from, to), (row, i) => (
          <WaterfallRow
            key={row}
            view={view}
            row={row}
            position={from + i}
            columns={columns}
            axis={axis}
            collapsed={state.collapsed.has(row)}
            hasCursor={row === state.cursor}
            chosen={row === chosen}
            onChoose={onChoose}
            onToggle={() => onAct({ kind: "toggle", row })}
          />
        ))}
      </div>
    </div>
  );
}

function AxisRow({
  ticks,
  onAct,
}: {
  ticks: readonly Tick[];
  onAct: (action: WaterfallAction) => void;
}) {
  return (
    <div class="axis" role="row" aria-rowindex={1} style={{ height: `${AXIS_PX}px` }}>
      <div class="tree" role="columnheader">
        <span>Span</span>
        <button type="button" title="Expand all ( [ )" onClick={() => onAct({ kind: "expandAll" })}>
          expand
        </button>
        <button
          type="button"
          title="Collapse all ( ] )"
          onClick={() => onAct({ kind: "collapseAll" })}
        >
          collapse
        </button>
      </div>
      <div class="lane" role="columnheader" aria-label="Time since the trace's start">
        {ticks.map(({ xPx, label }) => (
          <span key={label} class="tick" style={{ left: `${xPx}px` }}>
            {label}
          </span>
        ))}
      </div>
    </div>
  );
}

function GridLines({ ticks, columns }: { ticks: readonly Tick[]; columns: Columns }) {
  return (
    <div class="grid-lines" role="presentation" style={{ left: `${columns.treePx}px` }}>
      {ticks.map(({ xPx }) => (
        <i key={xPx} style={{ left: `${xPx}px` }} />
      ))}
    </div>
  );
}

/** The inner size of the frame, kept up to date. */
function useFrameSize(
  frame: { readonly current: HTMLDivElement | null },
  onPageRows: (count: number) => void,
): { readonly widthPx: number; readonly heightPx: number } {
  const size = useSignal({ widthPx: 800, heightPx: 600 });
  useLayoutEffect(() => {
    const box = frame.current!;
    const measure = (): void => {
      size.value = { widthPx: box.clientWidth, heightPx: box.clientHeight };
      onPageRows(Math.max(1, Math.floor((box.clientHeight - AXIS_PX) / ROW_PX) - 1));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return size.value;
}
