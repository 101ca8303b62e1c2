/** What Explore shows, and how its address says so: the part of the URL's grammar that is its own. */
import { quoteString } from "../../traceql/strings.ts";
import {
  lastHour,
  readTimeView,
  type TimeView,
  wholeNumber,
  writeTimeView,
} from "../time-choice.ts";

/** What was dragged on the heatmap: spans that start in [from, to) and take (over, upTo]. */
export interface Box {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly overNano: number;
  readonly upToNano: number;
}

/** By what the figures are broken down: "" for not at all, "service", "operation", or a field as TraceQL has
 * it, like `span.http.route`. */
export type Grouping = string;

const MOST_GROUPING = 200;

/** A column that a table is sorted by: of traces, of groups, or of both. */
export const sortKeys = [
  ...(["start", "name", "duration", "spans", "errors"] as const),
  ...(["calls", "p50", "p95", "p99"] as const),
] as const;
export type SortKey = (typeof sortKeys)[number];

/** How the table is sorted; a key that the table shown does not have stands for its default. */
export interface Sorting {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** What Explore shows. */
export interface ExploreQuery extends TimeView {
  /** TraceQL; "" for everything. */
  readonly q: string;
  /** Whether figures are of all spans rather than of requests (kinds server and consumer). */
  readonly allSpans: boolean;
  readonly by: Grouping;
  readonly box: Box | undefined;
  /** Whether the spans of the box or of the query are compared with the others. */
  readonly compare: boolean;
  readonly sorting: Sorting;
  readonly limit: number;
  /** Whether the page refreshes by itself. */
  readonly live: boolean;
}

/** The most traces the API lists at once. */
export const MAX_TRACES = 1000;

/** Explore as it is when nothing was chosen. */
export const everything: ExploreQuery = {
  ...lastHour,
  q: "",
  allSpans: false,
  by: "",
  box: undefined,
  compare: false,
  sorting: { key: "start", descending: true },
  limit: 50,
  live: true,
};

/** What the query of an address asks for. What is wrong in it falls back to its default. `service=` is
 * short for a condition. */
export function readExploreQuery(params: URLSearchParams): ExploreQuery {
  const service = params.get("service") ?? "";
  const condition = service === "" ? "" : `{ resource.service.name = ${quoteString(service)} }`;
  const by = params.get("by")?.trim() ?? "";
  return {
    ...readTimeView(params),
    q: params.get("q")?.trim() || condition,
    allSpans: params.get("spans") === "all",
    by: by.length <= MOST_GROUPING ? by : "",
    box: readBox(params.get("box")),
    compare: params.get("compare") === "1",
    sorting: readSorting(params.get("sort") ?? ""),
    limit: wholeNumber(params.get("limit"), 1, MAX_TRACES) ?? everything.limit,
    live: params.get("live") !== "off",
  };
}

function readBox(text: string | null): Box | undefined {
  const numbers = (text ?? "").split(".").map((part) => wholeNumber(part, 0, 2 ** 53 - 1));
  const [fromSeconds, toSeconds, overNano, upToNano] = numbers;
  if (numbers.length !== 4 || fromSeconds === undefined || toSeconds === undefined)
    return undefined;
  if (overNano === undefined || upToNano === undefined) return undefined;
  if (fromSeconds >= toSeconds || overNano >= upToNano) return undefined;
  return { fromSeconds, toSeconds, overNano, upToNano };
}

function readSorting(text: string): Sorting {
  const descending = text.startsWith("-");
  const key = sortKeys.find((name) => name === text.slice(descending ? 1 : 0));
  return key === undefined ? everything.sorting : { key, descending };
}

/** The address that shows `query`; only what differs from the defaults is spelled out. */
export function exploreHref(query: Partial<ExploreQuery>): string {
  const { q, time, utc, allSpans, by, box, compare, sorting, limit, live } = {
    ...everything,
    ...query,
  };
  const params = new URLSearchParams();
  if (q !== "") params.set("q", q);
  writeTimeView(params, { time, utc });
  if (allSpans) params.set("spans", "all");
  if (by !== "") params.set("by", by);
  if (box !== undefined) {
    const { fromSeconds, toSeconds, overNano, upToNano } = box;
    params.set("box", [fromSeconds, toSeconds, overNano, upToNano].join("."));
  }
  if (compare) params.set("compare", "1");
  const sort = `${sorting.descending ? "-" : ""}${sorting.key}`;
  if (sort !== "-start") params.set("sort", sort);
  if (limit !== everything.limit) params.set("limit", `${limit}`);
  if (!live) params.set("live", "off");
  return params.size === 0 ? "/" : `/?${params}`;
}
