/** Lines over time as paths, in a box that is as wide as there are steps and 100 high. */

/** How values become heights. */
export interface Scale {
  /** The value at the upper edge. */
  readonly top: number;
  /** From 0 at the lower edge to 1 at the upper one. */
  readonly part: (value: number) => number;
}

const NICE = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The next round number that is at least `value`; 1 for nothing. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return NICE.find((nice) => nice * unit >= value * 0.9999)! * unit;
}

/** From 0 up to a round number. */
export function linearScale(most: number): Scale {
  const top = niceTop(most);
  return { top, part: (value) => value / top };
}

/** By the logarithm: from the power of ten below the least to the round number above the most. */
export function logScale(least: number, most: number): Scale {
  const bottom = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const top = Math.max(niceTop(most), bottom * 10);
  const range = Math.log(top / bottom);
  return { top, part: (value) => Math.max(0, Math.log(Math.max(value, 1) / bottom) / range) };
}

type Values = readonly (number | null)[];

/** The path of a line through the middles of its steps. It ends where there is no value and begins
 * anew; a value alone is a dot (of a line with round ends). */
export function linePath(values: Values, { part }: Scale): string {
  let path = "";
  let isOn = false;
  values.forEach((value, i) => {
    if (value === null) {
      isOn = false;
      return;
    }
    const place = `${i + 0.5} ${round(100 * (1 - part(value)))}`;
    const isAlone = !isOn && (values[i + 1] ?? null) === null;
    path += isOn ? `L${place}` : `M${place}${isAlone ? "h0" : ""}`;
    isOn = true;
  });
  return path;
}

/** The path of the area below a line. */
export function areaPath(values: Values, { part }: Scale): string {
  let path = "";
  values.forEach((value, i) => {
    if (value === null || value <= 0) return;
    path += `M${i} 100V${round(100 * (1 - part(value)))}H${i + 1}V100`;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
