/** The URL is the page's state: this file is its grammar, both ways. */
import { type ExploreQuery, readExploreQuery } from "./explore/explore-route.ts";
import { readTraceQuery, type TraceQuery } from "./trace/trace-query.ts";
import { readTraceId } from "./trace-id.ts";

/** What an address of the page asks for. */
export type Route =
  | ({ readonly kind: "explore" } & ExploreQuery)
  | ({ readonly kind: "trace" } & TraceQuery)
  | { readonly kind: "wrongTraceId"; readonly typed: string; readonly message: string }
  | { readonly kind: "unknown"; readonly path: string };

/** What `url` asks for. Whatever is wrong in the query falls back to its default. */
export function readRoute(url: URL): Route {
  const path = url.pathname.replace(/\/+$/, "") || "/";
  if (path === "/") return { kind: "explore", ...readExploreQuery(url.searchParams) };
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
