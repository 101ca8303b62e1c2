/** A query with a mark under the place that something is wrong with. */
import { safeText } from "../base/safe-text.ts";
import { cellWidth } from "./text.ts";

interface Place {
  readonly from: number;
  readonly to: number;
}

const MOST_CELLS = 100;

/** Two lines: the line of the text where the place begins, and carets under as much of it as is there. Of a
 * long line there is the part around the place. */
export function caretLines(text: string, place: Place, unicode: boolean): string {
  const lineStart = text.lastIndexOf("\n", place.from - 1) + 1;
  const lineBreak = text.indexOf("\n", place.from);
  const lineEnd = lineBreak === -1 ? text.length : lineBreak;
  const from = Math.max(lineStart, place.from - MOST_CELLS / 2);
  const to = Math.min(lineEnd, from + MOST_CELLS);
  const placeEnd = Math.min(to, Math.max(place.from + 1, place.to));
  const shown = (start: number, end: number) => safeText(text.slice(start, end), unicode);
  const before = cellWidth(shown(from, place.from));
  const marked = Math.max(1, cellWidth(shown(place.from, placeEnd)));
  return `  ${shown(from, to)}\n  ${" ".repeat(before)}${"^".repeat(marked)}`;
}

/** The place that a message means with "line 1, col 7"; undefined if it names none. */
export function placeInMessage(text: string, message: string): Place | undefined {
  const [, line, column] = /\bline (\d{1,9}), col (\d{1,9})\b/.exec(message) ?? [];
  if (line === undefined) return undefined;
  const lines = text.split("\n");
  const before = lines.slice(0, Number(line) - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const characters = Array.from(lines[Number(line) - 1] ?? "").slice(0, Number(column) - 1);
  const from = Math.min(text.length, before + characters.join("").length);
  return { from, to: from + 1 };
}
