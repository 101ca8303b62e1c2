/** Sets of spans of one trace: their rows, ascending, each once. */
export type Rows = readonly number[];

/** The set without members. */
export const NO_ROWS: Rows = [];

/** What is in either set. */
export function unionRows(a: Rows, b: Rows): Rows {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const union: number[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i]!, b[j]!];
    union.push(Math.min(x, y));
    if (x <= y) i++;
    if (y <= x) j++;
  }
  while (i < a.length) union.push(a[i++]!);
  while (j < b.length) union.push(b[j++]!);
  return union;
}

const everyRow: number[] = [];

/** All rows of a trace of `length` spans. */
export function allRows(length: number): Rows {
  while (everyRow.length < length) everyRow.push(everyRow.length);
  return everyRow.slice(0, length);
}
