/** What the map of all services shows, and how its address says so. */
import {
  lastHour,
  readTimeView,
  type TimeView,
  wholeNumber,
  writeTimeView,
} from "../time-choice.ts";

/** See the top of this file. */
export interface MapQuery extends TimeView {
  /** The node that it is about; "" for all. */
  readonly node: string;
  /** How many calls away from that node others may be. */
  readonly hops: number;
}

/** The most calls away from a node that is offered. */
const MOST_HOPS = 3;

const wholeMap: MapQuery = { ...lastHour, node: "", hops: 1 };

/** What the query of an address asks for; what is wrong in it falls back to its default. */
export function readMapQuery(params: URLSearchParams): MapQuery {
  const hops = wholeNumber(params.get("hops"), 1, MOST_HOPS) ?? wholeMap.hops;
  return { ...readTimeView(params), node: params.get("node") ?? "", hops };
}

/** The address that shows `query`; only what differs from the defaults is spelled out. */
export function mapHref(query: Partial<MapQuery>): string {
  const { node, hops, ...time } = { ...wholeMap, ...query };
  const params = new URLSearchParams();
  if (node !== "") params.set("node", node);
  if (hops !== wholeMap.hops) params.set("hops", `${hops}`);
  writeTimeView(params, time);
  return params.size === 0 ? "/map" : `/map?${params}`;
}
