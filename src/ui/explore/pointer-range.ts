/** Pointing at a plot, and dragging across it, as numbers. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A place on a plot: parts of its width from the left and of its height from the top, 0 to 1. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** What a plot wants to know. */
export interface PointerRangeUse {
  /** Where the pointer is; undefined once it is gone. */
  readonly onHover: (place: Place | undefined) => void;
  /** The range being dragged; undefined once that is over or given up. */
  readonly onDrag: (range: readonly [Place, Place] | undefined) => void;
  /** A range was dragged to its end. */
  readonly onRange: (from: Place, to: Place) => void;
  /** It was a click without a drag. */
  readonly onPoint?: (place: Place) => void;
}

const LEAST_PX = 4;

/** Watches the pointer over an element; Escape gives up a drag. */
export function usePointerRange<T extends HTMLElement>(use: PointerRangeUse): RefObject<T | null> {
  const element = useRef<T>(null);
  const current = useRef(use);
  current.current = use;
  useEffect(() => {
    const { current: target } = element;
    return target === null ? undefined : watch(target, () => current.current);
  }, []);
  return element;
}

function watch(target: HTMLElement, use: () => PointerRangeUse): () => void {
  let start: { place: Place; clientX: number; clientY: number; isDrag: boolean } | undefined;
  const end = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    handle: (event: HTMLElementEventMap[K]) => void,
  ): void => target.addEventListener(name, handle, { signal: end.signal });
  const giveUp = (): void => {
    start = undefined;
    use().onDrag(undefined);
  };
  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    target.setPointerCapture(event.pointerId);
    const { clientX, clientY } = event;
    start = { place: placeOf(target, event), clientX, clientY, isDrag: false };
  });
  on("pointermove", (event) => {
    const place = placeOf(target, event);
    use().onHover(place);
    if (start === undefined) return;
    const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    start.isDrag ||= far >= LEAST_PX;
    if (start.isDrag) use().onDrag([start.place, place]);
  });
  on("pointerup", (event) => {
    if (start === undefined) return;
    const { place, isDrag } = start;
    giveUp();
    if (isDrag) use().onRange(place, placeOf(target, event));
    else use().onPoint?.(place);
  });
  on("pointercancel", giveUp);
  on("pointerleave", () => use().onHover(undefined));
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && start !== undefined) giveUp();
    },
    { signal: end.signal },
  );
  return () => end.abort();
}

function placeOf(target: HTMLElement, event: PointerEvent): Place {
  const { left, top, width, height } = target.getBoundingClientRect();
  const part = (value: number): number => Math.min(Math.max(value, 0), 1);
  return { x: part((event.clientX - left) / width), y: part((event.clientY - top) / height) };
}
