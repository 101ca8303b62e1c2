import { z } from "zod";
import { section, settings, whole } from "./setting-kinds.ts";

function optionalPort(about: string) {
  return z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .register(settings, { kind: "number", expects: "a whole number from 0 to 65535", about });
}

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
  doorFile: z
    .string()
    .regex(/\S/)
    .optional()
    .register(settings, {
      kind: "text",
      expects: "the path of a YAML file",
      about:
        "What is taken of each service before anything is written, for those who cannot write it all;" +
        " docs/sampling.md. When it changes it is read again. Limits hold in each ingest worker. Left out," +
        " everything is taken.",
    }),
  jaegerHttpPort: optionalPort(
    "Port at which samplers in SDKs ask for their strategy by HTTP, as with Jaeger, where it is 5778." +
      " Left out, there is none.",
  ),
  jaegerGrpcPort: optionalPort(
    "The same by gRPC (jaeger.api_v2.SamplingManager); with Jaeger it is 5779, or 14250 of old.",
  ),
  strategyFile: z
    .string()
    .regex(/\S/)
    .optional()
    .register(settings, {
      kind: "text",
      expects: "the path of a JSON or YAML file",
      about:
        "Strategies that samplers are told, in the format of Jaeger's file. When it changes it is read" +
        " again. Left out, or for services that it does not name: a share of 0.001, as with Jaeger.",
    }),
  targetSpansPerSecond: z
    .number()
    .min(0.001)
    .max(1_000_000)
    .optional()
    .register(settings, {
      kind: "number",
      expects: "a number from 0.001 to 1000000",
      about:
        "Spans a second that each operation of a service shall send: shares of services that" +
        " strategyFile does not name follow their traffic, once a minute. Left out, they do not.",
    }),
});
