/** Widths of texts, measured once each, and texts cut to a width. */

/** What measures: a canvas context, whose font is set, or anything that knows widths. */
export type Measure = (text: string) => number;

const MOST_TEXTS = 5000;

/** A measure that remembers; for one font. */
export function remembering(measure: Measure): Measure {
  const widths = new Map<string, number>();
  return (text) => {
    const known = widths.get(text);
    if (known !== undefined) return known;
    if (widths.size >= MOST_TEXTS) widths.clear();
    const width = measure(text);
    widths.set(text, width);
    return width;
  };
}

/** The text, or as much of its beginning as fits with "…" behind it; "" if not even a letter does. */
export function fitText(text: string, widthPx: number, measure: Measure): string {
  if (measure(text) <= widthPx) return text;
  const room = widthPx - measure("…");
  // Letters are about as wide as each other: begin near the end.
  let [low, high] = [0, Math.min(text.length, Math.ceil(widthPx / 3))];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(text.slice(0, middle)) <= room) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : `${text.slice(0, low)}…`;
}
