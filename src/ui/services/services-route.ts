/** What the pages of services show, and how their addresses say so. */
import { busiestFirst, figureKeys, type FigureSorting } from "../explore/figure-sorting.ts";
import { lastHour, readTimeView, type TimeView, writeTimeView } from "../time-choice.ts";

/** The list of services. */
export interface ServicesQuery extends TimeView {
  /** What names have to have in them; "" for anything. */
  readonly find: string;
  readonly sorting: FigureSorting;
}

/** One service; `sorting` is that of its operations. */
export interface ServiceQuery extends TimeView {
  readonly name: string;
  /** Whether figures are of all its spans rather than of the requests that it gets. */
  readonly allSpans: boolean;
  readonly sorting: FigureSorting;
}

/** What the query of an address asks for; what is wrong in it falls back to its default. */
export function readServicesQuery(params: URLSearchParams): ServicesQuery {
  const { find, sorting } = { find: params.get("find") ?? "", sorting: readSorting(params) };
  return { ...readTimeView(params), find, sorting };
}

/** The same for the page of one service. */
export function readServiceQuery(name: string, params: URLSearchParams): ServiceQuery {
  const allSpans = params.get("spans") === "all";
  return { ...readTimeView(params), name, allSpans, sorting: readSorting(params) };
}

function readSorting(params: URLSearchParams): FigureSorting {
  const text = params.get("sort") ?? "";
  const descending = text.startsWith("-");
  const key = figureKeys.find((name) => name === text.slice(descending ? 1 : 0));
  return key === undefined ? busiestFirst : { key, descending };
}

/** The address of the list; only what differs from the defaults is spelled out. */
export function servicesHref(query: Partial<ServicesQuery>): string {
  const { find, sorting, ...time } = { ...lastHour, find: "", sorting: busiestFirst, ...query };
  const params = new URLSearchParams();
  if (find !== "") params.set("find", find);
  return href("/services", params, { ...time, sorting });
}

/** The address of a service's page. */
export function serviceHref(query: Pick<ServiceQuery, "name"> & Partial<ServiceQuery>): string {
  const { name, allSpans = false, ...rest } = { ...lastHour, sorting: busiestFirst, ...query };
  const params = new URLSearchParams();
  if (allSpans) params.set("spans", "all");
  return href(`/services/${encodeURIComponent(name)}`, params, rest);
}

function href(
  path: string,
  params: URLSearchParams,
  { sorting: { key, descending }, ...time }: TimeView & { readonly sorting: FigureSorting },
): string {
  if (key !== busiestFirst.key || descending !== busiestFirst.descending) {
    params.set("sort", `${descending ? "-" : ""}${key}`);
  }
  writeTimeView(params, time);
  return params.size === 0 ? path : `${path}?${params}`;
}
