/** What `GET /api/clew/v1/system` answers. */
import { z } from "zod";
import { count, list, shape } from "./kinds.ts";

const perStep = list(z.number().nullable());

const question = shape({
  path: z.string().describe("What was asked, without its parameters"),
  query: z.string().describe("Its parameters, decoded"),
  startedAtMs: z.int().describe("Unix milliseconds"),
  seconds: z.number().min(0).describe("How long it takes so far, or took"),
  status: z.int().nullable().describe("HTTP status; null while it is being answered"),
});

/** Clew's own state. Counts are since it started, times in seconds unless their names say otherwise. */
export const systemAnswer = shape({
  version: z.string(),
  startedAtSeconds: z.number(),
  nowSeconds: z.number(),
  summary: z.string().describe("What goes on, as a sentence"),
  findings: list(
    shape({
      severity: z.enum(["wrong", "odd"]),
      sentence: z.string(),
      advice: z.string().describe("What helps"),
    }),
  ).describe("What is wrong, the worst first; empty if nothing is"),
  history: shape({
    stepSeconds: z.number(),
    times: list(z.number()).describe("When each step begins, in seconds since 1970"),
    receivedPerSecond: perStep.describe("Spans"),
    refusedPerSecond: perStep.describe("Spans"),
    insertAverageSeconds: perStep,
    insertP95Seconds: perStep,
    logBytes: perStep.describe("At the end of the step"),
    queuedSpans: perStep.describe("At the end of the step"),
  }).describe("The last hour; null where nothing is known"),
  ingest: shape({
    spansReceived: count(),
    spansStored: count(),
    bytesReceived: count(),
    queuedSpans: count().describe("Taken, and not yet confirmed by ClickHouse"),
    logBytes: count(),
    logLimitBytes: count(),
    memoryBytes: count(),
    memoryLimitBytes: count(),
    insertP95Seconds: z.number().nullable().describe("Of the last hour"),
  }),
  refusals: list(
    shape({
      what: z.enum(["spans", "request", "connection", "spansAtDoor"]),
      door: z.string().describe("Like otlp_grpc; empty where it is not counted by door"),
      reason: z.string(),
      words: z.string().describe("The reason in words"),
      total: count(),
      lastHour: count(),
    }),
  ).describe("The most frequent in the last hour first"),
  store: shape({
    version: z.string(),
    uptimeSeconds: count(),
    disks: list(
      shape({ name: z.string(), path: z.string(), freeBytes: count(), totalBytes: count() }),
    ),
    tables: list(
      shape({
        name: z.string(),
        rows: count(),
        bytes: count().describe("On disk"),
        parts: count(),
        mostParts: count().describe("In the partition that has the most"),
      }),
    ).describe("The largest first"),
    days: z
      .tuple([z.string(), z.string()])
      .readonly()
      .exactOptional()
      .describe("The first and the last day of which there are spans"),
    merges: shape({ running: count(), bytes: count() }),
    statements: shape({
      running: count(),
      inserts: count(),
      longestSeconds: z.number().min(0),
      memoryBytes: count(),
    }),
  })
    .nullable()
    .describe("ClickHouse; null if it did not answer"),
  storeProblem: z.string().exactOptional().describe("Why store is null"),
  questions: shape({
    running: list(question).describe("The longest first"),
    slow: list(question).describe(
      "Of the last hour, those that took over a second, the longest first",
    ),
  }).describe("What is asked of this port; those of the tenant that asks"),
});
