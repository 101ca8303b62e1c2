/** What the pages of services show, and how their addresses say so. */
import { lastHour, readTimeView, type TimeView, writeTimeView } from "../time-choice.ts";

/** A column that a table of services or operations is sorted by. */
export const figureKeys = ["name", "calls", "errors", "p50", "p95", "p99"] as const;
export type FigureKey = (typeof figureKeys)[number];

/** How a table is sorted. */
export interface FigureSorting {
  readonly key: FigureKey;
  readonly descending: boolean;
}

/** The list of services. */
export interface ServicesQuery extends TimeView {
  /** What names have to have in them; "" for anything. */
  readonly find: string;
  readonly sorting: FigureSorting;
}

/** One service; `sorting` is that of its operations. */
export interface ServiceQuery extends TimeView {
  readonly name: string;
  readonly sorting: FigureSorting;
}

const busiestFirst: FigureSorting = { key: "calls", descending: true };

/** What the query of an address asks for; what is wrong in it falls back to its default. */
export function readServicesQuery(params: URLSearchParams): ServicesQuery {
  const { find, sorting } = { find: params.get("find") ?? "", sorting: readSorting(params) };
  return { ...readTimeView(params), find, sorting };
}

/** The same for the page of one service. */
export function readServiceQuery(name: string, params: URLSearchParams): ServiceQuery {
  return { ...readTimeView(params), name, sorting: readSorting(params) };
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
  const { name, ...rest } = { ...lastHour, sorting: busiestFirst, ...query };
  return href(`/services/${encodeURIComponent(name)}`, new URLSearchParams(), rest);
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
