/** The URL is the page's state: this file is its grammar, both ways. */
import { readTraceQuery, type TraceQuery } from "./trace/trace-query.ts";
import { readTraceId } from "./trace-id.ts";

/** What the list of traces shows. */
export interface TracesQuery {
  /** A service every trace listed must have a span of; "" for any. */
  readonly service: string;
  readonly sinceSeconds: number;
  readonly limit: number;
  /** Whether the list refreshes by itself. */
  readonly live: boolean;
}

/** What an address of the page asks for. */
export type Route =
  | ({ readonly kind: "traces" } & TracesQuery)
  | ({ readonly kind: "trace" } & TraceQuery)
  | { readonly kind: "wrongTraceId"; readonly typed: string; readonly message: string }
  | { readonly kind: "unknown"; readonly path: string };

/** The most traces the API lists at once. */
export const MAX_TRACES = 1000;

/** The windows of time offered, in seconds. */
export const timeWindows: readonly (readonly [seconds: number, name: string])[] = [
  [900, "15 min"],
  [3600, "1 h"],
  [21_600, "6 h"],
  [86_400, "24 h"],
];

/** The list as it is when nothing was chosen. */
export const anyTraces: TracesQuery = { service: "", sinceSeconds: 3600, limit: 50, live: true };

/** What `url` asks for. Whatever is wrong in the query falls back to its default. */
export function readRoute(url: URL): Route {
  const path = url.pathname.replace(/\/+$/, "") || "/";
  if (path === "/") return { kind: "traces", ...readTracesQuery(url.searchParams) };
  const typed = /^\/trace\/([^/]+)$/.exec(path)?.[1];
  if (typed === undefined) return { kind: "unknown", path };
  const read = readTraceId(plainText(typed));
  if (read.kind === "wrong") {
    return { kind: "wrongTraceId", typed: plainText(typed), message: read.message };
  }
  return { kind: "trace", ...readTraceQuery(read.traceId, url.searchParams) };
}

function plainText(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function readTracesQuery(params: URLSearchParams): TracesQuery {
  return {
    service: params.get("service") ?? anyTraces.service,
    sinceSeconds: wholeNumber(params.get("since"), 1, 10 * 365 * 86_400) ?? anyTraces.sinceSeconds,
    limit: wholeNumber(params.get("limit"), 1, MAX_TRACES) ?? anyTraces.limit,
    live: params.get("live") !== "off",
  };
}

function wholeNumber(text: string | null, least: number, most: number): number | undefined {
  if (text === null || !/^\d{1,12}$/.test(text)) return undefined;
  return Math.min(Math.max(Number(text), least), most);
}

/** The address of the list; only what differs from the defaults is spelled out. */
export function tracesHref(query: Partial<TracesQuery>): string {
  const { service, sinceSeconds, limit, live } = { ...anyTraces, ...query };
  const params = new URLSearchParams();
  if (service !== "") params.set("service", service);
  if (sinceSeconds !== anyTraces.sinceSeconds) params.set("since", `${sinceSeconds}`);
  if (limit !== anyTraces.limit) params.set("limit", `${limit}`);
  if (!live) params.set("live", "off");
  return withParams("/", params);
}

function withParams(path: string, params: URLSearchParams): string {
  return params.size === 0 ? path : `${path}?${params}`;
}
