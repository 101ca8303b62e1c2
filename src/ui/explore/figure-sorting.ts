/** Tables of calls, errors and durations: in which order their lines are. */
import type { RedTotals } from "../../api/contract.ts";

/** A column that a table of figures is sorted by. */
export const figureKeys = ["name", "calls", "errors", "p50", "p95", "p99"] as const;
export type FigureKey = (typeof figureKeys)[number];

/** How such a table is sorted. */
export interface FigureSorting {
  readonly key: FigureKey;
  readonly descending: boolean;
}

/** Its order unless it is told another. */
export const busiestFirst: FigureSorting = { key: "calls", descending: true };

const numbers: Readonly<Record<Exclude<FigureKey, "name">, (total: RedTotals) => number>> = {
  calls: ({ calls }) => calls,
  errors: ({ calls, errors }) => (calls > 0 ? errors / calls : 0),
  p50: ({ p50Nano }) => p50Nano ?? 0,
  p95: ({ p95Nano }) => p95Nano ?? 0,
  p99: ({ p99Nano }) => p99Nano ?? 0,
};

/** What has figures, in order. */
export function sortFigures<Item extends { readonly total: RedTotals }>(
  items: readonly Item[],
  { key, descending }: FigureSorting,
  nameOf: (item: Item) => string,
): Item[] {
  const sign = descending ? -1 : 1;
  const byName = (a: Item, b: Item): number => {
    const [one, two] = [nameOf(a), nameOf(b)];
    return one < two ? -1 : one > two ? 1 : 0;
  };
  if (key === "name") return items.toSorted((a, b) => sign * byName(a, b));
  const of = (item: Item): number => numbers[key](item.total);
  return items.toSorted((a, b) => sign * (of(a) - of(b)) || byName(a, b));
}
