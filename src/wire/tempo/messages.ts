/**
 * The messages of Tempo's API as data, for the translation between protobuf and JSON in
 * `proto-json.ts`. Source: grafana/tempo pkg/tempopb/tempo.proto.
 */
import { keyValue, resourceSpans, tracesData } from "../otlp/messages.ts";
import { field, type Field, many, type Message, one } from "../proto-json.ts";

const texts = (number: number): Field => field(number, "string", { repeated: true });
const mapOf = (number: number, value: Field): Field => {
  const entry: Message = { key: field(1, "string"), value };
  return field(number, "message", { repeated: true, map: true, message: () => entry });
};
const status = field(3, "enum", { names: ["COMPLETE", "PARTIAL"] });

// ── Traces by id ─────────────────────────────────────────────────────────────────────────────────

/** Trace in the JSON of the first API: TracesData with its field's old name. */
export const batches: Message = { batches: many(1, () => resourceSpans) };

/** TraceByIDResponse. */
export const traceByIdResponse: Message = {
  trace: one(1, () => tracesData),
  metrics: one(2, () => ({ inspectedBytes: field(1, "uint64") })),
  status,
  message: field(4, "string"),
};

// ── Search ───────────────────────────────────────────────────────────────────────────────────────

/** SearchRequest. */
export const searchRequest: Message = {
  tags: mapOf(1, field(2, "string")),
  minDurationMs: field(2, "uint32"),
  maxDurationMs: field(3, "uint32"),
  limit: field(4, "uint32"),
  start: field(5, "uint32"),
  end: field(6, "uint32"),
  query: field(8, "string"),
  spansPerSpanSet: field(9, "uint32"),
};

const searchMetrics: Message = {
  inspectedTraces: field(1, "uint32"),
  inspectedBytes: field(2, "uint64"),
  completedJobs: field(4, "uint32"),
  totalJobs: field(5, "uint32"),
  inspectedSpans: field(7, "uint64"),
  additionalMetrics: mapOf(10, field(2, "int64")),
};

const foundSpan: Message = {
  spanID: field(1, "string"),
  name: field(2, "string"),
  startTimeUnixNano: field(3, "uint64"),
  durationNanos: field(4, "uint64"),
  attributes: many(5, () => keyValue),
};

const spanSet: Message = {
  spans: many(1, () => foundSpan),
  matched: field(2, "uint32"),
  attributes: many(3, () => keyValue),
};

const serviceStats: Message = { spanCount: field(1, "uint32"), errorCount: field(2, "uint32") };

const traceSearchMetadata: Message = {
  traceID: field(1, "string"),
  rootServiceName: field(2, "string"),
  rootTraceName: field(3, "string"),
  startTimeUnixNano: field(4, "uint64"),
  durationMs: field(5, "uint32"),
  spanSet: one(6, () => spanSet),
  spanSets: many(7, () => spanSet),
  serviceStats: mapOf(
    8,
    one(2, () => serviceStats),
  ),
};

/** SearchResponse. */
export const searchResponse: Message = {
  traces: many(1, () => traceSearchMetadata),
  metrics: one(2, () => searchMetrics),
};

// ── Tags ─────────────────────────────────────────────────────────────────────────────────────────

/** SearchTagsRequest. */
export const searchTagsRequest: Message = {
  scope: field(1, "string"),
  query: field(2, "string"),
  start: field(3, "uint32"),
  end: field(4, "uint32"),
  maxTagsPerScope: field(5, "uint32"),
};

/** SearchTagValuesRequest. */
export const searchTagValuesRequest: Message = {
  tagName: field(1, "string"),
  query: field(2, "string"),
  start: field(4, "uint32"),
  end: field(5, "uint32"),
  maxTagValues: field(6, "uint32"),
};

const metadataMetrics: Message = {
  inspectedBytes: field(1, "uint64"),
  totalJobs: field(2, "uint32"),
  completedJobs: field(3, "uint32"),
  additionalMetrics: mapOf(8, field(2, "int64")),
};

/** SearchTagsResponse. */
export const searchTagsResponse: Message = {
  tagNames: texts(1),
  metrics: one(2, () => metadataMetrics),
};

const scopeOfTags: Message = { name: field(1, "string"), tags: texts(2) };

/** SearchTagsV2Response. */
export const searchTagsV2Response: Message = {
  scopes: many(1, () => scopeOfTags),
  metrics: one(2, () => metadataMetrics),
};

/** SearchTagValuesResponse. */
export const searchTagValuesResponse: Message = {
  tagValues: texts(1),
  metrics: one(2, () => metadataMetrics),
};

const tagValue: Message = { type: field(1, "string"), value: field(2, "string") };

/** SearchTagValuesV2Response. */
export const searchTagValuesV2Response: Message = {
  tagValues: many(1, () => tagValue),
  metrics: one(2, () => metadataMetrics),
};

// ── Metrics ──────────────────────────────────────────────────────────────────────────────────────

/** QueryRangeRequest, without what Tempo's parts tell each other. */
export const queryRangeRequest: Message = {
  query: field(1, "string"),
  start: field(2, "uint64"),
  end: field(3, "uint64"),
  step: field(4, "uint64"),
  exemplars: field(16, "uint32"),
  maxSeries: field(17, "uint32"),
};

/** QueryInstantRequest. */
export const queryInstantRequest: Message = {
  query: field(1, "string"),
  start: field(2, "uint64"),
  end: field(3, "uint64"),
};

const sample: Message = { value: field(1, "double"), timestampMs: field(2, "int64") };

const exemplar: Message = {
  labels: many(1, () => keyValue),
  value: field(2, "double"),
  timestampMs: field(3, "int64"),
};

const timeSeries: Message = {
  labels: many(1, () => keyValue),
  samples: many(2, () => sample),
  exemplars: many(4, () => exemplar),
};

/** QueryRangeResponse. */
export const queryRangeResponse: Message = {
  series: many(1, () => timeSeries),
  metrics: one(2, () => searchMetrics),
  status,
  message: field(4, "string"),
};

const instantSeries: Message = { labels: many(1, () => keyValue), value: field(2, "double") };

/** QueryInstantResponse. */
export const queryInstantResponse: Message = {
  series: many(1, () => instantSeries),
  metrics: one(2, () => searchMetrics),
  status,
  message: field(4, "string"),
};
