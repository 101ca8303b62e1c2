/** Groups of calls: what they are called, how they are sorted, which condition they stand for. */
import { assignColours } from "../colours.ts";
import type { ValueSeries } from "./attribute-groups.ts";
import type { Sorting } from "./explore-route.ts";
import { busiestFirst, figureKeys, type FigureSorting } from "./figure-sorting.ts";
import { SERVICE, withCondition, withField } from "./filters.ts";

/** What tells a group from all others. */
export function groupKey({ service = "", name, kind, value }: ValueSeries): string {
  if (value !== undefined) return value.condition;
  return name === undefined ? service : `${service}\0${name}\0${kind}`;
}

/** Lines that can still be told apart in a chart. */
const SHOWN_GROUPS = 8;

/** The colours of the groups that charts show, the busiest ones, by key. */
export function chartColours(series: readonly ValueSeries[]): ReadonlyMap<string, number> {
  return assignColours(series.slice(0, SHOWN_GROUPS).map(groupKey));
}

/** The query for the spans of a group. */
export function queryOfGroup(q: string, group: ValueSeries): string {
  const { service = "", name, kind, value } = group;
  if (value !== undefined) return withCondition(q, value.condition);
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
