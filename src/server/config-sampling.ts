import { z } from "zod";
import { section, settings, whole } from "./setting-kinds.ts";

/** The settings of sampling. */
export const sampling = section({
  policyFile: z
    .string()
    .regex(/\S/)
    .optional()
    .register(settings, {
      kind: "text",
      expects: "the path of a YAML file",
      about:
        "Policies that say which traces are worth keeping; docs/sampling.md. By them days are thinned" +
        " in hindsight. Read again before each day, so it may change meanwhile. Left out, everything" +
        " is kept. Of several Clews on one ClickHouse only one may have it; not for clusters.",
    }),
  fullHours: whole({ min: 1, max: 8760, unit: "hours" }, 24, {
    about:
      "How long everything is kept in full, whatever the policies say, after the end of its day.",
    whenReached: "The day is rewritten without the traces that no policy keeps.",
  }),
  everySeconds: whole({ min: 1, max: 86_400, unit: "seconds" }, 600, {
    about: "How often Clew looks whether a day is to be thinned.",
  }),
});
