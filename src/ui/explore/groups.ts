/** Groups of calls: what they are called, how they are sorted, which condition they stand for. */
import type { RedSeriesAnswer } from "../../api/contract.ts";
import type { Sorting } from "./explore-route.ts";
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

const numbers = {
  calls: ({ total }: RedSeriesAnswer) => total.calls,
  errors: ({ total }: RedSeriesAnswer) => (total.calls > 0 ? total.errors / total.calls : 0),
  p50: ({ total }: RedSeriesAnswer) => total.p50Nano ?? 0,
  p95: ({ total }: RedSeriesAnswer) => total.p95Nano ?? 0,
  p99: ({ total }: RedSeriesAnswer) => total.p99Nano ?? 0,
};

/** How a table of groups is sorted: by the busiest first unless it can do as it is told. */
export function groupSorting({ key, descending }: Sorting): Sorting {
  const isOurs = key === "name" || key in numbers;
  return isOurs ? { key, descending } : { key: "calls", descending: true };
}

/** The groups in the order of `groupSorting`. */
export function sortGroups(
  groups: readonly RedSeriesAnswer[],
  sorting: Sorting,
): RedSeriesAnswer[] {
  const { key, descending } = groupSorting(sorting);
  const sign = descending ? -1 : 1;
  const compare = (a: RedSeriesAnswer, b: RedSeriesAnswer): number => {
    if (key in numbers) {
      const of = numbers[key as keyof typeof numbers];
      return of(a) - of(b);
    }
    const [one, two] = [groupKey(a), groupKey(b)];
    return one < two ? -1 : one > two ? 1 : 0;
  };
  return [...groups].sort((a, b) => sign * compare(a, b));
}
