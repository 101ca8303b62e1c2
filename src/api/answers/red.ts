/** Calls, errors and durations in answers; see `contract.ts`. */
import { z } from "zod";
import { spanKinds } from "../../model/trace.ts";
import type {
  ErrorsAnswer,
  RedAnswer,
  RedHeatmapAnswer,
  ServicesAnswer,
  VersionsAnswer,
} from "../contract.ts";
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
  p50Nano: nano,
  p95Nano: nano,
  p99Nano: nano,
};

/** `GET /red`. */
export const redAnswer: z.ZodType<RedAnswer> = shape({
  stepSeconds: z.number(),
  times,
  series: list(
    shape({
      service: z.string().exactOptional(),
      name: z.string().exactOptional(),
      kind: z.enum(spanKinds).exactOptional(),
      total: shape(totals),
      calls: perStep,
      errors: perStep,
      p50Nano: nanoPerStep,
      p95Nano: nanoPerStep,
      p99Nano: nanoPerStep,
    }),
  ).describe("Most calls first"),
});

/** `GET /red/heatmap`. */
export const redHeatmapAnswer: z.ZodType<RedHeatmapAnswer> = shape({
  stepSeconds: z.number(),
  times,
  cells: shape({ steps: perStep, upperNano: perStep, calls: perStep }),
  exemplars: shape({
    steps: perStep,
    upperNano: perStep,
    traceIds: list(traceId),
    spanIds: list(spanId),
  }),
});

/** `GET /services`. */
export const servicesAnswer: z.ZodType<ServicesAnswer> = shape({
  services: list(
    shape({
      service: z.string(),
      isOfRequests: z
        .boolean()
        .describe("Of the requests that it got, rather than of all its spans"),
      ...totals,
      series: shape({ calls: perStep, errors: perStep, p95Nano: nanoPerStep }).exactOptional(),
    }),
  ).describe("Sorted by name"),
  times: times.exactOptional(),
  stepSeconds: z.number().exactOptional(),
});

/** `GET /errors`. */
export const errorsAnswer: z.ZodType<ErrorsAnswer> = shape({
  stepSeconds: z.number(),
  times,
  groups: list(
    shape({
      service: z.string(),
      type: z.string(),
      template: z.string().describe("The message with … for what is different every time"),
      spans: z.number(),
      counts: perStep,
      firstSeconds: z.number(),
      lastSeconds: z.number(),
      names: list(z.string()).describe("Names that most of the spans have"),
      sample: shape({
        traceId,
        spanId,
        startSeconds: z.number(),
        message: z.string(),
      }).describe("The newest"),
    }),
  ).describe("Most spans first"),
  groupCount: count(),
});

/** `GET /versions`. */
export const versionsAnswer: z.ZodType<VersionsAnswer> = shape({
  versions: list(
    shape({
      version: z.string(),
      firstSeconds: z.number(),
      lastSeconds: z.number(),
      spans: z.number(),
      isNew: z.boolean().describe("It sent nothing in the hour before"),
    }),
  ).describe("The earliest first"),
});
