/**
 * Scrolling through more than an element can be high. Browsers stop at 17 to 33 million pixels, which
 * is 700,000 rows; beyond that the scroll bar stands for a longer way, and wheels go by rows still.
 */
import type { Signal } from "@preact/signals";

/** The highest element that all browsers draw. */
const MOST_EXTENT_PX = 12_000_000;
const LINE_PX = 24;

/** The way from the top of `contentPx` to its end, seen through `heightPx`. */
export class VirtualScroll {
  /** How high the element is that is scrolled. */
  readonly extentPx: number;
  readonly #mostPx: number;
  readonly #scale: number;

  constructor(contentPx: number, heightPx: number) {
    this.extentPx = Math.min(contentPx, MOST_EXTENT_PX);
    this.#mostPx = Math.max(contentPx - heightPx, 0);
    const barPx = Math.max(this.extentPx - heightPx, 0);
    this.#scale = contentPx <= MOST_EXTENT_PX || barPx === 0 ? 1 : this.#mostPx / barPx;
  }

  /** A position as near to `topPx` as there is. */
  clamp(topPx: number): number {
    return Math.min(Math.max(topPx, 0), this.#mostPx);
  }

  /** Where the scroll bar is when the content is at `topPx`. */
  barOf(topPx: number): number {
    return topPx / this.#scale;
  }

  /** Keeps `topPx` where the scroller is; gives back what ends it. */
  listen(scroller: HTMLElement, topPx: Signal<number>): () => void {
    const onScroll = (): void => {
      // What was set from here comes back rounded: then the position is known better than that.
      if (Math.abs(this.barOf(topPx.peek()) - scroller.scrollTop) < 1) return;
      topPx.value = this.clamp(scroller.scrollTop * this.#scale);
    };
    const onWheel = (event: WheelEvent): void => {
      if (this.#scale === 1 || event.defaultPrevented || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
      topPx.value = this.clamp(topPx.peek() + event.deltaY * unit);
      scroller.scrollTop = this.barOf(topPx.value);
    };
    scroller.addEventListener("scroll", onScroll);
    scroller.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      scroller.removeEventListener("scroll", onScroll);
      scroller.removeEventListener("wheel", onWheel);
    };
  }
}
