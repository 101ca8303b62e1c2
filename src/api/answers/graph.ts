/** The service graph in answers. */
import { z } from "zod";
import { connections } from "../../model/edge-sums.ts";
import { nodeKinds } from "../../model/graph-node.ts";
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
export const graphAnswer = shape({
  fromSeconds: z.number().describe("A whole minute, in seconds since 1970"),
  toSeconds: z.number(),
  isComplete: z.boolean().describe("False while spans of that time have yet to be looked at"),
  nodes: list(
    shape({
      name: z.string(),
      kind: z.enum(nodeKinds),
    }),
  ).describe("Sorted by name"),
  edges: list(
    shape({
      client: z.string(),
      server: z.string(),
      connection: z
        .enum(connections)
        .exclude(["unpaired"])
        .describe(
          "A message is up to three edges: to the queue, from it, and from service to service",
        ),
      via: z.string().exactOptional().describe("The queue between them, if its sender names it"),
      calls: z.number().describe("Those that a sampler left out count, too"),
      failed: z.number().describe("With status error on either side"),
      clientSide: side,
      serverSide: side,
    }),
  ).describe("Sorted by client, server, connection and queue"),
});
