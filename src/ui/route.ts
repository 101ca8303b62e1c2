/** The URL is the page's state: this file is its grammar, both ways. */
import { type ExploreQuery, readExploreQuery } from "./explore/explore-route.ts";
import { type MapQuery, readMapQuery } from "./map/map-route.ts";
import { readSamplingQuery, type SamplingQuery } from "./sampling/sampling-route.ts";
import {
  readServiceQuery,
  readServicesQuery,
  type ServiceQuery,
  type ServicesQuery,
} from "./services/services-route.ts";
import { readSystemQuery, type SystemQuery } from "./system/system-route.ts";
import { filePath, readTraceQuery, type TraceQuery } from "./trace/trace-query.ts";
import { readTraceId } from "./trace-id.ts";

/** What an address of the page asks for. */
export type Route =
  | ({ readonly kind: "explore" } & ExploreQuery)
  | ({ readonly kind: "services" } & ServicesQuery)
  | ({ readonly kind: "service" } & ServiceQuery)
  | ({ readonly kind: "map" } & MapQuery)
  | ({ readonly kind: "sampling" } & SamplingQuery)
  | ({ readonly kind: "system" } & SystemQuery)
  | ({ readonly kind: "trace" } & TraceQuery)
  | { readonly kind: "wrongTraceId"; readonly typed: string; readonly message: string }
  | { readonly kind: "unknown"; readonly path: string };

/** What `url` asks for. Whatever is wrong in the query falls back to its default. */
export function readRoute({ pathname, searchParams: params }: URL): Route {
  const path = pathname.replace(/\/+$/, "") || "/";
  if (path === "/") return { kind: "explore", ...readExploreQuery(params) };
  if (path === "/services") return { kind: "services", ...readServicesQuery(params) };
  if (path === "/map") return { kind: "map", ...readMapQuery(params) };
  if (path === "/sampling") return { kind: "sampling", ...readSamplingQuery(params) };
  if (path === "/system") return { kind: "system", ...readSystemQuery(params) };
  if (path === filePath) {
    const read = readTraceId(params.get("trace") ?? "");
    return {
      kind: "trace",
      ...readTraceQuery(read.kind === "ok" ? read.traceId : "", params, true),
    };
  }
  const [, page, name] = /^\/(trace|services)\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined) return { kind: "unknown", path };
  const typed = plainText(name);
  if (page === "services") return { kind: "service", ...readServiceQuery(typed, params) };
  const read = readTraceId(typed);
  if (read.kind === "wrong") return { kind: "wrongTraceId", typed, message: read.message };
  return { kind: "trace", ...readTraceQuery(read.traceId, params) };
}

function plainText(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
