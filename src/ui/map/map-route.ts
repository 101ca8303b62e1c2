/** What the map of all services shows, and how its address says so. */
import {
  lastHour,
  readTimeView,
  type TimeChoice,
  type TimeView,
  wholeNumber,
  writeTimeView,
} from "../time-choice.ts";

/** Which other time the map is compared with: the same length just before, or so much earlier. */
export const comparisons = ["before", "day", "week"] as const;
export type Comparison = (typeof comparisons)[number];

/** A column that the table of edges is sorted by. */
export const edgeKeys = ["from", "to", "calls", "errors", "p95", "change"] as const;
export type EdgeKey = (typeof edgeKeys)[number];

/** See the top of this file. */
export interface MapQuery extends TimeView {
  /** The node that it is about; "" for all. */
  readonly node: string;
  /** How many calls away from that node others may be. */
  readonly hops: number;
  readonly view: "map" | "table";
  readonly against: Comparison | undefined;
  /** Groups that are shown as what is in them, by their ids (analysis/graph-groups.ts). */
  readonly open: readonly string[];
  readonly sorting: { readonly key: EdgeKey; readonly descending: boolean };
}

/** The most calls away from a node that is offered. */
export const MOST_HOPS = 3;
const MOST_OPEN = 50;

const wholeMap: MapQuery = {
  ...lastHour,
  node: "",
  hops: 1,
  view: "map",
  against: undefined,
  open: [],
  sorting: { key: "calls", descending: true },
};

/** What the query of an address asks for; what is wrong in it falls back to its default. */
export function readMapQuery(params: URLSearchParams): MapQuery {
  const sort = params.get("sort") ?? "";
  const descending = sort.startsWith("-");
  const key = edgeKeys.find((name) => name === sort.slice(descending ? 1 : 0));
  return {
    ...readTimeView(params),
    node: params.get("node") ?? "",
    hops: wholeNumber(params.get("hops"), 1, MOST_HOPS) ?? wholeMap.hops,
    view: params.get("view") === "table" ? "table" : "map",
    against: comparisons.find((name) => name === params.get("against")),
    open: params
      .getAll("open")
      .slice(0, MOST_OPEN)
      .map((id) => `\n${id}`),
    sorting: key === undefined ? wholeMap.sorting : { key, descending },
  };
}

/** The address that shows `query`; only what differs from the defaults is spelled out. */
export function mapHref(query: Partial<MapQuery>): string {
  const { node, hops, view, against, open, sorting, ...time } = { ...wholeMap, ...query };
  const params = new URLSearchParams();
  if (node !== "") params.set("node", node);
  if (hops !== wholeMap.hops) params.set("hops", `${hops}`);
  if (view !== wholeMap.view) params.set("view", view);
  if (against !== undefined) params.set("against", against);
  // All ids of groups begin with a line break.
  for (const id of open) params.append("open", id.slice(1));
  const sort = `${sorting.descending ? "-" : ""}${sorting.key}`;
  if (sort !== "-calls") params.set("sort", sort);
  writeTimeView(params, time);
  return params.size === 0 ? "/map" : `/map?${params}`;
}

const secondsBack = { day: 86_400, week: 604_800 } as const;

/** The time that another is compared with. */
export function otherTime(
  time: TimeChoice,
  against: Comparison,
  nowSeconds: number,
): TimeChoice & { readonly kind: "between" } {
  const [from, to] =
    time.kind === "since"
      ? [nowSeconds - time.seconds, nowSeconds]
      : [time.fromSeconds, time.toSeconds];
  const back = against === "before" ? to - from : secondsBack[against];
  return {
    kind: "between",
    fromSeconds: Math.max(0, from - back),
    toSeconds: Math.max(1, to - back),
  };
}
