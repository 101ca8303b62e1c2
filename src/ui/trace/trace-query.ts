/** What the page of one trace shows, as it stands in the address. */

/** The ways to look at a trace, in the order of their keys from 1 on. */
export const traceViews = [
  "waterfall",
  "flame",
  "merged",
  "map",
  "table",
  "statistics",
  "logs",
  "compare",
] as const;
/** One of `traceViews`. */
export type TraceViewName = (typeof traceViews)[number];

/** The page of the file that is open. */
export const filePath = "/file";

/** See the top of this file. */
export interface TraceQuery {
  /** 32 lower-case hex digits; of a file also "", which stands for its largest. */
  readonly traceId: string;
  /** Whether it is in the file that is open, rather than stored. */
  readonly inFile: boolean;
  /** A moment of the trace in seconds since 1970, which makes it quicker to find. */
  readonly atSeconds?: number | undefined;
  /** The chosen span, as `spanKey` in view.ts makes it; "" for none. */
  readonly span: string;
  /** Whether times are shown in UTC rather than in the reader's zone. */
  readonly utc: boolean;
  readonly view: TraceViewName;
  /** The stretch of time shown, in nanoseconds since the trace's start; all of it if left out. */
  readonly zoom?: { readonly from: number; readonly to: number } | undefined;
  /** What is looked for in names; "" for nothing. */
  readonly find: string;
  /** The spans that are picked out, in TraceQL; "" for all. */
  readonly filter: string;
  /** Whether only these show, and what they are in; else the others are dimmed. */
  readonly only: boolean;
  /** What colours mean: "service", "name", "kind", "status" or an attribute as `span.<key>`. */
  readonly colour: string;
  /** What is folded away: rules as fold-rules.ts reads them; "" for none. */
  readonly fold: string;
  /** The trace that this one is compared with, 32 lower-case hex digits; "" for none. */
  readonly compare: string;
  /** The span whose subtree alone shows, named as `span` is; "" for none. */
  readonly root: string;
  /** Whether what led to no error is dimmed, the critical path is marked, equal siblings are one row,
   * clocks are corrected, time in which nothing runs is cut short (in the waterfall). */
  readonly errors: boolean;
  readonly path: boolean;
  readonly group: boolean;
  readonly clocks: boolean;
  readonly gaps: boolean;
  /** Nothing but the trace, for a frame in another page. */
  readonly embed: boolean;
}

/** The query that an address has for a trace; whatever is wrong in it falls back to its default. */
export function readTraceQuery(
  traceId: string,
  params: URLSearchParams,
  inFile = false,
): TraceQuery {
  const at = /^\d{1,10}$/.exec(params.get("at") ?? "")?.[0];
  const zoom = /^(\d{1,16})-(\d{1,16})$/.exec(params.get("zoom") ?? "");
  const text = (name: string): string => params.get(name) ?? "";
  const isSet = (name: string): boolean => params.get(name) === "1";
  return {
    traceId,
    inFile,
    atSeconds: at === undefined ? undefined : Number(at),
    span: text("span"),
    utc: params.get("time") === "utc",
    view: traceViews.find((view) => view === params.get("view")) ?? "waterfall",
    zoom: zoom === null ? undefined : { from: Number(zoom[1]), to: Number(zoom[2]) },
    find: text("find"),
    filter: text("filter"),
    only: isSet("only"),
    colour: text("colour") || "service",
    fold: text("fold"),
    compare: /^[0-9a-f]{32}$/.exec(text("compare"))?.[0] ?? "",
    root: text("root"),
    errors: isSet("errors"),
    path: isSet("path"),
    group: isSet("group"),
    clocks: isSet("clocks"),
    gaps: isSet("gaps"),
    embed: isSet("embed"),
  };
}

/** The address of a trace; only what differs from the defaults is spelled out. */
export function traceHref(query: Pick<TraceQuery, "traceId"> & Partial<TraceQuery>): string {
  const {
    traceId,
    inFile = false,
    atSeconds,
    view = "waterfall",
    zoom,
    colour = "service",
  } = query;
  const params = new URLSearchParams();
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") params.set(name, value);
  };
  set("trace", inFile ? traceId : "");
  set("at", atSeconds?.toString());
  set("view", view === "waterfall" ? "" : view);
  set("zoom", zoom && `${Math.round(zoom.from)}-${Math.round(zoom.to)}`);
  set("find", query.find);
  set("filter", query.filter);
  set("colour", colour === "service" ? "" : colour);
  set("fold", query.fold);
  set("compare", query.compare);
  set("root", query.root);
  set("span", query.span);
  set("time", query.utc === true ? "utc" : "");
  for (const name of ["only", "errors", "path", "group", "clocks", "gaps", "embed"] as const) {
    set(name, query[name] === true ? "1" : "");
  }
  const path = inFile ? filePath : `/trace/${traceId}`;
  return params.size === 0 ? path : `${path}?${params}`;
}
