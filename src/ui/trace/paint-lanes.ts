/** Draws the bars of the waterfall's rows in sight. */
import { stretchesOf } from "../../analysis/critical-path.ts";
import { FAILED, itemsStart, type SpanTable } from "../../analysis/span-table.ts";
import type { Palette } from "../canvas/palette.ts";
import type { SurfaceSize } from "../canvas/surface.ts";
import { remembering, type Measure } from "../canvas/text-fit.ts";
import type { TimeWindow } from "../canvas/time-window.ts";
import { formatCount, formatDuration } from "../format.ts";
import { colourOf } from "./colouring.ts";
import { groupShownBy, type WaterfallState } from "./cursor.ts";
import {
  layoutBar,
  layoutCuts,
  layoutEvents,
  layoutTicks,
  ROW_PX,
  type Bar,
  type Columns,
  type TimeAxis,
} from "./layout.ts";
import type { Shown } from "./shown.ts";
import type { TraceView } from "./view.ts";

/** What is drawn. */
export interface LanesPicture {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly state: WaterfallState;
  readonly visible: Int32Array;
  /** How far the rows are scrolled. */
  readonly topPx: number;
  readonly columns: Columns;
  readonly window: TimeWindow;
  readonly palette: Palette;
}

const BAR_TOP_PX = 6;
const BAR_PX = 12;
const LABEL_GAP_PX = 6;

/** Draws bars, events and durations; the canvas begins where the time axis does. */
export function paintLanes(
  context: CanvasRenderingContext2D,
  size: SurfaceSize,
  picture: LanesPicture,
): void {
  const { visible, topPx, columns, window, palette } = picture;
  const axis = {
    fromNano: window.from,
    toNano: window.to,
    widthPx: columns.timePx,
    cuts: picture.view.cuts,
  };
  paintGrid(context, size, axis, palette);
  context.font = `12px ${palette.face}`;
  context.textBaseline = "middle";
  const measure = measureOf(context, palette.face);
  const first = Math.max(0, Math.floor(topPx / ROW_PX));
  const last = Math.min(visible.length, Math.ceil((topPx + size.heightPx) / ROW_PX));
  for (let position = first; position < last; position++) {
    const yPx = position * ROW_PX - topPx;
    paintRow(context, { ...picture, axis, size, measure }, visible[position]!, yPx);
  }
}

let measured: { readonly face: string; readonly measure: Measure } | undefined;

/** Widths are kept from frame to frame. */
function measureOf(context: CanvasRenderingContext2D, face: string): Measure {
  if (measured?.face !== face) {
    measured = { face, measure: remembering((text) => context.measureText(text).width) };
  }
  return measured.measure;
}

function paintGrid(
  context: CanvasRenderingContext2D,
  { heightPx }: SurfaceSize,
  axis: TimeAxis,
  { of }: Palette,
): void {
  context.fillStyle = of.line;
  for (const { xPx } of layoutTicks(axis)) context.fillRect(Math.round(xPx), 0, 1, heightPx);
  for (const { xPx, widthPx } of layoutCuts(axis)) {
    context.fillStyle = of.line;
    context.fillRect(xPx, 0, widthPx, heightPx);
    context.fillStyle = of["line-strong"];
    for (const edge of [xPx, xPx + widthPx - 1]) {
      for (let y = 0; y < heightPx; y += 6) context.fillRect(Math.round(edge), y, 1, 3);
    }
  }
}

interface RowPicture extends LanesPicture {
  readonly axis: TimeAxis;
  readonly size: SurfaceSize;
  readonly measure: Measure;
}

function paintRow(
  context: CanvasRenderingContext2D,
  picture: RowPicture,
  row: number,
  yPx: number,
): void {
  const { view, shown, state } = picture;
  context.globalAlpha = shown.bright === undefined || shown.bright[row] === 1 ? 1 : DIM;
  const group = groupShownBy(shown.scope, state, row);
  if (group >= 0) paintGroup(context, picture, group, yPx);
  else paintSpan(context, picture, row, yPx);
  context.globalAlpha = 1;
  if (shown.path !== undefined) {
    const hides = group >= 0 || state.folded[row] === 1;
    const end = group >= 0 ? shown.scope.groups!.end[group]! : row + view.table.subtreeSize[row]!;
    paintPath(context, picture, row, hides ? end : row + 1, yPx);
  }
}

const DIM = 0.35;

function paintSpan(
  context: CanvasRenderingContext2D,
  picture: RowPicture,
  row: number,
  yPx: number,
): void {
  const { view, shown, axis, palette } = picture;
  const { table } = view;
  const start = table.startNano[row]!;
  const bar = layoutBar(start, table.spanNano[row]!, axis);
  if (bar === undefined) return paintPointer(context, picture, start < axis.fromNano, yPx);
  const failed = table.status[row] === FAILED;
  const colour = colourOf(shown.colouring, row, palette);
  paintBar(context, bar, yPx + BAR_TOP_PX, {
    colour,
    failed: failed ? palette.of.error : undefined,
  });
  for (const mark of layoutEvents(eventsOf(table, row), axis)) {
    paintEvent(context, mark.xPx, yPx + ROW_PX / 2, mark.exception, palette);
  }
  paintLabel(context, picture, { bar, text: formatDuration(table.spanNano[row]!), failed, yPx });
}

/** All siblings of a group on one line, and what they come to. */
function paintGroup(
  context: CanvasRenderingContext2D,
  picture: RowPicture,
  group: number,
  yPx: number,
): void {
  const { view, shown, axis, palette } = picture;
  const { table } = view;
  const { first, end, size, totalNano } = shown.scope.groups!;
  const row = first[group]!;
  const failed = table.status[row] === FAILED;
  const colour = failed ? palette.of.error : colourOf(shown.colouring, row, palette);
  let [from, to] = [Infinity, -Infinity];
  for (let at = row; at < end[group]!; at += table.subtreeSize[at]!) {
    const bar = layoutBar(table.startNano[at]!, table.spanNano[at]!, axis);
    // Bars that touch are drawn as one: a thousand may share a pixel.
    if (bar === undefined || bar.xPx + bar.widthPx <= to) continue;
    from = Math.min(from, bar.xPx);
    to = bar.xPx + bar.widthPx;
    paintBar(context, bar, yPx + BAR_TOP_PX + 2, {
      colour,
      failed: undefined,
      heightPx: BAR_PX - 4,
    });
  }
  if (to < from) return paintPointer(context, picture, table.startNano[row]! < axis.fromNano, yPx);
  const average = formatDuration(totalNano[group]! / size[group]!);
  const text = `×${formatCount(size[group]!)}  avg ${average}  total ${formatDuration(totalNano[group]!)}`;
  paintLabel(context, picture, { bar: { xPx: from, widthPx: to - from }, text, failed, yPx });
}

/** A dark line with a light edge along what decided how long the trace took. */
function paintPath(
  context: CanvasRenderingContext2D,
  { shown, axis, palette }: RowPicture,
  row: number,
  end: number,
  yPx: number,
): void {
  const { fromNano, toNano } = shown.path!;
  const stretches = stretchesOf(shown.path!, row, end);
  let reachedPx = -Infinity;
  for (let at = stretches.first; at < stretches.end; at++) {
    const bar = layoutBar(fromNano[at]!, toNano[at]! - fromNano[at]!, axis);
    if (bar === undefined || (end > row + 1 && bar.xPx + bar.widthPx < reachedPx + 1)) continue;
    reachedPx = bar.xPx + bar.widthPx;
    const [left, width] = [Math.round(bar.xPx), Math.max(Math.round(bar.widthPx), 1)];
    context.fillStyle = palette.of.page;
    context.fillRect(left, yPx + BAR_TOP_PX + BAR_PX - 4, width, 5);
    context.fillStyle = palette.of.ink;
    context.fillRect(left, yPx + BAR_TOP_PX + BAR_PX - 3, width, 3);
  }
}

interface BarLook {
  readonly colour: string;
  /** The colour of failure, if it failed. */
  readonly failed: string | undefined;
  readonly heightPx?: number;
}

/** A bar on whole pixels; a failed one is hatched and framed, and keeps its colour. */
function paintBar(
  context: CanvasRenderingContext2D,
  { xPx, widthPx }: Bar,
  yPx: number,
  { colour, failed, heightPx = BAR_PX }: BarLook,
): void {
  const left = Math.round(xPx);
  const width = Math.max(Math.round(xPx + widthPx) - left, 1);
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(left, yPx, width, heightPx, Math.min(2, width / 2));
  context.fill();
  if (failed === undefined) return;
  context.save();
  context.clip();
  context.strokeStyle = failed;
  context.lineWidth = 2;
  context.beginPath();
  for (let x = left - BAR_PX + (left % 8); x < left + width; x += 8) {
    context.moveTo(x, yPx + BAR_PX);
    context.lineTo(x + BAR_PX, yPx);
  }
  context.stroke();
  context.restore();
  context.strokeStyle = failed;
  context.lineWidth = 1.5;
  context.strokeRect(left - 0.25, yPx - 0.25, width + 0.5, BAR_PX + 0.5);
}

function* eventsOf(
  { eventEnds, eventName, eventNano, texts }: SpanTable,
  row: number,
): Generator<{ readonly name: string; readonly timeNano: number }> {
  for (let at = itemsStart(eventEnds, row); at < eventEnds[row]!; at++) {
    yield { name: texts[eventName[at]!]!, timeNano: eventNano[at]! };
  }
}

/** A dot; a diamond for an exception. */
function paintEvent(
  context: CanvasRenderingContext2D,
  xPx: number,
  yPx: number,
  exception: boolean,
  { of }: Palette,
): void {
  context.beginPath();
  if (exception) {
    context.moveTo(xPx, yPx - 5);
    context.lineTo(xPx + 5, yPx);
    context.lineTo(xPx, yPx + 5);
    context.lineTo(xPx - 5, yPx);
    context.closePath();
  } else context.arc(xPx, yPx, 3.25, 0, 2 * Math.PI);
  context.fillStyle = exception ? of.error : of.ink;
  context.fill();
  context.strokeStyle = of.page;
  context.lineWidth = 1.5;
  context.stroke();
}

interface Label {
  readonly bar: Bar;
  readonly text: string;
  readonly failed: boolean;
  readonly yPx: number;
}

/** The duration beside the bar: behind it, or before it where there is no room; else upon it. */
function paintLabel(
  context: CanvasRenderingContext2D,
  { size, measure, palette }: RowPicture,
  { bar, text, failed, yPx }: Label,
): void {
  const shown = failed ? `${ERROR_SIGN} ${text}` : text;
  const width = measure(shown);
  const y = yPx + ROW_PX / 2 + 0.5;
  const behind = Math.max(bar.xPx + bar.widthPx, 0) + LABEL_GAP_PX;
  context.fillStyle = failed ? palette.of.error : palette.of["ink-soft"];
  if (behind + width <= size.widthPx) context.fillText(shown, behind, y);
  else if (bar.xPx - LABEL_GAP_PX - width >= 0) {
    context.fillText(shown, bar.xPx - LABEL_GAP_PX - width, y);
  } else {
    const x = size.widthPx - width - LABEL_GAP_PX;
    context.fillStyle = palette.of.page;
    context.fillRect(x - 3, yPx + 4, width + 6, ROW_PX - 8);
    context.fillStyle = failed ? palette.of.error : palette.of.ink;
    context.fillText(shown, x, y);
  }
}

/** Beside the red of an error there is always a sign. */
const ERROR_SIGN = "⊗";

/** A small arrow towards a bar that is out of sight. */
function paintPointer(
  context: CanvasRenderingContext2D,
  { axis, palette }: RowPicture,
  before: boolean,
  yPx: number,
): void {
  const x = before ? 4.5 : axis.widthPx - 4.5;
  const y = yPx + ROW_PX / 2;
  const ahead = before ? 4 : -4;
  context.strokeStyle = palette.of["line-strong"];
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x + ahead, y - 3.5);
  context.lineTo(x, y);
  context.lineTo(x + ahead, y + 3.5);
  context.stroke();
}
