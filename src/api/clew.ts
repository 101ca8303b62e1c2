/** Clew's own API, `/api/clew/v1`: see `contract.ts` for what is asked and answered. */
import { Fault } from "../base/fault.ts";
import { clewVersion } from "../base/version.ts";
import { traceOfColumns } from "../model/trace-of-columns.ts";
import type { TimeRange } from "../query/red.ts";
import type { Queries } from "../query/traces.ts";
import type { StoredTrace } from "../store/read-trace.ts";
import { encodeTracesData } from "../wire/otlp/encode.ts";
import { tracesData } from "../wire/otlp/messages.ts";
import { protoToJson } from "../wire/proto-json.ts";
import {
  apiBase,
  type ErrorAnswer,
  type StatusAnswer,
  type TraceAnswer,
  type TracesAnswer,
} from "./contract.ts";
import type { HttpFailure, HttpRequest, HttpResponse, Route } from "./http.ts";
import { frameRoutes } from "./trace-frames.ts";
import type { QueriesOf } from "./tenancy.ts";
import { parseTraceId } from "./trace-id.ts";

interface ClewApiOptions {
  readonly queriesOf: QueriesOf;
  /** The ports that OTLP is taken on, the spans taken so far, and what is wrong. */
  readonly status: () => Promise<Pick<StatusAnswer, "otlp" | "spansReceived" | "trouble">>;
}

/** The routes of Clew's own API. */
export function clewRoutes({ queriesOf, status }: ClewApiOptions): Route[] {
  return [
    {
      method: "GET",
      pattern: `${apiBase}/traces`,
      handler: async (request) => json(await traces(queriesOf(request), request.query)),
    },
    {
      method: "GET",
      pattern: `${apiBase}/traces/:id`,
      handler: async (request) => {
        const { columns, truncated } = await knownTrace(queriesOf(request), request);
        const trace = traceOfColumns(columns);
        const answer: TraceAnswer = truncated ? { ...trace, isPartial: true } : trace;
        return json(answer);
      },
    },
    {
      method: "GET",
      pattern: `${apiBase}/traces/:id/otlp`,
      handler: async (request) => {
        const { columns } = await knownTrace(queriesOf(request), request);
        const answer = json(protoToJson(encodeTracesData(columns), tracesData, "otlp"));
        const file = `attachment; filename="trace-${parseTraceId(request.params["id"]!)}.json"`;
        return { ...answer, headers: { ...answer.headers, "content-disposition": file } };
      },
    },
    ...frameRoutes(queriesOf),
    {
      method: "GET",
      pattern: `${apiBase}/status`,
      handler: async (request) => {
        const now = await status();
        // A store in trouble is not asked: it may take long, and it is not the day for a welcome.
        const knowsSpans = now.trouble.length > 0 || (await hasSpans(queriesOf, request));
        const answer: StatusAnswer = { version: clewVersion, ...now, hasSpans: knowsSpans };
        return json(answer);
      },
    },
  ];
}

/** Whether the tenant that asks has spans; who does not say which one it is, is not welcomed. */
async function hasSpans(queriesOf: QueriesOf, request: HttpRequest): Promise<boolean> {
  try {
    return await queriesOf(request).hasSpans();
  } catch (error) {
    if (error instanceof Fault && error.code === "unauthenticated") return true;
    throw error;
  }
}

/** A failure of Clew's own API. */
export function clewFailure({ code, message, status }: HttpFailure): HttpResponse {
  const answer: ErrorAnswer = { error: { code, message } };
  return { ...json(answer), status };
}

function json(value: unknown): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

async function knownTrace(queries: Queries, { params }: HttpRequest): Promise<StoredTrace> {
  const traceId = parseTraceId(params["id"] ?? "");
  const trace = await queries.trace({ traceId });
  if (trace.columns.length > 0) return trace;
  throw new Fault("notFound", `no span of trace ${traceId} is stored`);
}

const DEFAULT_LIMIT = 50;
const HIGHEST_LIMIT = 1000;
const DEFAULT_SINCE_SECONDS = 3600;
const HIGHEST_SECONDS = 2 ** 32 - 2 * 86_400; // what a DateTime holds, less a step
const HIGHEST_SINCE_SECONDS = 10 * 365 * 86_400;

async function traces(queries: Queries, query: URLSearchParams): Promise<TracesAnswer> {
  const limit = whole(query, "limit", { byDefault: DEFAULT_LIMIT, highest: HIGHEST_LIMIT });
  const range = rangeOf(query);
  const service = query.get("service") ?? "";
  const [found, services] = await Promise.all([
    queries.traces({ limit, range, ...(service === "" ? {} : { service }) }),
    queries.services(range),
  ]);
  return { traces: found, services };
}

function rangeOf(query: URLSearchParams): TimeRange {
  const since = { byDefault: DEFAULT_SINCE_SECONDS, highest: HIGHEST_SINCE_SECONDS };
  if (!query.get("start") && !query.get("end")) {
    return { kind: "since", seconds: whole(query, "since", since) };
  }
  if (query.get("since")) throw new Fault("invalid", "since cannot be with start or end");
  const [fromSeconds, toSeconds] = (["start", "end"] as const).map((name) => {
    if (!query.get(name)) throw new Fault("invalid", `start and end go together: no ${name}`);
    return whole(query, name, { byDefault: 0, highest: HIGHEST_SECONDS });
  }) as [number, number];
  return { kind: "between", fromSeconds, toSeconds };
}

function whole(
  query: URLSearchParams,
  name: string,
  { byDefault, highest }: { readonly byDefault: number; readonly highest: number },
): number {
  const text = query.get(name) ?? "";
  if (text === "") return byDefault;
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= 1 && value <= highest) return value;
  const problem = `${JSON.stringify(text)} is not a whole number from 1 to ${highest}`;
  throw new Fault("invalid", `${name}: ${problem}`);
}
