/** Traces in answers, as `model/trace.ts` has them. */
import { z } from "zod";
import {
  type AnyValue,
  spanKinds,
  spanStatuses,
  type Trace,
  type TraceSummary,
} from "../../model/trace.ts";
import type { KeyValue } from "../../model/trace.ts";
import { count, list, shape } from "./kinds.ts";

/** 32 lower-case hex digits. */
export const traceId = z.string().regex(/^[0-9a-f]{32}$/);
/** 16 lower-case hex digits. */
export const spanId = z.string().regex(/^[0-9a-f]{16}$/);
/** Unix nanoseconds: more than a JSON number holds. */
export const unixNano = z
  .string()
  .regex(/^-?\d+$/)
  .describe("Decimal nanoseconds since 1970");

/** A double, with words for what a JSON number cannot say. */
export const double = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity", "-0"])]);

/** OTLP's AnyValue in its JSON mapping. */
export const anyValue: z.ZodType<AnyValue> = z.union([
  shape({ stringValue: z.string() }),
  shape({ boolValue: z.boolean() }),
  shape({ intValue: z.string().describe("Decimal") }),
  shape({ doubleValue: double }),
  shape({ bytesValue: z.string().describe("Base64") }),
  shape({ arrayValue: shape({ values: list(z.lazy(() => anyValue)) }) }),
  shape({ kvlistValue: shape({ values: list(z.lazy(() => keyValue)) }) }),
  shape({}),
]);

/** One attribute. */
export const keyValue: z.ZodType<KeyValue> = shape({
  key: z.string(),
  value: z.lazy(() => anyValue),
});

const attributes = list(keyValue);

const span = shape({
  spanId: spanId.describe("Not unique within a trace: Zipkin's shared spans are two"),
  parentSpanId: spanId.exactOptional().describe("Absent for a root"),
  resource: count().describe("Index into the trace's resources"),
  scope: count().describe("Index into the trace's scopes"),
  name: z.string(),
  kind: z.enum(spanKinds),
  startNano: z.number().describe("Nanoseconds since the trace's start"),
  durationNano: z.number().describe("Negative for a span that ends before it starts"),
  status: z.enum(spanStatuses),
  statusMessage: z.string(),
  traceState: z.string(),
  flags: count(),
  attributes,
  events: list(
    shape({
      name: z.string(),
      timeNano: z.number().describe("Since the trace's start; negative if before it"),
      attributes,
      droppedAttributesCount: count(),
    }),
  ),
  links: list(
    shape({
      traceId,
      spanId,
      traceState: z.string(),
      flags: count(),
      attributes,
      droppedAttributesCount: count(),
    }),
  ),
  droppedAttributesCount: count(),
  droppedEventsCount: count(),
  droppedLinksCount: count(),
  marks: list(z.enum(["endsBeforeStart", "farFuture", "farPast"])).describe(
    "What is odd about its times",
  ),
});

/** The spans known of one trace, sorted by start, then span id. */
export const trace: z.ZodType<Trace> = shape({
  isPartial: z
    .literal(true)
    .exactOptional()
    .describe("There are more spans than may be read of one trace"),
  traceId,
  startUnixNano: unixNano,
  durationNano: z.number(),
  resources: list(
    shape({
      service: z.string(),
      attributes,
      droppedAttributesCount: count(),
      schemaUrl: z.string(),
    }),
  ),
  scopes: list(
    shape({
      name: z.string(),
      version: z.string(),
      attributes,
      droppedAttributesCount: count(),
      schemaUrl: z.string(),
    }),
  ),
  spans: list(span),
});

/** One line of a list of traces. */
export const traceSummary: z.ZodType<TraceSummary> = shape({
  traceId,
  rootService: z.string().describe("Empty while no root span has arrived"),
  rootName: z.string(),
  startUnixNano: unixNano,
  durationNano: z.number(),
  spanCount: count(),
  errorCount: count(),
  services: list(
    shape({
      name: z.string(),
      spanCount: count(),
      errorCount: count(),
      startNano: z.number().exactOptional().describe("Since the trace's start"),
      durationNano: z.number().exactOptional(),
    }),
  ).describe("Sorted by name"),
});

/** `GET /traces`. */
export const tracesAnswer = shape({
  traces: list(traceSummary).describe("The newest first"),
  services: list(z.string()).describe("Every service seen in the time asked for, sorted"),
});

/** `GET /traces/{traceId}/keys`. */
export const traceKeysAnswer = shape({
  span: list(z.string()).describe("Attributes that some span has, sorted"),
  resource: list(z.string()),
  scope: list(z.string()),
});
