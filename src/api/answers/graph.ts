/** The service graph in answers; see `contract.ts`. */
import { z } from "zod";
import type { GraphAnswer } from "../contract.ts";
import { list, shape } from "./kinds.ts";

const side = shape({
  calls: z.number(),
  averageNano: z.number(),
  p50Nano: z.number(),
  p95Nano: z.number(),
  p99Nano: z.number(),
})
  .nullable()
  .describe("As one side saw the calls; null without any span of that side");

/** `GET /graph`. */
export const graphAnswer: z.ZodType<GraphAnswer> = shape({
  fromSeconds: z.number(),
  toSeconds: z.number(),
  isComplete: z.boolean().describe("False while spans of that time have yet to be looked at"),
  nodes: list(
    shape({
      name: z.string(),
      kind: z.enum(["service", "queue", "database", "peer", "caller"]),
    }),
  ),
  edges: list(
    shape({
      client: z.string(),
      server: z.string(),
      connection: z.enum(["call", "messaging", "send", "receive", "database", "peer", "caller"]),
      via: z.string().exactOptional().describe("The queue between them"),
      calls: z.number(),
      failed: z.number(),
      clientSide: side,
      serverSide: side,
    }),
  ),
});
