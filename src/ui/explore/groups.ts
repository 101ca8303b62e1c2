/** Groups of calls: what they are called, how they are sorted, which condition they stand for. */
import type { RedSeriesAnswer } from "../../api/contract.ts";
import type { Sorting } from "./explore-route.ts";
import { busiestFirst, figureKeys, type FigureSorting } from "./figure-sorting.ts";
import { SERVICE, withCondition, withField } from "./filters.ts";

/** What tells a group from all others. */
export function groupKey({ service = "", name, kind }: RedSeriesAnswer): string {
  return name === undefined ? service : `${service}\0${name}\0${kind}`;
}

/** The query for the spans of a group. */
export function queryOfGroup(q: string, { service = "", name, kind }: RedSeriesAnswer): string {
  const ofService = withField(q, SERVICE, { type: "string", value: service });
  if (name === undefined) return ofService;
  const named = withField(ofService, "name", { type: "string", value: name });
  return kind === undefined ? named : withCondition(named, `kind = ${kind}`);
}

/** How a table of groups is sorted: by the busiest first unless it can do as it is told. */
export function groupSorting({ key, descending }: Sorting): FigureSorting {
  const own = figureKeys.find((figure) => figure === key);
  return own === undefined ? busiestFirst : { key: own, descending };
}
