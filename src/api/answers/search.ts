/** Searches, series, attributes and failures in answers. */
import { z } from "zod";
import { keyScopes } from "../../model/attribute-key.ts";
import { httpStatus } from "../status.ts";
import type { FailureCode } from "../status.ts";
import { count, list, shape } from "./kinds.ts";
import { double, keyValue, spanId, traceSummary, unixNano } from "./trace.ts";

/** What it took to answer, and how much of the question the answer covers. */
export const receipt = shape({
  rowsRead: count().describe("By ClickHouse"),
  bytesRead: count(),
  storeMs: z.number().describe("Time in ClickHouse"),
  clewMs: z.number().describe("Time in Clew"),
  slices: shape({ done: count(), total: count() }).describe(
    "Stretches of time: the question is asked of one after the other",
  ),
  candidates: count().describe(
    "Traces that were looked at whole; 0 where ClickHouse answered alone",
  ),
  inspectedSpans: count(),
  complete: z.boolean(),
  incompleteBecause: z.string().exactOptional().describe("A sentence"),
  upToNano: unixNano.describe(
    "Spans up to this moment, in nanoseconds since 1970, are in the answer as far as they have arrived",
  ),
});

const codes = Object.keys(httpStatus) as [FailureCode, ...FailureCode[]];

/** What is wrong with a TraceQL query, and where. */
export const queryProblem = shape({
  message: z.string(),
  from: count().describe("In UTF-16 code units of the query"),
  to: count().describe("Not included"),
});

/** What every failure answers. */
export const errorAnswer = shape({
  error: shape({
    code: z.enum(codes),
    message: z.string(),
    problems: list(queryProblem)
      .exactOptional()
      .describe("Of a query that cannot be asked: all that is wrong with it"),
  }),
});

const foundTrace = shape({
  summary: traceSummary,
  spansets: list(
    shape({
      matched: count().describe("How many spans it has"),
      attributes: list(keyValue),
      spans: list(
        shape({
          spanId,
          name: z.string().describe("Empty unless the query mentions it"),
          startUnixNano: unixNano,
          durationNano: z.number(),
          attributes: list(keyValue).describe("What the query mentions or selects"),
        }),
      ).describe("The first of them"),
    }),
  ),
});

/** `GET /search`. */
export const searchAnswer = shape({ traces: list(foundTrace), receipt });

/** A line of `GET /search` with `accept: application/x-ndjson`. */
export const searchProgress = z.union([
  shape({
    found: list(foundTrace).describe("In the answer for sure, each told once"),
    receipt,
  }),
  shape({ answer: searchAnswer }),
  errorAnswer,
]);

/** `GET /metrics`. */
export const metricsAnswer = shape({
  timesMs: list(z.number()).describe(
    "Of the samples, in milliseconds since 1970: each is about the time before it, a step long",
  ),
  stepMs: z.number(),
  series: list(
    shape({
      labels: list(keyValue),
      values: list(double.nullable()).describe("By sample; null where there is none"),
      exemplars: list(
        shape({ timeMs: z.number(), value: double, labels: list(keyValue) }),
      ).describe("Spans that stand for others; the label trace:id says of which trace"),
    }),
  ).describe("In the order of their labels"),
  truncated: z.boolean().describe("There are more series than were asked for"),
  receipt,
});

/** `GET /tags`. */
export const tagsAnswer = shape({
  scopes: list(shape({ name: z.enum(keyScopes), tags: list(z.string()) })),
  receipt,
});

/** `GET /tag-values`. */
export const tagValuesAnswer = shape({
  values: list(
    shape({
      type: z.enum(["string", "int", "float", "bool", "keyword"]),
      value: z.string().describe("As text, like 7, 2.5, true, checkout"),
    }),
  ),
  receipt,
});
