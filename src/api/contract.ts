/**
 * Clew's own HTTP API under `/api/clew/v1`, as types: what the page and the `clew` command speak.
 * Errors are `{"error": {"code", "message"}}` with the status of `api/status.ts`.
 * `answers/` has these types as schemas, for /api/clew/v1/openapi.json.
 */
import type { z } from "zod";
import type { FaultCode } from "../base/fault.ts";
import type { NodeKind } from "../model/graph-node.ts";
import type { KeyScope } from "../model/attribute-key.ts";
import type { DoubleJson, KeyValue, SpanKind, Trace, TraceSummary } from "../model/trace.ts";
import type { samplingAnswer } from "./answers/sampling.ts";
import type { systemAnswer } from "./answers/system.ts";

/** Where the API is. */
export const apiBase = "/api/clew/v1";

/** `GET /api/clew/v1/traces?service=<name>&limit=<1..1000, default 50>&since=<seconds, default 3600>`, or
 * `start=` and `end=<seconds since 1970>` instead of `since`: newest first by start. */
export interface TracesAnswer {
  readonly traces: readonly TraceSummary[];
  /** Every service seen in the time asked for, sorted; for the filter. */
  readonly services: readonly string[];
}

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
export interface TraceKeysAnswer {
  /** The attributes that some span has, sorted; those of spans, resources and scopes. */
  readonly span: readonly string[];
  readonly resource: readonly string[];
  readonly scope: readonly string[];
}

/** `GET /api/clew/v1/status`. */
export interface StatusAnswer {
  readonly version: string;
  /** Where this Clew takes OTLP, as ports on the host that was asked. */
  readonly otlp: { readonly grpcPort: number; readonly httpPort: number };
  /** Spans taken since this Clew started. */
  readonly spansReceived: number;
  /** False until the first span is in the store: the page then shows how to send one. */
  readonly hasSpans: boolean;
  /** What keeps Clew from its work, or will soon, in sentences; empty if nothing does. */
  readonly trouble: readonly string[];
}

/** `GET /api/clew/v1/system`: how Clew itself is. */
export type SystemAnswer = z.infer<typeof systemAnswer>;

/** Calls, errors and durations of some spans. Spans that a sampler left out count, too. */
export interface RedTotals {
  readonly calls: number;
  readonly errors: number;
  readonly averageNano: number | null;
  /** Within 2 %, as all quantiles are; null where there was no call. */
  readonly p50Nano: number | null;
  readonly p95Nano: number | null;
  readonly p99Nano: number | null;
}

/** One line over time; items stand for the steps of the answer's `times`. */
export interface RedSeriesAnswer {
  /** Absent if all services are in it. */
  readonly service?: string;
  /** Absent unless it is of one operation. */
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly total: RedTotals;
  readonly calls: readonly number[];
  readonly errors: readonly number[];
  readonly p50Nano: readonly (number | null)[];
  readonly p95Nano: readonly (number | null)[];
  readonly p99Nano: readonly (number | null)[];
}

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
export interface RedAnswer {
  readonly stepSeconds: number;
  /** When each step begins, in seconds since 1970. */
  readonly times: readonly number[];
  /** Most calls first. */
  readonly series: readonly RedSeriesAnswer[];
}

/**
 * `GET /api/clew/v1/red/heatmap`, with the parameters of `/red` that choose time and spans: durations
 * over time. Cell `i` says that in step `steps[i]` so many calls took at most `upperNano[i]` and more
 * than the bound before that, which is 3.9 % less.
 */
export interface RedHeatmapAnswer {
  readonly stepSeconds: number;
  readonly times: readonly number[];
  readonly cells: {
    readonly steps: readonly number[];
    readonly upperNano: readonly number[];
    readonly calls: readonly number[];
  };
  /** Spans that took at most so long, and more than 1 / √2 of it; none if steps are whole hours. */
  readonly exemplars: {
    readonly steps: readonly number[];
    readonly upperNano: readonly number[];
    readonly traceIds: readonly string[];
    readonly spanIds: readonly string[];
  };
}

/** `GET /api/clew/v1/services`, with `since` or `start` and `end` as `/red` has them. With `series=true`
 * the figures are also there over time. */
export interface ServicesAnswer {
  /** Sorted by name. */
  readonly services: readonly ServiceAnswer[];
  /** When each step of the series begins, in seconds since 1970, and how long it is. */
  readonly times?: readonly number[];
  readonly stepSeconds?: number;
}

/** What a service did. */
export interface ServiceAnswer extends RedTotals {
  readonly service: string;
  /** True if the figures are of the requests that it got (kinds server and consumer); false if it got
   * none, and they are of all its spans. */
  readonly isOfRequests: boolean;
  /** By step. */
  readonly series?: Pick<RedSeriesAnswer, "calls" | "errors" | "p95Nano">;
}

/**
 * `GET /api/clew/v1/errors`: spans with status error, grouped by why. Parameters, all of which may be left
 * out: `since`, or `start` and `end`, and `step` as `/red` has them, `service=`, and
 * `limit=<groups, 1..1000, default 100: those with the most spans>`.
 */
export interface ErrorsAnswer {
  readonly stepSeconds: number;
  /** When each step begins, in seconds since 1970. */
  readonly times: readonly number[];
  /** Most spans first. */
  readonly groups: readonly ErrorGroupAnswer[];
  /** Of all groups, also those that are left out. */
  readonly groupCount: number;
}

/** Errors that are alike. Those that a sampler left out count, too. */
export interface ErrorGroupAnswer {
  readonly service: string;
  /** Of the last exception that the span has, else what its `exception.type` or `error.type` says; or
   * empty. */
  readonly type: string;
  /** The exception's message, else the status's, with … for what is different every time: numbers, ids,
   * quoted texts. */
  readonly template: string;
  readonly spans: number;
  /** By step. */
  readonly counts: readonly number[];
  /** When the first and the last of them started, in seconds since 1970. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  /** Names that most of them have, three at most. */
  readonly names: readonly string[];
  /** The newest of them. */
  readonly sample: {
    readonly traceId: string;
    readonly spanId: string;
    readonly startSeconds: number;
    /** The first 1,000 characters. */
    readonly message: string;
  };
}

/** `GET /api/clew/v1/versions?service=<name>`, with `since` or `start` and `end` as `/red` has them: which
 * versions of a service (`service.version`) sent spans, the 100 newest. */
export interface VersionsAnswer {
  /** The earliest first. */
  readonly versions: readonly {
    readonly version: string;
    /** When its first and its last span started, in seconds since 1970: of this time and an hour before. */
    readonly firstSeconds: number;
    readonly lastSeconds: number;
    readonly spans: number;
    /** It sent nothing in the hour before. */
    readonly isNew: boolean;
  }[];
}

/** What is wrong with a TraceQL query, and where: half open, in UTF-16 code units. */
export interface QueryProblem {
  readonly message: string;
  readonly from: number;
  readonly to: number;
}

/** What it took to answer, and how much of the question the answer covers. */
export interface ReceiptAnswer {
  /** By ClickHouse. */
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Time in ClickHouse, and in Clew. */
  readonly storeMs: number;
  readonly clewMs: number;
  /** The question is asked of one stretch of time after the other. */
  readonly slices: { readonly done: number; readonly total: number };
  /** Traces that were looked at whole, and their spans; 0 where ClickHouse answered alone. */
  readonly candidates: number;
  readonly inspectedSpans: number;
  readonly complete: boolean;
  /** Why it is not complete: a sentence. */
  readonly incompleteBecause?: string;
  /** Spans up to this moment, in unix nanoseconds, are in the answer as far as they have arrived. */
  readonly upToNano: string;
}

/**
 * `GET /api/clew/v1/tags`: which attributes there are. Parameters, all of which may be left out:
 *
 *     since=<seconds up to now>, or from= and to=<seconds since 1970>; else of all that is stored
 *     scope=span,resource,…   limit=<attributes of each scope, 1..100000, default 5000>
 *     q=<TraceQL, half-typed perhaps: only of spans that it may mean, and without a time of the last day>
 */
export interface TagsAnswer {
  readonly scopes: readonly { readonly name: KeyScope; readonly tags: readonly string[] }[];
  readonly receipt: ReceiptAnswer;
}

/**
 * `GET /api/clew/v1/tag-values?name=<a field as TraceQL has it>`, with the parameters of `/tags` but for
 * `scope`: the values that the field has, sorted. Without a time, of the last day.
 */
export interface TagValuesAnswer {
  readonly values: readonly {
    readonly type: "string" | "int" | "float" | "bool" | "keyword";
    /** As text, like 7, 2.5, true, checkout. */
    readonly value: string;
  }[];
  readonly receipt: ReceiptAnswer;
}

/** What a node of the service graph is. */
export type GraphNodeKind = NodeKind;

/** How two nodes are connected. A message that one service sends and another takes is up to three edges:
 * `send` to the queue, `receive` from it, and `messaging` from one service to the other, `via` the queue if
 * its sender names it. */
export type GraphConnection =
  | "call"
  | "messaging"
  | "send"
  | "receive"
  | "database"
  | "peer"
  | "caller";

/** How long the calls of an edge took as one side saw it; null without any span of that side. */
export interface GraphSideAnswer {
  readonly calls: number;
  readonly averageNano: number;
  readonly p50Nano: number;
  readonly p95Nano: number;
  readonly p99Nano: number;
}

/** Calls from one node to another. Those that a sampler left out count, too. */
export interface GraphEdgeAnswer {
  readonly client: string;
  readonly server: string;
  readonly connection: GraphConnection;
  readonly via?: string;
  readonly calls: number;
  /** With status error on either side. */
  readonly failed: number;
  readonly clientSide: GraphSideAnswer | null;
  readonly serverSide: GraphSideAnswer | null;
}

/**
 * `GET /api/clew/v1/graph`: who calls whom. Parameters, all of which may be left out:
 *
 *     since=<seconds up to now, default 3600>, or from= and to=<seconds since 1970, with a fraction perhaps>
 *     service=<name of a node>   depth=<1..100>: only what so many edges lead to from there, in any direction
 */
export interface GraphAnswer {
  /** Whole minutes, in seconds since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** False while spans of that time have yet to be looked at. */
  readonly isComplete: boolean;
  /** Sorted by name. */
  readonly nodes: readonly { readonly name: string; readonly kind: GraphNodeKind }[];
  /** Sorted by client, server, connection and queue. */
  readonly edges: readonly GraphEdgeAnswer[];
}

/** What every failure answers. */
export interface ErrorAnswer {
  readonly error: {
    readonly code: FaultCode | "internal";
    readonly message: string;
    /** Of a query that cannot be asked: all that is wrong with it. */
    readonly problems?: readonly QueryProblem[];
  };
}

/** A span of a search's answer. */
export interface FoundSpanAnswer {
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Empty unless the query mentions it. */
  readonly name: string;
  /** Unix nanoseconds, decimal. */
  readonly startUnixNano: string;
  readonly durationNano: number;
  /** What the query mentions or selects. */
  readonly attributes: readonly KeyValue[];
}

/** A trace of a search's answer. */
export interface FoundTraceAnswer {
  readonly summary: TraceSummary;
  readonly spansets: readonly {
    /** How many spans it has; `spans` has the first of them. */
    readonly matched: number;
    readonly attributes: readonly KeyValue[];
    readonly spans: readonly FoundSpanAnswer[];
  }[];
}

/**
 * `GET /api/clew/v1/search?q=<TraceQL>`: the traces that answer, the newest first or as the query sorts.
 *
 *     since=<seconds up to now, default 3600>, or from= and to=<seconds since 1970>
 *     limit=<traces, 1..10000, default 20>   spss=<spans a spanset, 0..1000, default 3>
 *
 * With `accept: application/x-ndjson` the answer comes while it is worked out, a `SearchProgress` a line.
 * A query that cannot be asked answers 400 with `problems`.
 */
export interface SearchAnswer {
  readonly traces: readonly FoundTraceAnswer[];
  readonly receipt: ReceiptAnswer;
}

/** A line of a search's answer. The last one has `answer`, or `error` if it failed on the way. */
export type SearchProgress =
  /** Traces that are in the answer for sure, each told once. */
  | { readonly found: readonly FoundTraceAnswer[]; readonly receipt: ReceiptAnswer }
  | { readonly answer: SearchAnswer }
  | ErrorAnswer;

/** `GET /api/clew/v1/pins`: traces that are never thinned away, the newest pin first, at most 10,000. */
export interface PinsAnswer {
  readonly traceIds: readonly string[];
}

/** `GET /api/clew/v1/sampling`: the policies in force, and what was thinned by them. */
export type SamplingAnswer = z.infer<typeof samplingAnswer>;

/** `POST /api/clew/v1/pins` with `{"traceId": …}` (404 if no span of it is stored), `DELETE` and `GET`
 * `/api/clew/v1/pins/{traceId}`. */
export interface PinAnswer {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly isPinned: boolean;
}

/**
 * `GET /api/clew/v1/metrics?q=<TraceQL>`: series over time.
 *
 *     since=<seconds up to now, default 3600>, or from= and to=<seconds since 1970>
 *     step=<seconds between samples; else chosen by the range>, or instant=true for one value of it all
 *     exemplars=<0..100, default 100>   limit=<series, 1..10000, default 1000>
 *
 * A query that cannot be asked answers 400 with `problems`.
 */
export interface MetricsAnswer {
  /** Of the samples, in unix milliseconds: each is about the time before it, a step long. */
  readonly timesMs: readonly number[];
  readonly stepMs: number;
  /** In the order of their labels. */
  readonly series: readonly MetricsSeriesAnswer[];
  /** There are more series than were asked for. */
  readonly truncated: boolean;
  readonly receipt: ReceiptAnswer;
}

/** A line over time. */
export interface MetricsSeriesAnswer {
  readonly labels: readonly KeyValue[];
  /** By sample; null where there is none. */
  readonly values: readonly (DoubleJson | null)[];
  /** Spans that stand for others; the label `trace:id` says of which trace. */
  readonly exemplars: readonly {
    readonly timeMs: number;
    readonly value: DoubleJson;
    readonly labels: readonly KeyValue[];
  }[];
}

/** So many traces, with so many spans, which take about so many bytes on disk. */
export interface TracesAmount {
  readonly traces: number;
  readonly spans: number;
  readonly bytes: number;
}

/** `POST /api/clew/v1/sampling/try` with `{"policies": "<a policy file>", "since": <seconds, default
 * 3600>}`: what the policies would do with the spans of that time. Nothing is changed. */
export interface SamplingTryAnswer {
  /** In their order, the default last. */
  readonly policies: readonly {
    readonly name: string;
    /** Of the policy, as text. */
    readonly keep: string;
    /** Absent for the default. */
    readonly match?: string;
    readonly kept: TracesAmount;
    readonly dropped: TracesAmount;
  }[];
  readonly kept: TracesAmount;
  readonly dropped: TracesAmount;
  /** Kept because a filter could not be calculated for them; in no policy's numbers. */
  readonly undecided: TracesAmount;
  /** Services that have spans, none of which would be kept. */
  readonly invisibleServices: readonly string[];
}
