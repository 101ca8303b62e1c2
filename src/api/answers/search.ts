/** Searches, series, attributes and failures in answers; see `contract.ts`. */
import { z } from "zod";
import { keyScopes } from "../../model/attribute-key.ts";
import type {
  ErrorAnswer,
  MetricsAnswer,
  ReceiptAnswer,
  SearchAnswer,
  SearchProgress,
  TagsAnswer,
  TagValuesAnswer,
} from "../contract.ts";
import { httpStatus } from "../status.ts";
import type { FailureCode } from "../status.ts";
import { count, list, shape } from "./kinds.ts";
import { double, keyValue, spanId, traceSummary, unixNano } from "./trace.ts";

/** What it took to answer. */
export const receipt: z.ZodType<ReceiptAnswer> = shape({
  rowsRead: count(),
  bytesRead: count(),
  storeMs: z.number(),
  clewMs: z.number(),
  slices: shape({ done: count(), total: count() }),
  candidates: count().describe("Traces that were looked at whole"),
  inspectedSpans: count(),
  complete: z.boolean(),
  incompleteBecause: z.string().exactOptional(),
  upToNano: unixNano,
});

const codes = Object.keys(httpStatus) as [FailureCode, ...FailureCode[]];

/** What every failure answers. */
export const errorAnswer: z.ZodType<ErrorAnswer> = shape({
  error: shape({
    code: z.enum(codes),
    message: z.string(),
    problems: list(
      shape({
        message: z.string(),
        from: count().describe("In UTF-16 code units of the query"),
        to: count(),
      }),
    )
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
          name: z.string(),
          startUnixNano: unixNano,
          durationNano: z.number(),
          attributes: list(keyValue),
        }),
      ).describe("The first of them"),
    }),
  ),
});

/** `GET /search`. */
export const searchAnswer: z.ZodType<SearchAnswer> = shape({ traces: list(foundTrace), receipt });

/** A line of `GET /search` with `accept: application/x-ndjson`. */
export const searchProgress: z.ZodType<SearchProgress> = z.union([
  shape({ found: list(foundTrace), receipt }),
  shape({ answer: searchAnswer }),
  errorAnswer,
]);

/** `GET /metrics`. */
export const metricsAnswer: z.ZodType<MetricsAnswer> = shape({
  timesMs: list(z.number()),
  stepMs: z.number(),
  series: list(
    shape({
      labels: list(keyValue),
      values: list(double.nullable()),
      exemplars: list(shape({ timeMs: z.number(), value: double, labels: list(keyValue) })),
    }),
  ),
  truncated: z.boolean(),
  receipt,
});

/** `GET /tags`. */
export const tagsAnswer: z.ZodType<TagsAnswer> = shape({
  scopes: list(shape({ name: z.enum(keyScopes), tags: list(z.string()) })),
  receipt,
});

/** `GET /tag-values`. */
export const tagValuesAnswer: z.ZodType<TagValuesAnswer> = shape({
  values: list(
    shape({
      type: z.enum(["string", "int", "float", "bool", "keyword"]),
      value: z.string().describe("As text"),
    }),
  ),
  receipt,
});
