/** Calls, errors and durations in answers. */
import { z } from "zod";
import { spanKinds } from "../../model/trace.ts";
import { count, list, shape } from "./kinds.ts";
import { spanId, traceId } from "./trace.ts";

const nano = z.number().nullable().describe("Nanoseconds; null where there was no call");
const perStep = list(z.number());
const nanoPerStep = list(nano);
const times = list(z.number()).describe("When each step begins, in seconds since 1970");

const totals = {
  calls: z.number().describe("Those that a sampler left out count, too"),
  errors: z.number(),
  averageNano: nano,
  p50Nano: nano.describe("Within 2 %, as all quantiles are; null where there was no call"),
  p95Nano: nano,
  p99Nano: nano,
};

/** `GET /red`. */
export const redAnswer = shape({
  stepSeconds: z.number(),
  times,
  series: list(
    shape({
      service: z.string().exactOptional().describe("Absent if all services are in it"),
      name: z.string().exactOptional().describe("Absent unless it is of one operation"),
      kind: z.enum(spanKinds).exactOptional(),
      total: shape(totals),
      calls: perStep.describe("An item for each of `times`, as in the lists below"),
      errors: perStep,
      p50Nano: nanoPerStep,
      p95Nano: nanoPerStep,
      p99Nano: nanoPerStep,
    }),
  ).describe("Most calls first"),
});

/** `GET /red/heatmap`. */
export const redHeatmapAnswer = shape({
  stepSeconds: z.number(),
  times,
  cells: shape({ steps: perStep, upperNano: perStep, calls: perStep }).describe(
    "How many calls took at most so long, and more than 3.9 % less, by step",
  ),
  exemplars: shape({
    steps: perStep,
    upperNano: perStep,
    traceIds: list(traceId),
    spanIds: list(spanId),
  }).describe(
    "Spans that took at most so long, and more than 1 / √2 of it; none if steps are whole hours",
  ),
});

/** `GET /services`. */
export const servicesAnswer = shape({
  services: list(
    shape({
      service: z.string(),
      isOfRequests: z
        .boolean()
        .describe("Of the requests that it got; false if it got none: then of all its spans"),
      ...totals,
      series: shape({ calls: perStep, errors: perStep, p95Nano: nanoPerStep }).exactOptional(),
    }),
  ).describe("Sorted by name"),
  times: times.exactOptional(),
  stepSeconds: z.number().exactOptional(),
});

/** `GET /errors`. */
export const errorsAnswer = shape({
  stepSeconds: z.number(),
  times,
  groups: list(
    shape({
      service: z.string(),
      type: z
        .string()
        .describe("Of the last exception, else of exception.type or error.type; or empty"),
      template: z
        .string()
        .describe(
          "The exception's message, else the status's, with … for numbers, ids and quoted texts",
        ),
      spans: z.number().describe("Those that a sampler left out count, too"),
      counts: perStep,
      firstSeconds: z.number().describe("When the first of them started, in seconds since 1970"),
      lastSeconds: z.number(),
      names: list(z.string()).describe("Names that most of the spans have, three at most"),
      sample: shape({
        traceId,
        spanId,
        startSeconds: z.number(),
        message: z.string().describe("The first 1,000 characters"),
      }).describe("The newest"),
    }),
  ).describe("Most spans first"),
  groupCount: count().describe("Of all groups, also those that are left out"),
});

/** `GET /versions`. */
export const versionsAnswer = shape({
  versions: list(
    shape({
      version: z.string(),
      firstSeconds: z
        .number()
        .describe(
          "When its first span started, in seconds since 1970: in this time or an hour before",
        ),
      lastSeconds: z.number(),
      spans: z.number(),
      isNew: z.boolean().describe("It sent nothing in the hour before"),
    }),
  ).describe("The earliest first"),
});
