/** Searches for traces, by TraceQL or by tags. */
import { Fault } from "../../base/fault.ts";
import type { FoundSpanset, FoundTrace, SearchAnswer, SearchRequest } from "../../query/search.ts";
import { searchResponse } from "../../wire/tempo/messages.ts";
import { type JsonObject, withoutDefaults } from "../../wire/tempo/without-defaults.ts";
import type { HttpRequest, HttpResponse } from "../http.ts";
import { ORG_ID } from "../tenancy.ts";
import { answerIn } from "./answers.ts";
import { goDuration } from "./go-duration.ts";
import { parseTags, tagsQuery } from "./legacy-tags.ts";
import { goInt, integerParameter, uint32 } from "./parameters.ts";
import { searchMetrics, toUint32 } from "./receipt.ts";
import { tempoQuery } from "./read-query.ts";
import type { TempoOptions } from "./tempo-queries.ts";
import { searchRange } from "./time-range.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 262_144;
const DEFAULT_SPANS_PER_SPANSET = 3;
const MAX_SPANS_PER_SPANSET = 100;

/** Answers `/api/search`. */
export async function search(options: TempoOptions, request: HttpRequest): Promise<HttpResponse> {
  const queries = options.queriesOf(request.headers[ORG_ID]);
  const asked = readSearch(request.query, options);
  const answer = await queries.search(asked.request, { signal: request.signal });
  return answerIn(request, searchAnswer(answer, asked), searchResponse);
}

/** A search as it was asked for. */
export interface AskedSearch {
  readonly request: SearchRequest;
  /** Only searches by TraceQL are answered with spansets. */
  readonly showsSpansets: boolean;
}

/** The search that a URL asks for. Throws Fault "invalid". */
function readSearch(query: URLSearchParams, options: TempoOptions): AskedSearch {
  const limit = integerParameter(query, "limit", goInt);
  if (limit !== undefined && limit <= 0n) {
    throw new Fault("invalid", "invalid limit: must be a positive number");
  }
  return searchOf(
    {
      query: query.get("q") ?? "",
      tags: parseTags(query.get("tags") ?? ""),
      minDurationNano: durationParameter(query, "minDuration"),
      maxDurationNano: durationParameter(query, "maxDuration"),
      limit: Number(limit ?? 0),
      spansPerSpanset: Number(integerParameter(query, "spss", uint32) ?? 0),
      start: integerParameter(query, "start", uint32),
      end: integerParameter(query, "end", uint32),
    },
    options,
  );
}

/** A search's parameters; 0 stands for what is not said. */
export interface SearchParameters {
  readonly query: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly minDurationNano?: bigint | undefined;
  readonly maxDurationNano?: bigint | undefined;
  readonly limit: number;
  readonly spansPerSpanset: number;
  readonly start?: bigint | undefined;
  readonly end?: bigint | undefined;
}

/** The search that these parameters ask for. Throws Fault "invalid" in Tempo's words. */
export function searchOf(
  parameters: SearchParameters,
  { limits, language }: TempoOptions,
): AskedSearch {
  const { query: text, tags, minDurationNano = 0n, maxDurationNano = 0n } = parameters;
  if (text !== "" && tags.size > 0) {
    throw new Fault("invalid", "invalid request: can't specify tags and q in the same query");
  }
  if (maxDurationNano > 0n && minDurationNano > maxDurationNano) {
    throw new Fault("invalid", "invalid maxDuration: must be greater than minDuration");
  }
  const limit = parameters.limit || DEFAULT_LIMIT;
  if (limit > MAX_LIMIT) {
    throw new Fault("invalid", `limit ${limit} exceeds max limit ${MAX_LIMIT}`);
  }
  const spansPerSpanset = parameters.spansPerSpanset || DEFAULT_SPANS_PER_SPANSET;
  if (spansPerSpanset > MAX_SPANS_PER_SPANSET) {
    const received = `received ${spansPerSpanset}`;
    throw new Fault("invalid", `spans per span set exceeds ${MAX_SPANS_PER_SPANSET}. ${received}`);
  }
  const range = searchRange(parameters, limits.searchRangeNano);
  if (text === "") {
    const query = tagsQuery({ tags, minDurationNano, maxDurationNano });
    return { request: { query, ...range, limit, spansPerSpanset }, showsSpansets: false };
  }
  const query = tempoQuery(text, language, () => "invalid TraceQL query: ");
  if (query.kind === "metrics") {
    const message = "invalid TraceQL query: a metrics query is asked at /api/metrics/query_range";
    throw new Fault("invalid", message);
  }
  return { request: { query, ...range, limit, spansPerSpanset }, showsSpansets: true };
}

function durationParameter(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  const nanos = goDuration(text);
  if (typeof nanos === "bigint") return nanos;
  throw new Fault("invalid", `invalid ${name}: ${nanos}`);
}

/** SearchResponse. */
function searchAnswer({ traces, receipt }: SearchAnswer, asked: AskedSearch): JsonObject {
  return {
    traces: traces.map((trace) => foundTrace(trace, asked)),
    metrics: searchMetrics(receipt),
  };
}

const ROOT_UNKNOWN = "<root span not yet received>";

/** TraceSearchMetadata. */
export function foundTrace(
  { summary, spansets }: FoundTrace,
  { showsSpansets }: AskedSearch,
): JsonObject {
  const sets = showsSpansets ? spansets.map(foundSpanset) : [];
  const stats = summary.services.map(({ name, spanCount, errorCount }) => [
    name,
    withoutDefaults({ spanCount, errorCount }),
  ]);
  return withoutDefaults({
    traceID: summary.traceId.replace(/^0+/, ""),
    rootServiceName: summary.rootService || ROOT_UNKNOWN,
    rootTraceName: summary.rootName,
    startTimeUnixNano: summary.startUnixNano,
    durationMs: toUint32(summary.durationNano / 1e6),
    spanSet: sets[0],
    spanSets: sets,
    serviceStats: Object.fromEntries(stats) as JsonObject,
  });
}

function foundSpanset({ matched, attributes, spans }: FoundSpanset): JsonObject {
  return withoutDefaults({
    spans: spans.map((span) =>
      withoutDefaults({
        spanID: span.spanId,
        name: span.name,
        startTimeUnixNano: span.startUnixNano.toString(),
        durationNanos: (span.durationNano < 0n ? 0n : span.durationNano).toString(),
        attributes: span.attributes,
      }),
    ),
    matched: toUint32(matched),
    attributes,
  });
}
