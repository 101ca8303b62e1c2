/** Clew's own API, asked from the page. */
import type {
  apiBase,
  ErrorAnswer,
  QueryProblem,
  RedHeatmapAnswer,
  StatusAnswer,
  TraceAnswer,
  TraceKeysAnswer,
  TracesAnswer,
} from "../api/contract.ts";
import type { TimeChoice } from "./time-choice.ts";

// The page takes only types from the API's room: this one does not compile if it is not the same.
const base: typeof apiBase = "/api/clew/v1";

/** What came of a question to Clew. */
export type Answer<T> =
  | { readonly kind: "ok"; readonly value: T }
  | Failure
  /** Nobody waits for it any more. */
  | { readonly kind: "aborted" };

/** No answer, or one that says what is wrong. */
export interface Failure {
  readonly kind: "failed";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** A sentence for the reader, as the server gave it where it gave one. */
  readonly message: string;
  /** Of a query that cannot be asked: what is wrong with it, and where. */
  readonly problems?: readonly QueryProblem[] | undefined;
}

/** What Clew says of itself. */
export function askStatus(signal: AbortSignal): Promise<Answer<StatusAnswer>> {
  return ask("/status", signal);
}

/** Which traces are listed. */
export interface TracesAsked {
  /** A service that they must have a span of; "" for any. */
  readonly service: string;
  readonly time: TimeChoice;
  readonly limit: number;
}

/** The newest traces of a time, perhaps only those of one service. */
export function askTraces(
  { service, time, limit }: TracesAsked,
  signal: AbortSignal,
): Promise<Answer<TracesAnswer>> {
  const params = timeParameters(time);
  params.set("limit", `${limit}`);
  if (service !== "") params.set("service", service);
  return ask(`/traces?${params}`, signal);
}

/** A whole trace as objects; status 404 if no span of it is known. */
export function askTrace(traceId: string, signal: AbortSignal): Promise<Answer<TraceAnswer>> {
  return ask(`/traces/${traceId}`, signal);
}

/** Which trace, and where in time to look for it. */
export interface TraceAddress {
  readonly traceId: string;
  /** A moment of it in seconds since 1970, if one is known. */
  readonly atSeconds?: number | undefined;
}

/** A trace as a stream of frames; status 404 if no span of it is known. */
export function fetchFrames(address: TraceAddress, signal: AbortSignal): Promise<Answer<Response>> {
  return request(tracePath(address, "columns"), signal);
}

/** Who has which value for one attribute, as a stream of frames. */
export function fetchValues(
  address: TraceAddress,
  { owner, key }: { readonly owner: string; readonly key: string },
  signal: AbortSignal,
): Promise<Answer<Response>> {
  return request(tracePath(address, `columns/${owner}`, { key }), signal);
}

/** The attributes that spans of a trace have. */
export function askKeys(
  address: TraceAddress,
  signal: AbortSignal,
): Promise<Answer<TraceKeysAnswer>> {
  return ask(tracePath(address, "keys"), signal);
}

/** Some spans of a trace with everything that is known of them. */
export function askSpans(
  address: TraceAddress,
  spanIds: readonly string[],
  signal: AbortSignal,
): Promise<Answer<TraceAnswer>> {
  return ask(tracePath(address, "spans", { ids: spanIds.join(",") }), signal);
}

function tracePath(
  { traceId, atSeconds }: TraceAddress,
  what: string,
  params: Record<string, string> = {},
): string {
  const at: Record<string, string> =
    atSeconds === undefined ? {} : { start: `${atSeconds}`, end: `${atSeconds}` };
  return `/traces/${traceId}/${what}?${new URLSearchParams({ ...at, ...params })}`;
}

/** A stretch of time as the API's questions have it. */
export function timeParameters(time: TimeChoice): URLSearchParams {
  return new URLSearchParams(
    time.kind === "since"
      ? { since: `${time.seconds}` }
      : { start: `${time.fromSeconds}`, end: `${time.toSeconds}` },
  );
}

/** How long the calls of one operation took, around a moment in seconds since 1970. */
export function askPeers(
  { service, name, atSeconds }: { service: string; name: string; atSeconds: number },
  signal: AbortSignal,
): Promise<Answer<RedHeatmapAnswer>> {
  const [start, end] = [atSeconds - PEERS_SECONDS, atSeconds + PEERS_SECONDS];
  const times = { start: `${Math.max(0, start)}`, end: `${end}` };
  return ask(`/red/heatmap?${new URLSearchParams({ service, name, ...times })}`, signal);
}

const PEERS_SECONDS = 1800;

/** Where a trace is downloaded from as OTLP/JSON. */
export function otlpHref(traceId: string): string {
  return `${base}/traces/${traceId}/otlp`;
}

/** The page that a trace is put into, for a file that needs no Clew. */
export async function fetchTemplate(signal: AbortSignal): Promise<Answer<string>> {
  const answer = await get("/trace-page.html", signal);
  return answer.kind === "ok" ? { kind: "ok", value: await answer.value.text() } : answer;
}

/** Asks Clew's own API: `path` is what comes after its base. */
export async function ask<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  return jsonOf<T>(await request(path, signal), signal);
}

/** Tells Clew's own API to do something, with a body of JSON if it takes one. */
export async function send<T>(
  method: "POST" | "DELETE",
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const json = body && { "content-type": "application/json" };
  const sent = { method, ...(body && { body: JSON.stringify(body) }) };
  return jsonOf<T>(await request(path, signal, json, sent), signal);
}

async function jsonOf<T>(answer: Answer<Response>, signal: AbortSignal): Promise<Answer<T>> {
  if (answer.kind !== "ok") return answer;
  try {
    return { kind: "ok", value: (await answer.value.json()) as T };
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    const reason = error instanceof SyntaxError ? "The answer was cut short." : "No answer came.";
    return { kind: "failed", status: 0, message: `${reason} Is Clew still running?` };
  }
}

/** The answer as it comes; see `ask`. */
export function request(
  path: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
  sent: Readonly<Pick<RequestInit, "method" | "body">> = {},
): Promise<Answer<Response>> {
  return get(base + path, signal, headers, sent);
}

async function get(
  url: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
  sent: Readonly<Pick<RequestInit, "method" | "body">> = {},
): Promise<Answer<Response>> {
  try {
    const response = await fetch(url, { ...sent, signal, headers });
    if (response.ok) return { kind: "ok", value: response };
    const error = readError(await response.text());
    const { status } = response;
    const unsaid = `Clew answered with status ${status} and no reason.`;
    return {
      kind: "failed",
      status,
      message: error?.message ?? unsaid,
      problems: error?.problems,
    };
  } catch {
    if (signal.aborted) return { kind: "aborted" };
    return { kind: "failed", status: 0, message: "No answer came. Is Clew still running?" };
  }
}

function readError(body: string): ErrorAnswer["error"] | undefined {
  try {
    return (JSON.parse(body) as Partial<ErrorAnswer>).error;
  } catch {
    return undefined;
  }
}
