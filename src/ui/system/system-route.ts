/** What the page of Clew's own state shows, and how its address says so. */

/** Nothing but how times are shown. */
export interface SystemQuery {
  readonly utc: boolean;
}

/** What the query of an address asks for. */
export function readSystemQuery(params: URLSearchParams): SystemQuery {
  return { utc: params.get("time") === "utc" };
}

/** The address that shows `query`. */
export function systemHref({ utc = false }: Partial<SystemQuery> = {}): string {
  return utc ? "/system?time=utc" : "/system";
}
