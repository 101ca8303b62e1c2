/** What `/api/clew/v1/sampling`, `/sampling/try` and `/pins` answer, and what they are sent. */
import { z } from "zod";
import { count, list, shape } from "./kinds.ts";
import { traceId } from "./trace.ts";

/** `GET /api/clew/v1/sampling`. */
export const samplingAnswer = shape({
  inForce: shape({
    file: z.string().describe("Path of sampling.policyFile on the server"),
    text: z.string().describe("The file as it is now"),
    problem: z
      .string()
      .exactOptional()
      .describe("Why it cannot be used; nothing is thinned until that is mended"),
    policies: list(
      shape({
        name: z.string(),
        match: z.string().exactOptional().describe("TraceQL; absent for the default"),
        keep: z.string(),
      }),
    ).describe("In their order, the default last; empty if there is a problem"),
  })
    .nullable()
    .describe("Null if sampling.policyFile is not set: everything is kept"),
  fullHours: count().describe("How long after its end a day is left as it is"),
  thinningProblem: z.string().exactOptional().describe("Why days could not be thinned lately"),
  ledger: list(
    shape({
      day: z.string().describe("Like 2026-01-31, UTC"),
      thinnedAtSeconds: z.number(),
      spansBefore: count(),
      spansAfter: count(),
      bytesBefore: count(),
      bytesAfter: count(),
      policies: list(
        shape({ name: z.string(), keptTraces: count(), droppedTraces: count() }),
      ).describe(
        "What was decided about the traces of this day altogether, of the tenant that asks",
      ),
    }),
  ).describe("What was thinned, the newest first, at most 100"),
});

/** The body of `POST /api/clew/v1/sampling/try`. */
export const tryBody = z.strictObject({
  policies: z.string().describe("A policy file"),
  since: z
    .int()
    .min(1)
    .max(366 * 86_400)
    .default(3600)
    .describe("Seconds up to now"),
});

/** The body of `POST /api/clew/v1/pins`. */
export const pinBody = z.strictObject({
  traceId: z.string().min(1).describe("Up to 32 hexadecimal digits"),
});

const amount = shape({
  traces: count(),
  spans: count(),
  bytes: count().describe("On disk, about"),
});

/** `POST /sampling/try`. */
export const tryAnswer = shape({
  policies: list(
    shape({
      name: z.string(),
      keep: z.string().describe("Of the policy, as text"),
      match: z.string().exactOptional().describe("TraceQL; absent for the default"),
      kept: amount,
      dropped: amount,
    }),
  ).describe("In their order, the default last"),
  kept: amount,
  dropped: amount,
  undecided: amount.describe(
    "Kept because a filter could not be calculated for them; in no policy's numbers",
  ),
  invisibleServices: list(z.string()).describe("They have spans, none of which would be kept"),
});

/** `GET /pins`. */
export const pinsAnswer = shape({
  traceIds: list(traceId).describe("The newest pin first, at most 10,000"),
});

/** `POST /pins`, and `GET` and `DELETE /pins/{traceId}`. */
export const pinAnswer = shape({ traceId, isPinned: z.boolean() });
