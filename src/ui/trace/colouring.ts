/** What the colours of a trace's spans mean: their service, or anything else they have. */
import type { SpanTable } from "../../analysis/span-table.ts";
import { FAILED } from "../../analysis/span-table.ts";
import { spanKinds, spanStatuses } from "../../model/trace.ts";
import type { Palette } from "../canvas/palette.ts";
import { assignColours } from "../colours.ts";
import { plainValue, type ValueColumn } from "./engine/value-column.ts";

/** One colour and what it stands for. */
export interface LegendEntry {
  readonly name: string;
  /** Number of a service colour, or `NO_COLOUR`. */
  readonly colour: number;
  readonly spanCount: number;
  readonly errorCount: number;
}

/** The colour of spans that do not have what colours stand for. */
export const NO_COLOUR = 255;

/** Who has which colour. */
export interface Colouring {
  /** By row: a number; equal ones have one colour. */
  readonly numbers: ArrayLike<number>;
  /** Colour and name by number. */
  readonly colours: Uint8Array;
  readonly names: readonly string[];
  /** Most spans first, then by name. */
  readonly legend: readonly LegendEntry[];
}

/** Colours by what the spans have without asking: "service", "name", "kind" or "status". */
export function ownColouring(table: SpanTable, by: string): Colouring {
  const { texts } = table;
  switch (by) {
    case "name":
      return colouringOf(table, table.name, texts);
    case "kind":
      return colouringOf(table, table.kind, spanKinds);
    case "status":
      return colouringOf(table, table.status, spanStatuses);
    default:
      return colouringOf(table, table.service, texts);
  }
}

/** Colours by the values of an attribute; who has none has no colour. */
export function valueColouring(table: SpanTable, { numbers, texts }: ValueColumn): Colouring {
  const names = ["(none)", ...texts.map(plainValue)];
  const shifted = Uint32Array.from(numbers, (number) => number + 1);
  return colouringOf(table, shifted, names, 0);
}

function colouringOf(
  { length, status }: SpanTable,
  numbers: ArrayLike<number>,
  names: readonly string[],
  none = -1,
): Colouring {
  const spans = new Uint32Array(names.length);
  const errors = new Uint32Array(names.length);
  for (let row = 0; row < length; row++) {
    spans[numbers[row]!]!++;
    if (status[row] === FAILED) errors[numbers[row]!]!++;
  }
  const used = Array.from(spans.keys()).filter((number) => spans[number]! > 0);
  const coloured = used.filter((number) => number !== none);
  const byName = assignColours(coloured.map((number) => names[number]!));
  const colours = new Uint8Array(names.length).fill(NO_COLOUR);
  for (const number of coloured) colours[number] = byName.get(names[number]!)!;
  const legend = used.map((number) => ({
    name: names[number]!,
    colour: colours[number]!,
    spanCount: spans[number]!,
    errorCount: errors[number]!,
  }));
  legend.sort((a, b) => b.spanCount - a.spanCount || (a.name < b.name ? -1 : 1));
  return { numbers, colours, names, legend };
}

/** The colour that a row is drawn in. */
export function colourOf(
  { numbers, colours }: Colouring,
  row: number,
  { services, of }: Palette,
): string {
  return services[colours[numbers[row]!]!] ?? of["line-strong"];
}

/** The style that gives an element the colour with a number, as `--service`. */
export function colourStyle(colour: number): Record<string, string> {
  return { "--service": colour === NO_COLOUR ? "var(--line-strong)" : `var(--service-${colour})` };
}
