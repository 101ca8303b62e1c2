import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const [LEAST, MOST] = [0.2, 2];
/** Smaller than that, names cannot be read: then it scrolls. */
const LEAST_FIT = 0.7;
const STEP = 1.25;

interface Room {
  readonly width: number;
  readonly height: number;
}

interface Zoom {
  readonly scale: number;
  /** Whether it is known how much room there is. */
  readonly isMeasured: boolean;
  /** Buttons for it. */
  readonly bar: ComponentChildren;
}

/**
 * How large a sheet is shown in a frame that scrolls: as large as there is room, until the reader says
 * otherwise (with buttons, or Ctrl and the wheel). Dragging the frame moves the sheet.
 */
export function useZoom(
  frame: { readonly current: HTMLDivElement | null },
  { width, height }: Room,
): Zoom {
  const chosen = useSignal<number | undefined>(undefined);
  const fit = useSignal<number | undefined>(undefined);
  const scale = chosen.value ?? fit.value ?? 1;
  const latest = useRef(scale);
  useLayoutEffect(() => {
    // What is in the middle stays there.
    const box = frame.current!;
    const factor = scale / latest.current;
    latest.current = scale;
    if (factor === 1) return;
    const [across, down] = [box.clientWidth / 2, box.clientHeight / 2];
    box.scrollTo(
      (box.scrollLeft + across) * factor - across,
      (box.scrollTop + down) * factor - down,
    );
  }, [scale]);
  useLayoutEffect(() => {
    const box = frame.current!;
    const measure = (): void => {
      const least = Math.min(box.clientWidth / width, box.clientHeight / height, 1);
      fit.value = Math.max(least, LEAST_FIT);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [width, height]);
  const zoom = (factor: number): void => {
    chosen.value = Math.min(Math.max(latest.current * factor, LEAST), MOST);
  };
  useEffect(() => {
    const box = frame.current!;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(2 ** (-event.deltaY / 300));
    };
    box.addEventListener("wheel", onWheel, { passive: false });
    const stopDragging = dragToScroll(box);
    return () => {
      box.removeEventListener("wheel", onWheel);
      stopDragging();
    };
  }, []);
  const bar = (
    <div class="graph-zoom" role="group" aria-label="Zoom">
      <button type="button" class="icon-button" aria-label="Smaller" onClick={() => zoom(1 / STEP)}>
        −
      </button>
      <button
        type="button"
        class="icon-button"
        title="As large as there is room"
        onClick={() => (chosen.value = undefined)}
      >
        {Math.round(scale * 100)} %
      </button>
      <button type="button" class="icon-button" aria-label="Larger" onClick={() => zoom(STEP)}>
        +
      </button>
    </div>
  );
  return { scale, isMeasured: fit.value !== undefined, bar };
}

/** Lets a frame be scrolled by dragging what is between the nodes. */
function dragToScroll(box: HTMLElement): () => void {
  const onDown = (event: PointerEvent): void => {
    const isOther = event.button !== 0 || event.pointerType !== "mouse";
    if (isOther || (event.target as Element).closest("a, button") !== null) return;
    const from = { x: event.clientX + box.scrollLeft, y: event.clientY + box.scrollTop };
    const onMove = (move: PointerEvent): void => {
      box.scrollTo(from.x - move.clientX, from.y - move.clientY);
    };
    const onUp = (): void => {
      window.removeEventListener("pointermove", onMove);
      box.classList.remove("dragged");
    };
    box.classList.add("dragged");
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp, { once: true });
  };
  box.addEventListener("pointerdown", onDown);
  return () => box.removeEventListener("pointerdown", onDown);
}
