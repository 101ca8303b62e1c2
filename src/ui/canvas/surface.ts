/** A canvas that is as sharp as the screen, and is drawn at most once for a frame of it. */

/** How large a surface is, in CSS pixels. */
export interface SurfaceSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Draws everything anew; the surface is empty, and a unit is a CSS pixel. */
export type Paint = (context: CanvasRenderingContext2D, size: SurfaceSize) => void;

/** A canvas and what is drawn on it. */
export class Surface {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #observer: ResizeObserver;
  #size: SurfaceSize = { widthPx: 0, heightPx: 0 };
  #paint: Paint | undefined;
  #frame = 0;

  /** Follows the size that CSS gives to the canvas, until it is closed. */
  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d")!;
    this.#observer = new ResizeObserver(() => this.draw());
    this.#observer.observe(canvas);
  }

  /** Draws this from now on. */
  show(paint: Paint): void {
    this.#paint = paint;
    this.draw();
  }

  /** Draws again, with the next frame. */
  draw(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.drawNow());
  }

  /** Draws again at once: what stands beside the canvas has just moved, too. */
  drawNow(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#fit();
    const { widthPx, heightPx } = this.#size;
    this.#context.clearRect(0, 0, widthPx, heightPx);
    if (widthPx > 0 && heightPx > 0) this.#paint?.(this.#context, this.#size);
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
  }

  #fit(): void {
    const { clientWidth: widthPx, clientHeight: heightPx } = this.#canvas;
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#size = { widthPx, heightPx };
  }
}
