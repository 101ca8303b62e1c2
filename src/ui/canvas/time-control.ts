/** What moves the window of time that all parts of a view share. */
import { signal, type ReadonlySignal } from "@preact/signals";
import {
  clampWindow,
  panWindow,
  sameWindow,
  windowAround,
  zoomWindow,
  type TimeWindow,
} from "./time-window.ts";

/** The window of a view over `bounds`. */
export class TimeControl {
  readonly bounds: TimeWindow;
  readonly #window;
  /** Where the pointer is in time, or undefined: what keys zoom around. */
  pointer: number | undefined;

  constructor(bounds: TimeWindow, shown: TimeWindow = bounds) {
    this.bounds = bounds;
    this.#window = signal(clampWindow(shown, bounds));
  }

  get window(): ReadonlySignal<TimeWindow> {
    return this.#window;
  }

  /** Whether all there is shows. */
  get isWhole(): boolean {
    return sameWindow(this.#window.value, clampWindow(this.bounds, this.bounds));
  }

  show(window: TimeWindow): void {
    const next = clampWindow(window, this.bounds);
    if (!sameWindow(next, this.#window.peek())) this.#window.value = next;
  }

  /** Shows a stretch, with some room on both sides. */
  fit(from: number, to: number): void {
    this.show(windowAround(from, to, this.bounds));
  }

  whole(): void {
    this.show(this.bounds);
  }

  /** Makes the window `factor` times as long around a moment: the pointer's, if none is given. */
  zoom(factor: number, at = this.pointer): void {
    const window = this.#window.peek();
    const inside = at !== undefined && at >= window.from && at <= window.to;
    const around = inside ? at : (window.from + window.to) / 2;
    this.show(zoomWindow(window, factor, around, this.bounds));
  }

  /** Moves the window by this part of its length. */
  pan(share: number): void {
    const window = this.#window.peek();
    this.show(panWindow(window, (window.to - window.from) * share, this.bounds));
  }
}

const WHEEL_ZOOM = 0.002;
const LINE_PX = 16;

/**
 * Wheels over an element: with Ctrl or Cmd (which is also what a pinch says) zooms at the pointer,
 * sideways or with Shift pans. Everything else is left to scroll. `timeAt` says which moment is at a
 * place in the window; `widthPx` how wide the axis is. Gives back what ends it.
 */
export function wheelTime(
  element: HTMLElement,
  control: () => TimeControl,
  axis: { readonly timeAt: (clientX: number) => number; readonly widthPx: () => number },
): () => void {
  const onWheel = (event: WheelEvent): void => {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      control().zoom(Math.exp(event.deltaY * unit * WHEEL_ZOOM), axis.timeAt(event.clientX));
    } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      event.preventDefault();
      control().pan((sideways * unit) / Math.max(axis.widthPx(), 1));
    }
  };
  element.addEventListener("wheel", onWheel, { passive: false });
  return () => element.removeEventListener("wheel", onWheel);
}

const CLICK_PX = 4;

/** A drag with the pointer, in pixels of the window; `move` is not told of mere clicks. */
export interface Drag {
  readonly move: (fromX: number, toX: number) => void;
  readonly end: (fromX: number, toX: number) => void;
  readonly cancel: () => void;
}

/** Follows the pointer from its press until it is let go; Escape gives the drag up. */
export function followDrag(press: PointerEvent, drag: Drag): void {
  if (press.button !== 0) return;
  const fromX = press.clientX;
  let moved = false;
  const onMove = (event: PointerEvent): void => {
    moved ||= Math.abs(event.clientX - fromX) >= CLICK_PX;
    if (moved) drag.move(fromX, event.clientX);
  };
  const onUp = (event: PointerEvent): void => {
    stop();
    if (!moved) return drag.cancel();
    // The click that follows is of the drag, and of nothing that lies below.
    const swallow = (click: Event): void => click.stopPropagation();
    window.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 0);
    drag.end(fromX, event.clientX);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    stop();
    drag.cancel();
  };
  const onCancel = (): void => {
    stop();
    drag.cancel();
  };
  const stop = (): void => {
    window.removeEventListener("pointermove", onMove);
    window.removeEventListener("pointerup", onUp);
    window.removeEventListener("pointercancel", onCancel);
    window.removeEventListener("keydown", onKey, { capture: true });
  };
  window.addEventListener("pointermove", onMove);
  window.addEventListener("pointerup", onUp);
  window.addEventListener("pointercancel", onCancel);
  window.addEventListener("keydown", onKey, { capture: true });
}
