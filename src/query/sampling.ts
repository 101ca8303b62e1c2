/** Use cases about what is worth keeping. */
import { Fault } from "../base/fault.ts";
import type { Policies } from "../sampling/policy.ts";
import { asked } from "../store/query-faults.ts";
import { isPinned, readPinned, setPinned } from "../store/sampling/pins.ts";
import { type LedgerEntry, readLedger } from "../store/sampling/read-ledger.ts";
import type { TriedPolicies } from "../store/sampling/read-outcome.ts";
import type { QueryOptions } from "./query-options.ts";
import { tryPolicies } from "./sampling-try.ts";
import { createQueries } from "./traces.ts";

/** What the doors may ask. All throw Fault "timeout" or "unavailable" when the store cannot answer. */
export interface SamplingQueries {
  /** Keeps a trace from being thinned away. Throws Fault "notFound" if none of its spans is stored. */
  pin(traceId: string): Promise<void>;
  /** Lets it go again, with its day's next thinning. */
  unpin(traceId: string): Promise<void>;
  /** Ids of the pinned traces, the newest pin first, at most 10,000. */
  pinned(): Promise<string[]>;
  /** Whether one is pinned. */
  isPinned(traceId: string): Promise<boolean>;
  /** What has been thinned, the newest first, at most 100 entries. */
  ledger(): Promise<LedgerEntry[]>;
  /** What policies would do with the spans of the last so many seconds. */
  tryPolicies(policies: Policies, sinceSeconds: number): Promise<TriedPolicies>;
}

const MOST_PINNED = 10_000;
const MOST_ENTRIES = 100;

/** Whose traces they are, which is one tenant, and where. */
export interface SamplingOptions extends QueryOptions {
  readonly tenant: string;
}

/** The use cases over one store. */
export function createSampling(options: SamplingOptions): SamplingQueries {
  const { client, database, tenant } = options;
  return {
    pin: async (traceId) => {
      const { columns } = await createQueries(options).trace({ traceId });
      if (columns.length === 0) {
        throw new Fault("notFound", `no span of trace ${traceId} is stored`);
      }
      await asked(() => setPinned(client, database, { tenant, traceId, isPinned: true }));
    },
    unpin: (traceId) =>
      asked(() => setPinned(client, database, { tenant, traceId, isPinned: false })),
    tryPolicies: (policies, sinceSeconds) => tryPolicies(options, policies, sinceSeconds),
    isPinned: (traceId) => asked(() => isPinned(client, database, { tenant, traceId })),
    ledger: () => asked(() => readLedger(client, database, { tenant, limit: MOST_ENTRIES })),
    pinned: () => asked(() => readPinned(client, database, { tenant, limit: MOST_PINNED })),
  };
}
