/** What `GET /api/clew/v1/status` answers. */
import { z } from "zod";
import { count, list, shape } from "./kinds.ts";

/** Whether Clew works, in short. */
export const statusAnswer = shape({
  version: z.string(),
  otlp: shape({ grpcPort: count(), httpPort: count() }).describe(
    "Where spans are taken: ports on the host that was asked",
  ),
  spansReceived: count().describe("Since this Clew started"),
  hasSpans: z.boolean().describe("False until the first span is in the store"),
  trouble: list(z.string()).describe(
    "What keeps Clew from its work, or will soon, in sentences; empty if nothing does",
  ),
});
