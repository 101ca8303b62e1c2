/**
 * Tempo's API as gRPC streams: `tempopb.StreamingQuerier`, which Grafana dials where it finds the HTTP API.
 * What is found is sent as it is found; clients put traces together by their id and series by their
 * labels, and show the progress that the metrics of each message tell.
 */
import type { MetricsQuery } from "../../traceql/ast.ts";
import { sampleTimesMs, type TimeGrid } from "../../traceql/evaluate/metrics/time-grid.ts";
import type { FoundTrace } from "../../query/search.ts";
import type { Receipt } from "../../query/receipt.ts";
import { type Message, objectToProto, protoToJson } from "../../wire/proto-json.ts";
import * as messages from "../../wire/tempo/messages.ts";
import type { JsonObject } from "../../wire/tempo/without-defaults.ts";
import type { GrpcStream, GrpcStreamRequest } from "../grpc-server.ts";
import { ORG_ID } from "../tenancy.ts";
import {
  instantAnswer,
  instantRequest,
  type MetricsParameters,
  partialStatus,
  rangeRequest,
} from "./metrics.ts";
import { Outbox } from "./outbox.ts";
import { searchMetrics } from "./receipt.ts";
import { foundTrace, searchOf } from "./search.ts";
import { SeriesChanges } from "./series-changes.ts";
import { tagValuesV1, tagValuesV2 } from "./tag-values.ts";
import { tagNamesOf, tagNamesV1, tagNamesV2 } from "./tags.ts";
import type { TempoOptions, TempoQueries } from "./tempo-queries.ts";

const SERVICE = "/tempopb.StreamingQuerier";

/** The methods by their paths. */
export function tempoStreams(options: TempoOptions): Readonly<Record<string, GrpcStream>> {
  const stream =
    (message: Message, answer: Answer): GrpcStream =>
    (bytes, around) => {
      const request = protoToJson(bytes, message, "proto3") as Request;
      const queries = options.queriesOf(around.metadata.get(ORG_ID).map(String));
      return answer({ request, queries, options, ...around });
    };
  const { searchTagsRequest, searchTagValuesRequest } = messages;
  return {
    [`${SERVICE}/Search`]: stream(messages.searchRequest, search),
    [`${SERVICE}/SearchTags`]: stream(searchTagsRequest, tagNames(1)),
    [`${SERVICE}/SearchTagsV2`]: stream(searchTagsRequest, tagNames(2)),
    [`${SERVICE}/SearchTagValues`]: stream(searchTagValuesRequest, tagValues(1)),
    [`${SERVICE}/SearchTagValuesV2`]: stream(searchTagValuesRequest, tagValues(2)),
    [`${SERVICE}/MetricsQueryRange`]: stream(messages.queryRangeRequest, queryRange),
    [`${SERVICE}/MetricsQueryInstant`]: stream(messages.queryInstantRequest, queryInstant),
  };
}

/** A request in JSON: numbers, 64-bit ones as text; what holds its default is not there. */
type Request = Readonly<Record<string, string | number | undefined>> & {
  readonly tags?: Readonly<Record<string, string>>;
};

interface Call extends GrpcStreamRequest {
  readonly request: Request;
  readonly queries: TempoQueries;
  readonly options: TempoOptions;
}

type Answer = (call: Call) => Promise<void>;

function text(value: Request[string]): string {
  return String(value ?? "");
}

function seconds({ start, end }: Request) {
  return { start: BigInt(start ?? 0), end: BigInt(end ?? 0) };
}

async function search({ request, queries, options, send, signal }: Call): Promise<void> {
  const asked = searchOf(
    {
      query: text(request["query"]),
      tags: new Map(Object.entries(request.tags ?? {})),
      minDurationNano: BigInt(request["minDurationMs"] ?? 0) * 1_000_000n,
      maxDurationNano: BigInt(request["maxDurationMs"] ?? 0) * 1_000_000n,
      limit: Number(request["limit"] ?? 0),
      spansPerSpanset: Number(request["spansPerSpanSet"] ?? 0),
      ...seconds(request),
    },
    options,
  );
  const outbox = new Outbox(send, messages.searchResponse, "traces");
  const told = new Set<string>();
  const tell = (found: readonly FoundTrace[], receipt: Receipt): void => {
    const fresh = found.filter(({ summary }) => !told.has(summary.traceId));
    for (const { summary } of fresh) told.add(summary.traceId);
    outbox.add(
      fresh.map((trace) => foundTrace(trace, asked)),
      { metrics: searchMetrics(receipt) },
    );
  };
  const answer = await queries.search(asked.request, { signal, progress: tell });
  tell(answer.traces, answer.receipt);
  await outbox.end();
}

function tagNames(version: 1 | 2): Answer {
  return async ({ request, queries, send, signal }) => {
    const asked = tagNamesOf({
      scope: text(request["scope"]),
      query: text(request["query"]),
      limit: Number(request["maxTagsPerScope"] ?? 0),
      ...seconds(request),
    });
    const answer = await queries.tagNames(asked.request, { signal });
    if (version === 1) {
      return send(objectToProto(tagNamesV1(answer, asked), messages.searchTagsResponse));
    }
    const outbox = new Outbox(send, messages.searchTagsV2Response, "scopes");
    const { scopes, ...rest } = tagNamesV2(answer, asked);
    outbox.add(scopes as readonly JsonObject[], rest);
    return outbox.end();
  };
}

function tagValues(version: 1 | 2): Answer {
  return async ({ request, queries, send, signal }) => {
    const parameters = {
      tagName: text(request["tagName"]),
      query: text(request["query"]),
      limit: Number(request["maxTagValues"] ?? 0),
      ...seconds(request),
    };
    const [answer, message] =
      version === 1
        ? [await tagValuesV1(queries, parameters, { signal }), messages.searchTagValuesResponse]
        : [await tagValuesV2(queries, parameters, { signal }), messages.searchTagValuesV2Response];
    return send(objectToProto(answer, message));
  };
}

const HOUR_NANO = 3_600_000_000_000n;

function metricsParameters({ request, options }: Call): MetricsParameters {
  const endNano = BigInt(request["end"] ?? 0) || options.nowNano();
  return {
    query: text(request["query"]),
    startNano: BigInt(request["start"] ?? 0) || endNano - HOUR_NANO,
    endNano,
    stepNano: BigInt(request["step"] ?? 0),
    exemplars: Number(request["exemplars"] ?? 0),
    maxSeries: Number(request["maxSeries"] ?? 0),
  };
}

async function queryRange(call: Call): Promise<void> {
  const { queries, options, send, signal } = call;
  const asked = rangeRequest(metricsParameters(call), options);
  const outbox = new Outbox(send, messages.queryRangeResponse, "series");
  const changes = new SeriesChanges(timesOf(asked.grid));
  const grows = onlyGrows(asked.query);
  const answer = await queries.metrics(asked, {
    signal,
    progress(series, receipt) {
      // Who is slow is told less often: the changes are counted from what was sent last.
      if (outbox.isBusy) return;
      const metrics = searchMetrics(receipt);
      outbox.add(grows ? changes.since(series) : [], { metrics });
    },
  });
  const { series, receipt } = answer;
  const last = { metrics: searchMetrics(receipt), ...partialStatus(answer) };
  outbox.add(changes.last(series), last);
  await outbox.end();
}

function timesOf(grid: TimeGrid): readonly string[] {
  return sampleTimesMs(grid).map(String);
}

/** Whether no series and no point that was sent can have to be taken back, which clients cannot do. */
function onlyGrows({ metrics }: MetricsQuery): boolean {
  return (
    metrics.kind === "metricsPipeline" &&
    metrics.stages.length === 0 &&
    metrics.fn.kind !== "compareSpans"
  );
}

async function queryInstant(call: Call): Promise<void> {
  const { queries, options, send, signal } = call;
  const asked = instantRequest(metricsParameters(call), options);
  const outbox = new Outbox(send, messages.queryInstantResponse, "series");
  const answer = await queries.metrics(asked, { signal });
  const { series = [], ...rest } = instantAnswer(answer);
  const last = { metrics: searchMetrics(answer.receipt), ...rest };
  outbox.add(series as readonly JsonObject[], last);
  await outbox.end();
}
