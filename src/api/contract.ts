/**
 * Clew's own HTTP API under `/api/clew/v1`, as types: what the page and the `clew` command speak.
 * Errors are `{"error": {"code", "message"}}` with the status of `api/status.ts`.
 * What their fields are is said in `answers/`, as schemas, which are in /api/clew/v1/openapi.json, too.
 */
import type { z } from "zod";
import type { Trace } from "../model/trace.ts";
import type { graphAnswer } from "./answers/graph.ts";
import type {
  errorsAnswer,
  redAnswer,
  redHeatmapAnswer,
  servicesAnswer,
  versionsAnswer,
} from "./answers/red.ts";
import type { pinAnswer, pinsAnswer, samplingAnswer, tryAnswer } from "./answers/sampling.ts";
import type {
  errorAnswer,
  metricsAnswer,
  queryProblem,
  receipt,
  searchAnswer,
  searchProgress,
  tagsAnswer,
  tagValuesAnswer,
} from "./answers/search.ts";
import type { statusAnswer } from "./answers/status.ts";
import type { systemAnswer } from "./answers/system.ts";
import type { traceKeysAnswer, tracesAnswer } from "./answers/trace.ts";

/** Where the API is. */
export const apiBase = "/api/clew/v1";

/** `GET /api/clew/v1/traces?service=<name>&limit=<1..1000, default 50>&since=<seconds, default 3600>`, or
 * `start=` and `end=<seconds since 1970>` instead of `since`: newest first by start. */
export type TracesAnswer = z.infer<typeof tracesAnswer>;

/** `GET /api/clew/v1/traces/{traceId}`: 404 with an `ErrorAnswer` if no span of it is known. With
 * `/otlp` at the end, the same as OTLP/JSON (TracesData, ids in hex), to keep or to send again. */
export type TraceAnswer = Trace;

/**
 * `GET /api/clew/v1/traces/{traceId}/columns`: every span of the trace, without its attributes, as a stream
 * of frames (`model/trace-frames.ts`), by start. 404 if no span is known. Here and below, `start=` and `end=`
 * (seconds since 1970) may say where in time to look, which is quicker.
 *
 * `…/columns/{span|resource|scope|intrinsic}?key=<attribute>`: who has which value for one attribute, as
 * frames. Intrinsics are `statusMessage`, `scopeName`, `scopeVersion` and `traceState`.
 *
 * `…/keys`: a `TraceKeysAnswer`. `…/spans?ids=<1..200 span ids, comma between>`: a `TraceAnswer` of these
 * spans alone, with everything; its times count from the earliest of them.
 */
export type TraceKeysAnswer = z.infer<typeof traceKeysAnswer>;

/** `GET /api/clew/v1/status`. */
export type StatusAnswer = z.infer<typeof statusAnswer>;

/** `GET /api/clew/v1/system`: how Clew itself is. */
export type SystemAnswer = z.infer<typeof systemAnswer>;

/** Calls, errors and durations of some spans. Spans that a sampler left out count, too. */
export type RedTotals = RedSeriesAnswer["total"];

/** One line over time; items stand for the steps of the answer's `times`. */
export type RedSeriesAnswer = RedAnswer["series"][number];

/**
 * `GET /api/clew/v1/red`: how often, how often in vain and how long, over time. Parameters, all of which
 * may be left out:
 *
 *     since=<seconds up to now, default 3600>, or start= and end=<seconds since 1970>
 *     step=<seconds, a multiple of 60; else chosen by the range>
 *     service=, name=<as it is>   kind=server,consumer   status=error   dimension.<key>=<value>
 *     by=service or by=operation (service, name and kind); else there is one series
 *     limit=<series, 1..500, default 50: those with the most calls>
 */
export type RedAnswer = z.infer<typeof redAnswer>;

/**
 * `GET /api/clew/v1/red/heatmap`, with the parameters of `/red` that choose time and spans: durations
 * over time. Cell `i` says that in step `steps[i]` so many calls took at most `upperNano[i]` and more
 * than the bound before that, which is 3.9 % less.
 */
export type RedHeatmapAnswer = z.infer<typeof redHeatmapAnswer>;

/** `GET /api/clew/v1/services`, with `since` or `start` and `end` as `/red` has them. With `series=true`
 * the figures are also there over time. */
export type ServicesAnswer = z.infer<typeof servicesAnswer>;

/** What a service did. */
export type ServiceAnswer = ServicesAnswer["services"][number];

/**
 * `GET /api/clew/v1/errors`: spans with status error, grouped by why. Parameters, all of which may be left
 * out: `since`, or `start` and `end`, and `step` as `/red` has them, `service=`, and
 * `limit=<groups, 1..1000, default 100: those with the most spans>`.
 */
export type ErrorsAnswer = z.infer<typeof errorsAnswer>;

/** Errors that are alike. Those that a sampler left out count, too. */
export type ErrorGroupAnswer = ErrorsAnswer["groups"][number];

/** `GET /api/clew/v1/versions?service=<name>`, with `since` or `start` and `end` as `/red` has them: which
 * versions of a service (`service.version`) sent spans, the 100 newest. */
export type VersionsAnswer = z.infer<typeof versionsAnswer>;

/** What is wrong with a TraceQL query, and where: half open, in UTF-16 code units. */
export type QueryProblem = z.infer<typeof queryProblem>;

/** What it took to answer, and how much of the question the answer covers. */
export type ReceiptAnswer = z.infer<typeof receipt>;

/**
 * `GET /api/clew/v1/tags`: which attributes there are. Parameters, all of which may be left out:
 *
 *     since=<seconds up to now>, or from= and to=<seconds since 1970>; else of all that is stored
 *     scope=span,resource,…   limit=<attributes of each scope, 1..100000, default 5000>
 *     q=<TraceQL, half-typed perhaps: only of spans that it may mean, and without a time of the last day>
 */
export type TagsAnswer = z.infer<typeof tagsAnswer>;

/**
 * `GET /api/clew/v1/tag-values?name=<a field as TraceQL has it>`, with the parameters of `/tags` but for
 * `scope`: the values that the field has, sorted. Without a time, of the last day.
 */
export type TagValuesAnswer = z.infer<typeof tagValuesAnswer>;

/** How two nodes are connected. A message that one service sends and another takes is up to three edges:
 * `send` to the queue, `receive` from it, and `messaging` from one service to the other, `via` the queue if
 * its sender names it. */
export type GraphConnection = GraphEdgeAnswer["connection"];

/** How long the calls of an edge took as one side saw it; null without any span of that side. */
export type GraphSideAnswer = NonNullable<GraphEdgeAnswer["clientSide"]>;

/** Calls from one node to another. Those that a sampler left out count, too. */
export type GraphEdgeAnswer = GraphAnswer["edges"][number];

/**
 * `GET /api/clew/v1/graph`: who calls whom. Parameters, all of which may be left out:
 *
 *     since=<seconds up to now, default 3600>, or from= and to=<seconds since 1970, with a fraction perhaps>
 *     service=<name of a node>   depth=<1..100>: only what so many edges lead to from there, in any direction
 */
export type GraphAnswer = z.infer<typeof graphAnswer>;

/** What every failure answers. */
export type ErrorAnswer = z.infer<typeof errorAnswer>;

/** A trace of a search's answer. */
export type FoundTraceAnswer = SearchAnswer["traces"][number];

/**
 * `GET /api/clew/v1/search?q=<TraceQL>`: the traces that answer, the newest first or as the query sorts.
 *
 *     since=<seconds up to now, default 3600>, or from= and to=<seconds since 1970>
 *     limit=<traces, 1..10000, default 20>   spss=<spans a spanset, 0..1000, default 3>
 *
 * With `accept: application/x-ndjson` the answer comes while it is worked out, a `SearchProgress` a line.
 * A query that cannot be asked answers 400 with `problems`.
 */
export type SearchAnswer = z.infer<typeof searchAnswer>;

/** A line of a search's answer. The last one has `answer`, or `error` if it failed on the way. */
export type SearchProgress = z.infer<typeof searchProgress>;

/** `GET /api/clew/v1/pins`: traces that are never thinned away, the newest pin first, at most 10,000. */
export type PinsAnswer = z.infer<typeof pinsAnswer>;

/** `GET /api/clew/v1/sampling`: the policies in force, and what was thinned by them. */
export type SamplingAnswer = z.infer<typeof samplingAnswer>;

/** `POST /api/clew/v1/pins` with `{"traceId": …}` (404 if no span of it is stored), `DELETE` and `GET`
 * `/api/clew/v1/pins/{traceId}`. */
export type PinAnswer = z.infer<typeof pinAnswer>;

/**
 * `GET /api/clew/v1/metrics?q=<TraceQL>`: series over time.
 *
 *     since=<seconds up to now, default 3600>, or from= and to=<seconds since 1970>
 *     step=<seconds between samples; else chosen by the range>, or instant=true for one value of it all
 *     exemplars=<0..100, default 100>   limit=<series, 1..10000, default 1000>
 *
 * A query that cannot be asked answers 400 with `problems`.
 */
export type MetricsAnswer = z.infer<typeof metricsAnswer>;

/** A line over time. */
export type MetricsSeriesAnswer = MetricsAnswer["series"][number];

/** So many traces, with so many spans, which take about so many bytes on disk. */
export type TracesAmount = SamplingTryAnswer["kept"];

/** `POST /api/clew/v1/sampling/try` with `{"policies": "<a policy file>", "since": <seconds, default
 * 3600>}`: what the policies would do with the spans of that time. Nothing is changed. */
export type SamplingTryAnswer = z.infer<typeof tryAnswer>;
