/** Clew's look at itself, at an even pace. */
import type { Registry } from "prom-client";
import { every } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import { sampleOf } from "../query/system/sample.ts";
import { SAMPLE_MS, System, type SystemState } from "../query/system/system.ts";
import type { StoreClient } from "../store/client.ts";
import type { Config } from "./config.ts";
import type { Thinning } from "./thinning.ts";

interface SystemParts {
  readonly client: StoreClient;
  readonly log: Logger;
  readonly registry: () => Promise<Registry>;
  readonly trouble: () => Promise<readonly string[]>;
  readonly thinning: Thinning;
}

/** How Clew is, until it is closed. */
export interface SystemWatch {
  readonly startedAtMs: number;
  readonly state: () => Promise<SystemState>;
  close(): void;
}

/** Begins to look. */
export function watchSystem({ clickhouse }: Config, parts: SystemParts): SystemWatch {
  const { client, log, registry, trouble, thinning } = parts;
  const system = new System({
    client,
    database: clickhouse.database,
    sample: async () => sampleOf(await (await registry()).getMetricsAsJSON(), Date.now()),
    trouble,
    thinningProblem: () => thinning.problem(),
  });
  const repeated = every(
    SAMPLE_MS,
    () => system.look(),
    (error) => {
      log.warn("the counters could not be looked at", { error });
    },
  );
  return {
    startedAtMs: Date.now(),
    state: () => system.state(),
    close: () => repeated.close(),
  };
}
