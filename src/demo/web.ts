/** How the shop's services speak HTTP: a small server with routes, and two clients, of which one
 * uses fetch and the other node:http, so that both kinds of spans are seen. JSON bodies throughout. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { trace } from "@opentelemetry/api";
import { http } from "./tracing.ts";

const MAX_BODY_BYTES = 64 * 1024;
/** Longer than any simulated delay, shorter than the patience of someone who waits. */
const CALL_TIMEOUT_MS = 8_000;

/** An answer that is not a success, thrown by a handler or by a client that got it. */
export class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
  }
}

/** What a handler sees of a request. */
export interface Request {
  /** What stood in the place of `:name` in the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** The parsed body; undefined if there was none. */
  readonly body: unknown;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Handlers by route: a method and a path whose segments may be `:names`, as "GET /carts/:user". */
export type Routes = Readonly<Record<string, (request: Request) => Promise<Answer>>>;

/** A listening server. Closing it lets the requests under way finish. */
export interface WebServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the routes, and `/health`, on a free loopback port. */
export async function serve(routes: Routes): Promise<WebServer> {
  const matchers = Object.entries(routes).map(([route, handle]) => {
    const [method = "", path = ""] = route.split(" ");
    const pattern = path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)");
    return { method, path, pattern: new RegExp(`^${pattern}$`), handle };
  });

  async function answer(message: IncomingMessage): Promise<Answer> {
    const url = new URL(message.url ?? "/", "http://shop");
    if (url.pathname === "/health") return { status: 200, body: { healthy: true } };
    for (const { method, path, pattern, handle } of matchers) {
      const match = method === message.method ? pattern.exec(url.pathname) : null;
      if (match === null) continue;
      nameSpan(method, path);
      const params = Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]),
      );
      const { searchParams: query } = url;
      return handle({ params, query, headers: message.headers, body: await readBody(message) });
    }
    throw new HttpError(404, `nothing at ${message.method} ${url.pathname}`);
  }

  let closing = false;
  const server = http.createServer((message, response) => {
    answer(message)
      .catch(answerTo)
      .then((result) => write(response, result, !closing))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        closing = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

/** What a web framework's instrumentation does: tells the server's span which route was taken. */
function nameSpan(method: string, route: string): void {
  trace.getActiveSpan()?.setAttribute("http.route", route).updateName(`${method} ${route}`);
}

/** The answer to a request whose handler threw. What is the service's own failure is recorded. */
function answerTo(error: unknown): Answer {
  const status = error instanceof HttpError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  if (status >= 500) {
    trace.getActiveSpan()?.recordException(error instanceof Error ? error : message);
  }
  return { status, body: { error: message } };
}

function write(response: ServerResponse, { status, body }: Answer, keepAlive: boolean): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": bytes.length,
    // A connection that stays open would keep the server from closing.
    ...(keepAlive ? {} : { connection: "close" }),
  });
  response.end(bytes);
}

async function readBody(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new HttpError(413, `body over ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString(), 400);
}

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly port: number;
  readonly path: string;
  readonly body?: unknown;
}

/** Calls a service by fetch; the parsed body of its answer. Throws HttpError for status 400 and up,
 * 504 if there is no answer in time, 503 if there is none at all. */
export async function callByFetch<Body>({ method, port, path, body }: Call): Promise<Body> {
  const sent =
    body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  try {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, signal, ...sent });
    return bodyOf(response.status, await response.text()) as Body;
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
    // fetch itself only says "fetch failed".
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const message = `no answer from ${path}: ${reason instanceof Error ? reason.message : "unknown"}`;
    throw new HttpError(timedOut ? 504 : 503, message, { cause });
  }
}

const agent = new http.Agent({ keepAlive: true });

/** The same by way of node:http; without an answer it throws that module's own error, or 504. */
export async function callByHttp<Body>({ method, port, path, body }: Call): Promise<Body> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const [status, text] = await new Promise<[number, string]>((resolve, reject) => {
    const request = http.request(
      { agent, host: "127.0.0.1", port, path, method, timeout: CALL_TIMEOUT_MS },
      (response) => {
        let received = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (received += chunk));
        response.on("end", () => resolve([response.statusCode ?? 0, received]));
        response.on("error", reject);
      },
    );
    request.on("timeout", () => request.destroy(new HttpError(504, `no answer from ${path}`)));
    request.on("error", reject);
    if (sent !== undefined) request.setHeader("content-type", "application/json");
    request.end(sent);
  });
  return bodyOf(status, text) as Body;
}

function bodyOf(status: number, text: string): unknown {
  const body = parseJson(text, 502);
  if (status < 400) return body;
  const told = body as { readonly error?: string } | undefined;
  throw new HttpError(status, told?.error ?? `status ${status}`);
}

function parseJson(text: string, statusIfNot: number): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new HttpError(statusIfNot, `not JSON: ${text.slice(0, 80)}`, { cause });
  }
}
