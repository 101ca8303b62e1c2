import { effect, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import {
  boxAt,
  boxesByTime,
  type Boxes,
  mergedBoxes,
  type MergedBoxes,
} from "../../analysis/flame.ts";
import { palette } from "../canvas/palette.ts";
import { Surface } from "../canvas/surface.ts";
import { TimeControl, wheelTime } from "../canvas/time-control.ts";
import { formatCount, formatDuration, formatShare } from "../format.ts";
import { AXIS_PX } from "./layout.ts";
import { LANE_PX, paintFlame } from "./paint-flame.ts";
import type { Shown } from "./shown.ts";
import { nameOf, selfNano, serviceOf, type TraceView } from "./view.ts";

interface FlameProps {
  readonly view: TraceView;
  readonly shown: Shown;
  /** The row that has the keyboard. */
  readonly cursor: number;
  readonly time: TimeControl;
  readonly onChoose: (row: number) => void;
}

function rowsShown({ table }: TraceView, { scope: { root } }: Shown): readonly [number, number] {
  return root < 0 ? [0, table.length] : [root, root + table.subtreeSize[root]!];
}

/** Spans against time, children below their parents. */
export function Flame(props: FlameProps) {
  const { view, shown } = props;
  const [first, end] = rowsShown(view, shown);
  const boxes = useMemo(() => boxesByTime(view.table, first, end), [view.table, first, end]);
  const describe = (box: number): readonly string[] => {
    const row = boxes.row[box]!;
    const { spanNano, startNano, durationNano } = view.table;
    return [
      `${formatDuration(spanNano[row]!)}, ${formatShare(spanNano[row]!, durationNano)} of the trace`,
      `self ${formatDuration(selfNano(view.table, row))}`,
      `starts at ${formatDuration(startNano[row]!)}`,
    ];
  };
  return <FlameCanvas {...props} boxes={boxes} label="Flame graph by time" describe={describe} />;
}

/** Equal paths of calls merged, the longest on the left. */
export function LeftHeavy(props: Omit<FlameProps, "time">) {
  const { view, shown } = props;
  const [first, end] = rowsShown(view, shown);
  const boxes = useMemo<MergedBoxes>(
    () => mergedBoxes(view.table, first, end),
    [view.table, first, end],
  );
  const whole = useMemo(() => {
    const to = boxes.to.reduce((most, at) => Math.max(most, at), 1);
    return new TimeControl({ from: 0, to });
  }, [boxes]);
  const describe = (box: number): readonly string[] => {
    const [spans, total] = [boxes.spans[box]!, boxes.totalNano[box]!];
    return [
      `${formatCount(spans)} × avg ${formatDuration(total / spans)}`,
      `total ${formatDuration(total)}, self ${formatDuration(boxes.selfNano[box]!)}`,
    ];
  };
  return (
    <FlameCanvas
      {...props}
      time={whole}
      boxes={boxes}
      label="Flame graph of equal calls merged"
      describe={describe}
    />
  );
}

interface FlameCanvasProps extends FlameProps {
  readonly boxes: Boxes;
  readonly label: string;
  /** What a box says, line by line, below its name. */
  readonly describe: (box: number) => readonly string[];
}

interface Pointed {
  readonly box: number;
  readonly xPx: number;
  readonly yPx: number;
}

function FlameCanvas(props: FlameCanvasProps) {
  const { view, boxes, time, label } = props;
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const topPx = useSignal(0);
  const pointed = useSignal<Pointed | undefined>(undefined);
  const heightPx = useSignal(0);
  const surface = useRef<Surface>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const made = new Surface(canvas.current!);
    surface.current = made;
    const end = effect(() => {
      const colours = palette();
      const window = time.window.value;
      const top = topPx.value;
      const under = pointed.value?.box ?? -1;
      made.show((context, size) => {
        const { view: shownView, shown, boxes: shownBoxes, cursor } = latest.current;
        const picture = { view: shownView, shown, boxes: shownBoxes, cursor, window, under };
        paintFlame(context, size, { ...picture, topPx: top, palette: colours });
      });
    });
    return () => {
      end();
      made.close();
    };
  }, [time]);
  useEffect(() => surface.current?.draw());
  useEffect(() => {
    const box = frame.current!;
    const observer = new ResizeObserver(() => (heightPx.value = box.clientHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  useEffect(() => listen(frame.current!, canvas.current!, { latest, topPx, pointed }), [time]);
  return (
    <div
      ref={frame}
      class="flame"
      tabIndex={0}
      role="group"
      aria-label={`${label}. The table of spans has the same as text.`}
      onScroll={(event) => (topPx.value = event.currentTarget.scrollTop)}
    >
      <div
        class="extent"
        style={{ minHeight: "100%", height: `${boxes.lanes * LANE_PX + AXIS_PX}px` }}
      >
        <canvas ref={canvas} aria-hidden="true" style={{ height: `${heightPx.value}px` }} />
      </div>
      {pointed.value !== undefined && (
        <HoverCard {...props} pointed={pointed.value} frame={frame.current!} />
      )}
      <p class="hidden" role="status">
        {serviceOf(view.table, props.cursor)} {nameOf(view.table, props.cursor)}
      </p>
    </div>
  );
}

const CARD_PX = 320;

interface HoverCardProps extends FlameCanvasProps {
  readonly pointed: Pointed;
  readonly frame: HTMLElement;
}

/** What the box under the pointer is: below the pointer, or above it where there is no room. */
function HoverCard({ view, boxes, describe, pointed, frame }: HoverCardProps) {
  const row = boxes.row[pointed.box];
  if (row === undefined) return null;
  const { left, top, width, height } = frame.getBoundingClientRect();
  const xPx = Math.min(pointed.xPx - left + 12, Math.max(width - CARD_PX - 16, 0));
  const isLow = pointed.yPx - top > height * 0.6;
  const yPx = pointed.yPx - top + frame.scrollTop + (isLow ? -12 : 16);
  return (
    <div
      class="hover-card"
      style={{
        left: `${xPx}px`,
        top: `${yPx}px`,
        ...(isLow && { transform: "translateY(-100%)" }),
      }}
    >
      <strong>{nameOf(view.table, row) || "(no name)"}</strong>
      <span class="soft">{serviceOf(view.table, row)}</span>
      {describe(pointed.box).map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}

interface Listening {
  readonly latest: { readonly current: FlameCanvasProps };
  readonly topPx: { readonly value: number };
  readonly pointed: { value: Pointed | undefined };
}

/** Wheels zoom with Ctrl, drags pan, a click chooses, a double click zooms to the box. */
function listen(
  frame: HTMLDivElement,
  canvas: HTMLCanvasElement,
  { latest, topPx, pointed }: Listening,
): () => void {
  const timeAt = (clientX: number): number => {
    const { left, width } = canvas.getBoundingClientRect();
    const { from, to } = latest.current.time.window.peek();
    return from + ((clientX - left) / Math.max(width, 1)) * (to - from);
  };
  const boxUnder = (event: PointerEvent | MouseEvent): number => {
    const { top, width } = canvas.getBoundingClientRect();
    const y = event.clientY - top - AXIS_PX;
    if (y < 0) return -1;
    const { from, to } = latest.current.time.window.peek();
    const slack = (1.5 * (to - from)) / Math.max(width, 1);
    const lane = Math.floor((y + topPx.value) / LANE_PX);
    return boxAt(latest.current.boxes, lane, timeAt(event.clientX), slack);
  };
  let drag: { x: number; y: number; moved: boolean } | undefined;
  const onMove = (event: PointerEvent): void => {
    latest.current.time.pointer = timeAt(event.clientX);
    if (drag !== undefined) {
      const [byX, byY] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(byX, byY) < 4) return;
      drag = { x: event.clientX, y: event.clientY, moved: true };
      pointed.value = undefined;
      latest.current.time.pan(-byX / Math.max(canvas.clientWidth, 1));
      frame.scrollTop -= byY;
      return;
    }
    const box = boxUnder(event);
    pointed.value = box < 0 ? undefined : { box, xPx: event.clientX, yPx: event.clientY };
  };
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    drag = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  };
  const onUp = (event: PointerEvent): void => {
    const wasClick = drag?.moved === false;
    drag = undefined;
    const box = wasClick ? boxUnder(event) : -1;
    if (box >= 0) latest.current.onChoose(latest.current.boxes.row[box]!);
  };
  const onDouble = (event: MouseEvent): void => {
    const box = boxUnder(event);
    const { boxes, time } = latest.current;
    if (box < 0) time.whole();
    else time.fit(boxes.from[box]!, boxes.to[box]!);
  };
  const onLeave = (): void => {
    pointed.value = undefined;
  };
  const unwheel = wheelTime(canvas, () => latest.current.time, {
    timeAt,
    widthPx: () => canvas.clientWidth,
  });
  canvas.addEventListener("pointermove", onMove);
  canvas.addEventListener("pointerdown", onDown);
  canvas.addEventListener("pointerup", onUp);
  canvas.addEventListener("pointerleave", onLeave);
  canvas.addEventListener("dblclick", onDouble);
  return () => {
    unwheel();
    canvas.removeEventListener("pointermove", onMove);
    canvas.removeEventListener("pointerdown", onDown);
    canvas.removeEventListener("pointerup", onUp);
    canvas.removeEventListener("pointerleave", onLeave);
    canvas.removeEventListener("dblclick", onDouble);
  };
}
