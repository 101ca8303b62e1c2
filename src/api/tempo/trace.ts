/** Traces by id, whole or filtered. */
import { Fault } from "../../base/fault.ts";
import { ProtoWriter } from "../../base/protobuf.ts";
import type { Span, Trace } from "../../model/trace.ts";
import { traceOfColumns } from "../../model/trace-of-columns.ts";
import { filterTrace, isRowOf, type TraceFilter } from "../../query/filter-trace.ts";
import type { Queries, TraceQuery } from "../../query/traces.ts";
import type { StoredTrace } from "../../store/read-trace.ts";
import type { LanguageOptions } from "../../traceql/check.ts";
import { encodeTracesData } from "../../wire/otlp/encode.ts";
import { protoToJson } from "../../wire/proto-json.ts";
import { llmTrace } from "../../wire/tempo/llm.ts";
import { batches, traceByIdResponse } from "../../wire/tempo/messages.ts";
import type { HttpRequest, HttpResponse } from "../http.ts";
import { parseTraceId } from "../trace-id.ts";
import { json, llm, plain, protobuf, wantedForm } from "./answers.ts";
import { booleanParameter, goInt, int64, integerParameter } from "./parameters.ts";
import { tempoQuery } from "./read-query.ts";

/** Answers `/api/traces/:id`: a bare trace. */
export async function traceV1(queries: Queries, request: HttpRequest): Promise<HttpResponse> {
  const { columns, truncated } = await queries.trace(traceQuery(request));
  if (columns.length === 0) return { status: 404 };
  if (truncated) return plain(422, `trace exceeds max size (max spans: ${columns.length})`);
  const trace = encodeTracesData(columns, { nameEmptyResources: true });
  if (wantedForm(request) === "protobuf") return protobuf(trace);
  return json(protoToJson(trace, batches, "proto3"));
}

/** Answers `/api/v2/traces/:id`: a trace, or what a filter leaves of it, in an envelope. */
export async function traceV2(
  queries: Queries,
  request: HttpRequest,
  language: LanguageOptions,
): Promise<HttpResponse> {
  const query = traceQuery(request);
  const filter = traceFilter(request.query, language);
  const stored = await queries.trace(query);
  const part = filter && stored.columns.length > 0 ? filtered(stored, filter) : undefined;
  const form = wantedForm(request);
  if (form === "llm") return llm(llmAnswer(stored, part));
  const answer = encodeAnswer(stored, part);
  return form === "protobuf"
    ? protobuf(answer)
    : json(protoToJson(answer, traceByIdResponse, "proto3"));
}

/** What a filter left of a trace. */
interface Part {
  readonly trace: Trace;
  readonly spans: ReadonlySet<Span>;
}

function filtered({ columns }: StoredTrace, filter: TraceFilter): Part {
  const trace = traceOfColumns(columns);
  return { trace, spans: filterTrace(trace, filter) };
}

/** Why the answer is not the whole trace; empty if it is. */
function partialMessage({ columns, truncated }: StoredTrace, part: Part | undefined): string {
  const messages: string[] = [];
  if (truncated) {
    const limit = `maximum size of ${columns.length} spans`;
    messages.push(`Trace exceeds ${limit}, a partial trace is returned`);
  }
  if (part !== undefined && part.spans.size < part.trace.spans.length) {
    messages.push("Trace filtered, only a subset of spans matching the filter is returned");
  }
  return messages.join("; ");
}

/** TraceByIDResponse. */
function encodeAnswer(stored: StoredTrace, part: Part | undefined): Uint8Array {
  const { columns, inspectedBytes } = stored;
  const shown = part === undefined ? {} : { isShown: isRowOf(columns, part.spans) };
  const writer = new ProtoWriter();
  writer.bytes(0x0a, encodeTracesData(columns, { nameEmptyResources: true, ...shown }));
  writer.message(0x12, () => {
    if (columns.length === 0) return;
    writer.varint(0x08);
    writer.varint(inspectedBytes);
  });
  const message = partialMessage(stored, part);
  if (message !== "") {
    writer.varint(0x18);
    writer.varint(1);
    writer.text(0x22, message);
  }
  return writer.finish();
}

function llmAnswer(stored: StoredTrace, part: Part | undefined): object {
  if (stored.columns.length === 0) return {};
  const trace = part?.trace ?? traceOfColumns(stored.columns);
  const message = partialMessage(stored, part);
  return {
    trace: llmTrace(trace, (span) => part === undefined || part.spans.has(span)),
    metrics: { inspectedBytes: stored.inspectedBytes },
    status: message === "" ? "COMPLETE" : "PARTIAL",
    ...(message !== "" && { message }),
  };
}

const modes = ["", "all", "ingesters", "blocks", "external"];

function traceQuery({ params, query }: HttpRequest): TraceQuery {
  const traceId = parseTraceId(params["id"] ?? "");
  const mode = query.get("mode") ?? "";
  if (!modes.includes(mode)) throw new Fault("invalid", `invalid value for mode ${mode}`);
  const start = integerParameter(query, "start", int64);
  return hintedQuery(traceId, { start, end: integerParameter(query, "end", int64) });
}

/** Where in time to look for a trace, in unix seconds. Absent and 0 are no hint; Grafana sends 0. */
interface Hints {
  readonly start?: bigint | undefined;
  readonly end?: bigint | undefined;
}

/** The question for a trace. Throws Fault "invalid" if it is to end before it starts. */
export function hintedQuery(traceId: string, { start, end }: Hints): TraceQuery {
  const startSeconds = hint(start);
  const endSeconds = hint(end);
  if (startSeconds !== undefined && endSeconds !== undefined && startSeconds >= endSeconds) {
    const received = `received start=${startSeconds} end=${endSeconds}`;
    throw new Fault("invalid", `http parameter start must be before end. ${received}`);
  }
  return {
    traceId,
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(endSeconds === undefined ? {} : { endSeconds }),
  };
}

const LARGEST_SECONDS = 2 ** 32 - 1 - 86_400; // what a DateTime holds, less what is added to hints

function hint(seconds: bigint | undefined): number | undefined {
  if (seconds === undefined || seconds <= 0n) return undefined;
  return Math.min(Number(seconds), LARGEST_SECONDS);
}

/** What is to be left of the trace; undefined if all of it. */
function traceFilter(query: URLSearchParams, language: LanguageOptions): TraceFilter | undefined {
  const keepsHierarchy = booleanParameter(query, "keep_hierarchy");
  const levelsBelow = levels(query, "match_depth", 0);
  const levelsAbove = levels(query, "ancestor_depth", Infinity);
  const text = query.get("q") ?? "";
  if (text === "") return undefined;
  const invalid = "invalid TraceQL filter:";
  const failed = `${invalid} failed to parse TraceQL spanset filter: `;
  const parsed = tempoQuery(text, language, () => failed);
  const only = `${invalid} only a single TraceQL filter is supported: got`;
  if (parsed.kind === "metrics") throw new Fault("invalid", `${only} a metrics query`);
  const [first, ...others] = parsed.pipeline.stages;
  if (first?.kind !== "filter" || others.length > 0) {
    throw new Fault("invalid", `${only} a pipeline`);
  }
  return { query: parsed, levelsBelow, levelsAbove: keepsHierarchy ? levelsAbove : 0 };
}

/** How many levels of the tree; -1 is all of them. */
function levels(query: URLSearchParams, name: string, byDefault: number): number {
  const value = integerParameter(query, name, goInt);
  if (value === undefined) return byDefault;
  if (value < -1n) throw new Fault("invalid", `invalid ${name}: must be -1 or greater`);
  return value === -1n ? Infinity : Number(value);
}
