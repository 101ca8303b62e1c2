/** What the page of one trace shows, as it stands in the address. */

/** The ways to look at a trace, in the order of their keys from 1 on. */
export const traceViews = ["waterfall"] as const;
/** One of `traceViews`. */
export type TraceViewName = (typeof traceViews)[number];

/** See the top of this file. */
export interface TraceQuery {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** A moment of the trace in seconds since 1970, which makes it quicker to find. */
  readonly atSeconds?: number | undefined;
  /** The chosen span, as `spanKey` in view.ts makes it; "" for none. */
  readonly span: string;
  /** Whether times are shown in UTC rather than in the reader's zone. */
  readonly utc: boolean;
  readonly view: TraceViewName;
  /** The stretch of time shown, in nanoseconds since the trace's start; all of it if left out. */
  readonly zoom?: { readonly from: number; readonly to: number } | undefined;
  /** Nothing but the trace, for a frame in another page. */
  readonly embed: boolean;
}

/** The query that an address has for a trace; whatever is wrong in it falls back to its default. */
export function readTraceQuery(traceId: string, params: URLSearchParams): TraceQuery {
  const at = /^\d{1,10}$/.exec(params.get("at") ?? "")?.[0];
  const zoom = /^(\d{1,16})-(\d{1,16})$/.exec(params.get("zoom") ?? "");
  return {
    traceId,
    atSeconds: at === undefined ? undefined : Number(at),
    span: params.get("span") ?? "",
    utc: params.get("time") === "utc",
    view: traceViews.find((view) => view === params.get("view")) ?? "waterfall",
    zoom: zoom === null ? undefined : { from: Number(zoom[1]), to: Number(zoom[2]) },
    embed: params.get("embed") === "1",
  };
}

/** The address of a trace; only what differs from the defaults is spelled out. */
export function traceHref(query: Pick<TraceQuery, "traceId"> & Partial<TraceQuery>): string {
  const { traceId, atSeconds, span = "", utc = false, view, zoom, embed = false } = query;
  const params = new URLSearchParams();
  if (atSeconds !== undefined) params.set("at", `${atSeconds}`);
  if (view !== undefined && view !== "waterfall") params.set("view", view);
  if (zoom !== undefined) params.set("zoom", `${Math.round(zoom.from)}-${Math.round(zoom.to)}`);
  if (span !== "") params.set("span", span);
  if (utc) params.set("time", "utc");
  if (embed) params.set("embed", "1");
  return params.size === 0 ? `/trace/${traceId}` : `/trace/${traceId}?${params}`;
}
