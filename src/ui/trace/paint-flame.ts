/** Draws boxes in lanes: the flame graph, and the one of merged calls. */
import { boxesInSight, type Boxes } from "../../analysis/flame.ts";
import { FAILED } from "../../analysis/span-table.ts";
import type { Palette } from "../canvas/palette.ts";
import type { SurfaceSize } from "../canvas/surface.ts";
import { fitText, remembering, type Measure } from "../canvas/text-fit.ts";
import type { TimeWindow } from "../canvas/time-window.ts";
import { colourOf } from "./colouring.ts";
import { AXIS_PX, layoutTicks } from "./layout.ts";
import type { Shown } from "./shown.ts";
import { nameOf, type TraceView } from "./view.ts";

/** The height of a lane. */
export const LANE_PX = 20;

/** What is drawn. */
export interface FlamePicture {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly boxes: Boxes;
  /** The row that has the keyboard, and the box under the pointer or -1. */
  readonly cursor: number;
  readonly under: number;
  readonly window: TimeWindow;
  readonly topPx: number;
  readonly palette: Palette;
}

const TEXT_FROM_PX = 24;
const DIM = 0.3;

let measured: { readonly face: string; readonly measure: Measure } | undefined;

/** Draws the axis and the boxes in sight below it. */
export function paintFlame(
  context: CanvasRenderingContext2D,
  size: SurfaceSize,
  picture: FlamePicture,
): void {
  const { boxes, window, topPx, palette } = picture;
  context.font = `12px ${palette.face}`;
  context.textBaseline = "middle";
  if (measured?.face !== palette.face) {
    const measure = remembering((text) => context.measureText(text).width);
    measured = { face: palette.face, measure };
  }
  const axis = { fromNano: window.from, toNano: window.to, widthPx: size.widthPx };
  context.fillStyle = palette.of.line;
  for (const { xPx } of layoutTicks(axis)) {
    context.fillRect(Math.round(xPx), AXIS_PX, 1, size.heightPx);
  }
  const step = (window.to - window.from) / Math.max(size.widthPx, 1);
  const first = Math.max(0, Math.floor(topPx / LANE_PX));
  const last = Math.min(boxes.lanes, Math.ceil((topPx + size.heightPx - AXIS_PX) / LANE_PX));
  for (let lane = first; lane < last; lane++) {
    const yPx = AXIS_PX + lane * LANE_PX - topPx;
    boxesInSight(boxes, lane, { ...window, step }, (box) =>
      paintBox(context, picture, { box, yPx, step, widthPx: size.widthPx }),
    );
  }
  paintAxis(context, size, picture);
}

interface PlacedBox {
  readonly box: number;
  readonly yPx: number;
  /** Time that a pixel stands for. */
  readonly step: number;
  readonly widthPx: number;
}

function paintBox(
  context: CanvasRenderingContext2D,
  { view, shown, boxes, window, palette, cursor, under }: FlamePicture,
  { box, yPx, step, widthPx }: PlacedBox,
): void {
  const row = boxes.row[box]!;
  const left = Math.max(Math.round((boxes.from[box]! - window.from) / step), -2);
  const right = Math.min(Math.round((boxes.to[box]! - window.from) / step), widthPx + 2);
  // A gap of a pixel between neighbours, where there is room for it.
  const width = Math.max(right - left - (right - left > 3 ? 1 : 0), 1);
  const failed = view.table.status[row] === FAILED;
  const isBright = shown.bright === undefined || shown.bright[row] === 1;
  context.globalAlpha = isBright ? 1 : DIM;
  context.fillStyle = colourOf(shown.colouring, row, palette);
  context.fillRect(left, yPx, width, LANE_PX - 1);
  if (failed) {
    context.fillStyle = palette.of.error;
    context.fillRect(left, yPx + LANE_PX - 5, width, 4);
  }
  if (shown.isFound?.[row] === 1) {
    context.fillStyle = palette.of.ink;
    context.fillRect(left, yPx, width, 3);
  }
  if (width >= TEXT_FROM_PX) {
    const name = `${failed ? "⊗ " : ""}${nameOf(view.table, row)}`;
    const from = Math.max(left, 0) + 4;
    const text = fitText(name, left + width - from - 4, measured!.measure);
    context.fillStyle = palette.of.page;
    if (text !== "") context.fillText(text, from, yPx + LANE_PX / 2);
  }
  context.globalAlpha = 1;
  if (row !== cursor && box !== under) return;
  context.strokeStyle = row === cursor ? palette.of.ink : palette.of["line-strong"];
  context.lineWidth = 2;
  context.strokeRect(left + 1, yPx + 1, Math.max(width - 2, 1), LANE_PX - 3);
}

function paintAxis(
  context: CanvasRenderingContext2D,
  { widthPx }: SurfaceSize,
  { window, palette }: FlamePicture,
): void {
  const axis = { fromNano: window.from, toNano: window.to, widthPx };
  context.fillStyle = palette.of.page;
  context.fillRect(0, 0, widthPx, AXIS_PX - 1);
  context.fillStyle = palette.of.line;
  context.fillRect(0, AXIS_PX - 1, widthPx, 1);
  for (const { xPx, label } of layoutTicks(axis)) {
    context.fillStyle = palette.of.line;
    context.fillRect(Math.round(xPx), 0, 1, AXIS_PX);
    context.fillStyle = palette.of["ink-soft"];
    context.fillText(label, xPx + 5, AXIS_PX / 2);
  }
}
