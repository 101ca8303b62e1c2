/**
 * How all our HTTP doors look at a request and an answer, and the router they share.
 * `listen` in http-listener.ts serves a Handler on a port.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Lease } from "../base/memory-budget.ts";
import { httpStatus, toFailure } from "./status.ts";
import type { Failure } from "./status.ts";

/** A request as handlers see it. */
export interface HttpRequest {
  /** As sent, so "HEAD" for a HEAD request although a GET route answers it. */
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. */
  readonly path: string;
  /** What the route's pattern named, percent-decoded; empty outside a route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client is gone before its answer is out. */
  readonly signal: AbortSignal;
  /** The whole body, decompressed. Throws the Faults of `readBody`. */
  readonly body: () => Promise<Uint8Array>;
  /** Holds the body's memory until the answer is out, or whoever it is handed on to lets go. */
  readonly memory: Lease;
}

/** An answer, not yet sent. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: OutgoingHttpHeaders;
  /** A stream is destroyed when the client goes away. Strings are UTF-8. */
  readonly body?: string | Uint8Array | Readable;
}

/** Answers a request. It may throw or reject only if something above it catches. */
export type Handler = (request: HttpRequest) => Promise<HttpResponse> | HttpResponse;

/** A method and paths, and who answers them. */
export interface Route {
  /**
   * In capitals. "GET" answers HEAD too, "*" any method on paths that no route before it knows:
   * those are told which methods there are.
   */
  readonly method: string;
  /**
   * Literal segments, `:name` for any one non-empty segment, and at the end `*name` for the rest
   * of the path, slashes included (possibly nothing). A rest with a "." or ".." segment, a
   * backslash, an encoded slash or a NUL in it never matches, so it cannot climb out of a folder.
   * `+name` is the rest whatever is in it, for what is no folder; there has to be something.
   */
  readonly pattern: string;
  readonly handler: Handler;
}

/** A failure with the HTTP status it is told by; 405 is the one status that no code stands for. */
export interface HttpFailure extends Failure {
  readonly status: number;
}

interface RouterOptions {
  /** The first one that fits answers. */
  readonly routes: readonly Route[];
  /**
   * Words a failure in the dialect of the door, or of the path; `failure.status` is the status to
   * use. The router adds Retry-After and Allow to what this returns.
   */
  readonly answerFailure: (failure: HttpFailure, request: HttpRequest) => HttpResponse;
  readonly logger: Logger;
}

/** For the record; there is nobody to read it. */
const CLIENT_GONE = 499;

/**
 * A handler that never fails: this is the edge where everything thrown in a route becomes an answer.
 * An unknown path is a failure "notFound", a known path with another method an "unsupported"
 * with status 405.
 */
export function createRouter({ routes, answerFailure, logger }: RouterOptions): Handler {
  const compiled = routes.map((route) => ({ ...route, segments: route.pattern.split("/") }));
  const failed = (error: unknown, request: HttpRequest): HttpResponse => {
    const { signal } = request;
    if (signal.aborted && error === signal.reason) return { status: CLIENT_GONE };
    const failure = toFailure(error, logger, `${request.method} ${request.path}`);
    const answer = answerFailure({ ...failure, status: httpStatus[failure.code] }, request);
    const { retryAfterSeconds } = failure;
    if (retryAfterSeconds === undefined) return answer;
    return withHeaders(answer, { "retry-after": String(retryAfterSeconds) });
  };
  return async (request) => {
    try {
      const found = findRoute(compiled, request);
      if (found.kind === "route") {
        return await found.handler({ ...request, params: found.params });
      }
      const message = `${request.path} does not take ${request.method}, only ${found.allow}`;
      const failure = { code: "unsupported", message, status: 405 } as const;
      return withHeaders(answerFailure(failure, request), { allow: found.allow });
    } catch (error) {
      return failed(error, request);
    }
  };
}

/** The answer with headers added, those it has already being replaced. */
export function withHeaders(answer: HttpResponse, headers: OutgoingHttpHeaders): HttpResponse {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

interface CompiledRoute extends Route {
  readonly segments: readonly string[];
}

type Found =
  | {
      readonly kind: "route";
      readonly handler: Handler;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: "otherMethods"; readonly allow: string };

function findRoute(routes: readonly CompiledRoute[], { method, path }: HttpRequest): Found {
  const segments = path.split("/");
  const allowed = new Set<string>();
  for (const route of routes) {
    const params = matchSegments(route.segments, segments);
    if (params === undefined) continue;
    const sameMethod = route.method === (method === "HEAD" ? "GET" : method);
    const takesAny = route.method === "*" && allowed.size === 0;
    if (sameMethod || takesAny || route.method === method) {
      return { kind: "route", handler: route.handler, params };
    }
    if (route.method !== "*") allowed.add(route.method);
    if (route.method === "GET") allowed.add("HEAD");
  }
  if (allowed.size === 0) throw new Fault("notFound", `there is nothing at ${path}`);
  return { kind: "otherMethods", allow: [...allowed].join(", ") };
}

/** The decoded parameters if the path fits the pattern; Fault "invalid" for a bad escape in one. */
function matchSegments(
  pattern: readonly string[],
  path: readonly string[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const actual = path[i];
    if (expected.startsWith("*")) {
      const rest = path.slice(i).map(decodeSegment);
      if (rest.some(isUnsafe)) return undefined;
      params[expected.slice(1)] = rest.join("/");
      return params;
    }
    if (actual === undefined) return undefined;
    if (expected.startsWith("+")) {
      const rest = decodeSegment(path.slice(i).join("/"));
      if (rest === "") return undefined;
      params[expected.slice(1)] = rest;
      return params;
    }
    if (expected.startsWith(":")) {
      if (actual === "") return undefined;
      params[expected.slice(1)] = decodeSegment(actual);
    } else if (actual !== expected) return undefined;
  }
  return pattern.length === path.length ? params : undefined;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw new Fault("invalid", `"${segment}" in the path is not percent-encoded UTF-8`, {
      cause: error,
    });
  }
}

function isUnsafe(segment: string): boolean {
  return segment === "." || segment === ".." || /[/\\\0]/.test(segment);
}
