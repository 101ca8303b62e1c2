/** The policy file, and the thinning of days by it. */
import type { PolicyFile } from "../api/sampling.ts";
import { every } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import { thinDueDays } from "../query/thinning.ts";
import type { Policies } from "../sampling/policy.ts";
import { readPolicies } from "../sampling/read-policies.ts";
import { createStoreClient } from "../store/client.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { dropTried } from "../store/sampling/facts.ts";
import { recover } from "../store/sampling/rewrite.ts";
import type { SpansTable } from "../store/schema.ts";
import type { Config } from "./config.ts";
import { readText } from "./watched-file.ts";

interface ThinningBuilding {
  readonly log: Logger;
  readonly endpoint: () => Endpoint;
  readonly table: () => SpansTable;
}

/** A day's worth of spans is copied in one statement, and nothing is heard of it meanwhile. */
const LONGEST_STATEMENT_MS = 12 * 3600_000;

interface ReadFile {
  readonly policies: Policies;
  readonly text: string;
}

function readFile(file: string): ReadFile {
  const text = readText(file);
  return { policies: readPolicies(text, file), text };
}

/** The policy file; undefined if there is to be none. */
export function policyFileOf({ sampling }: Config): PolicyFile | undefined {
  const { policyFile: file } = sampling;
  return file === undefined ? undefined : { file, read: () => readText(file) };
}

/** The thinning of days, as far as there is any. */
export interface Thinning {
  /** Why days could not be thinned when that was tried last; undefined if they could. */
  problem(): string | undefined;
  close(): Promise<void>;
}

/**
 * Thins days from now on, as far as there is a policy file. What a Clew that died in the middle has left
 * is taken back at once, since spans may be held back by it. Throws Fault "invalid" if the file is wrong.
 */
export async function startThinning(
  { clickhouse, sampling, query }: Config,
  { log, endpoint, table }: ThinningBuilding,
): Promise<Thinning> {
  const { policyFile, everySeconds, fullHours } = sampling;
  const client = createStoreClient(endpoint, { requestTimeoutMs: LONGEST_STATEMENT_MS });
  const { database, cluster, url } = clickhouse;
  if (cluster === undefined && (policyFile !== undefined || url === undefined)) {
    await recover({ client, database, settings: {} });
    await dropTried({ client, database });
  }
  if (policyFile === undefined) return { problem: () => undefined, close: () => client.close() };
  const file = policyFile;
  // Wrong at the start: Clew does not start. Wrong later: that is told, and nothing is thinned.
  readFile(file);
  const run = async (): Promise<void> => {
    readFile(file);
    await thinDueDays({
      client,
      database,
      table,
      policies: () => readFile(file),
      fullHours,
      maxTraceSpans: query.maxTraceSpans,
      nowSeconds: () => Math.floor(Date.now() / 1000),
      log,
    });
  };
  let problem: string | undefined;
  const runAndTell = async (): Promise<void> => {
    await run();
    problem = undefined;
  };
  const repeated = every(everySeconds * 1000, runAndTell, (error) => {
    log.error("days could not be thinned", { error });
    problem = error instanceof Error ? error.message : String(error);
  });
  return {
    problem: () => problem,
    close: async () => {
      repeated.close();
      await client.close();
    },
  };
}
