/** Clew's own API, asked from the page. */
import type {
  apiBase,
  ErrorAnswer,
  StatusAnswer,
  TraceAnswer,
  TracesAnswer,
} from "../api/contract.ts";
import type { TracesQuery } from "./route.ts";

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
}

/** What Clew says of itself. */
export function askStatus(signal: AbortSignal): Promise<Answer<StatusAnswer>> {
  return ask("/status", signal);
}

/** The newest traces of a time, perhaps only those of one service. */
export function askTraces(
  { service, sinceSeconds, limit }: Omit<TracesQuery, "live">,
  signal: AbortSignal,
): Promise<Answer<TracesAnswer>> {
  const params = new URLSearchParams({ limit: `${limit}`, since: `${sinceSeconds}` });
  if (service !== "") params.set("service", service);
  return ask(`/traces?${params}`, signal);
}

/** A whole trace; status 404 if no span of it is known. */
export function askTrace(traceId: string, signal: AbortSignal): Promise<Answer<TraceAnswer>> {
  return ask(`/traces/${traceId}`, signal);
}

/** Where a trace is downloaded from as OTLP/JSON. */
export function otlpHref(traceId: string): string {
  return `${base}/traces/${traceId}/otlp`;
}

async function ask<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  try {
    const response = await fetch(base + path, { signal });
    if (response.ok) return { kind: "ok", value: (await response.json()) as T };
    const message = readError(await response.text());
    return {
      kind: "failed",
      status: response.status,
      message: message ?? `Clew answered with status ${response.status} and no reason.`,
    };
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    const reason = error instanceof SyntaxError ? "The answer was cut short." : "No answer came.";
    return { kind: "failed", status: 0, message: `${reason} Is Clew still running?` };
  }
}

function readError(body: string): string | undefined {
  try {
    return (JSON.parse(body) as Partial<ErrorAnswer>).error?.message;
  } catch {
    return undefined;
  }
}
