/** Text as it fits a terminal: safe to print, measured in cells, cut and padded. */

/** What a terminal can show. */
export interface Looks {
  readonly colour: boolean;
  /** Whether it takes UTF-8; otherwise only ASCII is printed. */
  readonly unicode: boolean;
}

/** Code points that take two cells: East Asian wide and fullwidth forms, and emoji (Unicode's
 * EastAsianWidth.txt, its blocks joined). */
const wideRanges: readonly (readonly [from: number, to: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** How many cells of the terminal text takes. */
export function cellWidth(text: string): number {
  let cells = 0;
  for (const character of text) cells += characterWidth(character);
  return cells;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (/[\p{Mn}\p{Me}\u200d]/u.test(character)) return 0;
  return wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** Text in exactly `cells` cells: cut with an ellipsis, or filled with spaces at its end. */
export function fit(text: string, cells: number, unicode: boolean): string {
  const width = cellWidth(text);
  if (width <= cells) return text + " ".repeat(cells - width);
  const ellipsis = unicode ? "…" : "~";
  let kept = "";
  let left = cells - 1;
  for (const character of text) {
    left -= characterWidth(character);
    if (left < 0) break;
    kept += character;
  }
  if (cells <= 0) return "";
  return kept + ellipsis + " ".repeat(cells - 1 - cellWidth(kept));
}

/** Text filled with spaces at its start, to `cells` cells. */
export function alignRight(text: string, cells: number): string {
  return " ".repeat(Math.max(0, cells - cellWidth(text))) + text;
}

/** Colours by their number in "SGR", the terminal's own palette: legible on its background. */
const colours = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
} as const;
/** One of them. */
export type Colour = keyof typeof colours;

/** Text in a colour, or as it is if colour is off. */
export function paint(text: string, colour: Colour, { colour: on }: Looks): string {
  return on ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
}

/** What services are told apart by; red is for errors. */
const servicePalette: readonly Colour[] = ["cyan", "green", "yellow", "magenta", "blue"];

/** A colour for each service, in the order given; they repeat after five. */
export function serviceColours(services: Iterable<string>): ReadonlyMap<string, Colour> {
  const unique = [...new Set(services)];
  return new Map(unique.map((name, i) => [name, servicePalette[i % servicePalette.length]!]));
}

const MINUTE_NANO = 60e9;
const HOUR_NANO = 60 * MINUTE_NANO;

/** A duration with three digits and its unit: "812 ns", "4.56 ms", "2 min 5 s". */
export function durationText(nanos: number, unicode: boolean): string {
  if (nanos < 0) return `-${durationText(-nanos, unicode)}`;
  const units: readonly [size: number, name: string, below: number][] = [
    [1e3, unicode ? "µs" : "us", 1000],
    [1e6, "ms", 1000],
    [1e9, "s", 60],
  ];
  if (nanos < 1000) return `${Math.round(nanos)} ns`;
  for (const [size, name, below] of units) {
    const digits = threeDigits(nanos / size);
    if (Number(digits) < below) return `${digits} ${name}`;
  }
  const seconds = Math.round(nanos / 1e9);
  if (seconds < HOUR_NANO / 1e9) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(nanos / MINUTE_NANO);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function threeDigits(value: number): string {
  const places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(places);
}

/** "1 span", "12 spans". */
export function countText(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

/** "2026-11-23 17:42:05.123" in UTC, from decimal nanoseconds since 1970. */
export function instantText(unixNano: string): string {
  const ms = Number(BigInt(unixNano) / 1_000_000n);
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return `${unixNano} ns`;
  return date.toISOString().replace("T", " ").replace("Z", "");
}
