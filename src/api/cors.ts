/** Cross-origin requests: lets pages of chosen origins send to a door from the browser. */
import type { OutgoingHttpHeaders } from "node:http";
import { withHeaders } from "./http.ts";
import type { Handler, HttpRequest } from "./http.ts";

interface CorsOptions {
  /** Origins as browsers send them, "https://shop.example:8443"; "*" stands for every origin. */
  readonly origins: readonly string[];
  /** What pages may do besides simple requests, in capitals. */
  readonly methods: readonly string[];
  /** Answer headers that pages may read besides the simple ones. */
  readonly exposedHeaders: readonly string[];
}

// Browsers cap it: Chromium at 2 hours, Firefox at 24.
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

/**
 * `handler`, with preflights answered here and the CORS headers on all other answers. An origin
 * that is not allowed gets its answer without them, which its browser then withholds.
 *
 * An origin that is listed by name may send credentials, because `navigator.sendBeacon` always
 * does; with "*" that is not possible (Fetch Standard, "CORS protocol and credentials").
 */
export function withCors(handler: Handler, options: CorsOptions): Handler {
  return async (request) => {
    const { origin } = request.headers;
    const allowed = origin === undefined ? {} : allowOrigin(origin, options);
    if (isPreflight(request)) {
      return { status: 204, headers: { ...allowed, ...answerPreflight(request, options) } };
    }
    const exposed =
      origin === undefined || options.exposedHeaders.length === 0
        ? {}
        : { "access-control-expose-headers": options.exposedHeaders.join(", ") };
    const answer = await handler(request);
    return withHeaders(answer, { ...allowed, ...exposed, vary: "origin" });
  };
}

function isPreflight({ method, headers }: HttpRequest): boolean {
  const asks = headers["access-control-request-method"] !== undefined;
  return method === "OPTIONS" && headers.origin !== undefined && asks;
}

function allowOrigin(origin: string, { origins }: CorsOptions): OutgoingHttpHeaders {
  if (origins.includes(origin)) {
    return {
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
    };
  }
  return origins.includes("*") ? { "access-control-allow-origin": "*" } : {};
}

function answerPreflight({ headers }: HttpRequest, { methods }: CorsOptions): OutgoingHttpHeaders {
  const asked = headers["access-control-request-headers"];
  return {
    "access-control-allow-methods": methods.join(", "),
    // Senders choose their headers (tenants, tokens), so whatever is asked for is allowed.
    ...(asked === undefined ? {} : { "access-control-allow-headers": asked }),
    "access-control-max-age": String(PREFLIGHT_MAX_AGE_SECONDS),
    vary: "origin, access-control-request-headers",
  };
}
