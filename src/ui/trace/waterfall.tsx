import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Cut } from "../../analysis/compress-gaps.ts";
import { formatDuration } from "../format.ts";
import { followDrag, type TimeControl, wheelTime } from "../canvas/time-control.ts";
import { groupShownBy, positionOf, type WaterfallAction, type WaterfallState } from "./cursor.ts";
import { Lanes } from "./lanes.tsx";
import {
  AXIS_PX,
  layoutColumns,
  layoutCuts,
  layoutTicks,
  ROW_PX,
  rowWindow,
  scrollToRow,
  timeAt,
  type Columns,
  type TimeAxis,
} from "./layout.ts";
import type { Shown } from "./shown.ts";
import { VirtualScroll } from "./virtual-scroll.ts";
import type { TraceView } from "./view.ts";
import { rowElementId, WaterfallRow } from "./waterfall-row.tsx";

interface WaterfallProps {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly state: WaterfallState;
  /** The rows that show. */
  readonly visible: Int32Array;
  /** The row shown in the drawer, or -1. */
  readonly chosen: number;
  readonly time: TimeControl;
  readonly onChoose: (row: number) => void;
  readonly onAct: (action: WaterfallAction) => void;
  /** Told how many rows fit on the screen, for keys that go by pages. */
  readonly onPageRows: (count: number) => void;
}

/** The tree of spans against time. Only rows in sight are in the document; bars are on a canvas. */
export function Waterfall(props: WaterfallProps) {
  const { view, shown, state, visible, chosen, time, onChoose, onAct } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const size = useFrameSize(scroller, props.onPageRows);
  const scroll = useMemo(
    () => new VirtualScroll(visible.length * ROW_PX, size.heightPx),
    [visible.length, size.heightPx],
  );
  const topPx = useSignal(0);
  const columns = layoutColumns(size.widthPx, view.levels);
  const cursorAt = positionOf(visible, state.cursor);
  const goTo = (wantedPx: number): void => {
    const box = scroller.current!;
    topPx.value = scroll.clamp(wantedPx);
    box.scrollTop = scroll.barOf(topPx.value);
  };
  useLayoutEffect(() => {
    goTo(scrollToRow(cursorAt, topPx.peek(), size.heightPx));
  }, [state.cursor, size.heightPx]);
  useLayoutEffect(() => goTo(topPx.peek()), [scroll]);
  useEffect(() => scroll.listen(scroller.current!, topPx), [scroll]);

  const { from, to } = rowWindow(topPx.value, size.heightPx, visible.length);
  const inSight = cursorAt >= from && cursorAt < to;
  // Rows keep their place while others come and go: only the base they stand on moves.
  const base = from - (from % 512);
  return (
    <div
      ref={scroller}
      class="waterfall"
      role="treegrid"
      aria-label="Spans"
      aria-rowcount={visible.length + 1}
      aria-activedescendant={inSight ? rowElementId(state.cursor) : undefined}
      tabIndex={0}
      style={{ "--tree": `${columns.treePx}px`, "--time": `${columns.timePx}px` }}
    >
      <div class="extent" role="presentation" style={{ height: `${scroll.extentPx + AXIS_PX}px` }}>
        <div
          class="in-sight"
          role="presentation"
          style={{ height: `${size.heightPx + AXIS_PX}px` }}
        >
          <AxisRow time={time} cuts={view.cuts} columns={columns} onAct={onAct} />
          <div class="below-axis" role="presentation">
            <div
              class="rows"
              role="rowgroup"
              style={{ transform: `translateY(${base * ROW_PX - topPx.value}px)` }}
            >
              {Array.from(visible.subarray(from, to), (row, i) => (
                <WaterfallRow
                  key={row}
                  view={view}
                  shown={shown}
                  row={row}
                  group={groupShownBy(shown.scope, state, row)}
                  opened={shown.scope.groups !== undefined && state.opened.has(row)}
                  position={from + i}
                  topPx={(from + i - base) * ROW_PX}
                  columns={columns}
                  folded={state.folded[row] === 1}
                  hasCursor={row === state.cursor}
                  chosen={row === chosen}
                  onChoose={onChoose}
                  onAct={onAct}
                />
              ))}
            </div>
            <Lanes
              view={view}
              shown={shown}
              state={state}
              visible={visible}
              topPx={topPx.value}
              columns={columns}
              time={time}
            />
            <RangeChooser scroller={scroller} columns={columns} time={time} />
          </div>
        </div>
      </div>
    </div>
  );
}

const CUT_ROOM_PX = 48;

interface AxisRowProps {
  readonly time: TimeControl;
  readonly cuts: readonly Cut[];
  readonly columns: Columns;
  readonly onAct: (action: WaterfallAction) => void;
}

function AxisRow({ time, cuts, columns, onAct }: AxisRowProps) {
  const { from, to } = time.window.value;
  const axis = { fromNano: from, toNano: to, widthPx: columns.timePx, cuts };
  const shownCuts = layoutCuts(axis);
  // A label has no room beside a cut.
  const ticks = layoutTicks(axis).filter(({ xPx }) =>
    shownCuts.every((cut) => xPx < cut.xPx - CUT_ROOM_PX || xPx > cut.xPx + cut.widthPx),
  );
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
          <span key={xPx} class="tick" style={{ left: `${xPx}px` }}>
            {label}
          </span>
        ))}
        {shownCuts.map(({ xPx, widthPx, removedNano }) => (
          <span
            key={`cut ${xPx}`}
            class="cut"
            style={{ left: `${xPx}px`, width: `${widthPx}px` }}
            title={`${formatDuration(removedNano)} in which nothing ran are left out`}
          >
            {"//"}
          </span>
        ))}
      </div>
    </div>
  );
}

interface RangeChooserProps {
  readonly scroller: { readonly current: HTMLDivElement | null };
  readonly columns: Columns;
  readonly time: TimeControl;
}

/** Dragging over the bars chooses a stretch of time to zoom to; wheels zoom and pan. */
function RangeChooser({ scroller, columns, time }: RangeChooserProps) {
  const range = useSignal<{ readonly from: number; readonly to: number } | undefined>(undefined);
  const latest = useRef({ columns, time });
  latest.current = { columns, time };
  useEffect(() => {
    const box = scroller.current!;
    const axis = (): TimeAxis => {
      const { from, to } = latest.current.time.window.peek();
      return { fromNano: from, toNano: to, widthPx: latest.current.columns.timePx };
    };
    const xIn = (clientX: number): number =>
      clientX - box.getBoundingClientRect().left - latest.current.columns.treePx;
    const clamp = (x: number): number => Math.min(Math.max(x, 0), latest.current.columns.timePx);
    const onDown = (press: PointerEvent): void => {
      if (xIn(press.clientX) < 0 || press.pointerType === "touch") return;
      const [move, end] = [
        (a: number, b: number): void => {
          const [from, to] = [clamp(xIn(a)), clamp(xIn(b))];
          range.value = { from: Math.min(from, to), to: Math.max(from, to) };
        },
        (): void => {
          const chosen = range.value;
          range.value = undefined;
          if (chosen === undefined || chosen.to - chosen.from < 3) return;
          const from = timeAt(chosen.from, axis());
          latest.current.time.show({ from, to: timeAt(chosen.to, axis()) });
        },
      ];
      followDrag(press, { move, end, cancel: () => (range.value = undefined) });
    };
    const onPoint = (event: PointerEvent): void => {
      const x = xIn(event.clientX);
      latest.current.time.pointer = x < 0 ? undefined : timeAt(x, axis());
    };
    box.addEventListener("pointerdown", onDown);
    box.addEventListener("pointermove", onPoint);
    const unwheel = wheelTime(box, () => latest.current.time, {
      timeAt: (clientX) => timeAt(clamp(xIn(clientX)), axis()),
      widthPx: () => latest.current.columns.timePx,
    });
    return () => {
      box.removeEventListener("pointerdown", onDown);
      box.removeEventListener("pointermove", onPoint);
      unwheel();
    };
  }, []);
  if (range.value === undefined) return null;
  const { from, to } = range.value;
  return (
    <div
      class="range"
      role="presentation"
      style={{
        left: `${columns.treePx + from}px`,
        width: `${to - from}px`,
      }}
    />
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
      const { clientWidth: widthPx } = box;
      const heightPx = Math.max(box.clientHeight - AXIS_PX, 0);
      if (widthPx !== size.value.widthPx || heightPx !== size.value.heightPx) {
        size.value = { widthPx, heightPx };
      }
      onPageRows(Math.max(1, Math.floor(heightPx / ROW_PX) - 1));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return size.value;
}
