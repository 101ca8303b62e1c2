/** What `GET /api/clew/v1/status` answers. */
import { z } from "zod";
import type { StatusAnswer } from "../contract.ts";
import { count, list, shape } from "./kinds.ts";

/** Whether Clew works, in short. */
export const statusAnswer: z.ZodType<StatusAnswer> = shape({
  version: z.string(),
  otlp: shape({ grpcPort: count(), httpPort: count() }).describe("Where spans are taken"),
  spansReceived: count().describe("Since this Clew started"),
  hasSpans: z.boolean(),
  trouble: list(z.string()).describe("What keeps Clew from its work, or will soon, in sentences"),
});
