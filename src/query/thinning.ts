/**
 * Sampling in hindsight: days that have been there in full long enough are rewritten without the traces
 * that no policy keeps. See `store/sampling/` for how. It may die at any step, and is begun again with
 * the same result: decisions are recorded before anything is deleted, and each trace is decided once.
 */
import type { Logger } from "../base/log.ts";
import type { Policies } from "../sampling/policy.ts";
import type { Settings, StoreClient } from "../store/client.ts";
import { collectFacts, dropFacts, type Judging, makeFacts } from "../store/sampling/facts.ts";
import { judgeUnknown } from "../store/sampling/judge-unknown.ts";
import { dueDays, recordDecisions, recordThinned, waitingDays } from "../store/sampling/ledger.ts";
import {
  beginRewrite,
  copyKept,
  recover,
  type RewrittenDay,
  swap,
} from "../store/sampling/rewrite.ts";
import { date } from "../store/sampling/decisions.ts";
import type { SpansTable } from "../store/schema.ts";
import { sql } from "../store/sql.ts";

/** What thinning needs to know. */
export interface ThinningOptions {
  /** Waits long for an answer: a day's worth of spans is copied in one statement. */
  readonly client: StoreClient;
  readonly database: string;
  readonly table: () => SpansTable;
  /** The policies as they are now, and as the file has them. */
  readonly policies: () => { readonly policies: Policies; readonly text: string };
  /** How long a day is left as it is after its end. */
  readonly fullHours: number;
  /** Larger traces are kept. */
  readonly maxTraceSpans: number;
  readonly nowSeconds: () => number;
  readonly log: Logger;
  /** Called before each step, and waited for. */
  readonly onStep?: (step: string) => Promise<void>;
}

/** A day that was thinned. */
export interface ThinnedDay {
  readonly day: string;
  readonly spansBefore: number;
  readonly spansAfter: number;
}

const FACTS = "sampling_facts";
/** Days to which late spans come are not thinned more often. */
const LATE_SECONDS = 3600;

/** What thinning may take. Larger groups and sorts go to disk. */
const settings: Settings = {
  max_execution_time: 0,
  max_memory_usage: "1000000000",
  max_bytes_before_external_group_by: "250000000",
  max_bytes_before_external_sort: "250000000",
  max_insert_threads: "1",
  min_insert_block_size_bytes: "64000000",
  optimize_on_insert: 0,
};

/** Thins all days that are due, the oldest first. Throws Fault when it cannot go on. */
export async function thinDueDays(options: ThinningOptions): Promise<ThinnedDay[]> {
  const { client, database, fullHours, nowSeconds } = options;
  const due = await dueDays(
    { client, database },
    { nowSeconds: nowSeconds(), fullHours, lateSeconds: LATE_SECONDS },
  );
  const thinned: ThinnedDay[] = [];
  for (const day of due) thinned.push(...(await thinDay(options, day)));
  return thinned;
}

/** Thins one day, and takes from the days before it what waited for it. */
async function thinDay(options: ThinningOptions, day: string): Promise<ThinnedDay[]> {
  const rewriting = { client: options.client, database: options.database, settings };
  const judging = { ...rewriting, facts: FACTS, table: options.table() };
  const { onStep = async () => {} } = options;
  await onStep("recover");
  await recover(rewriting);
  try {
    const waiting = await waitingDays(rewriting, day);
    await onStep("begin");
    const before = await beginRewrite(rewriting, [...waiting, day]);
    const { text } = await decideDay(options, judging, { day, before });
    await onStep("copy");
    await copyKept(rewriting, before, day);
    const after = await swap(rewriting, before, onStep);
    await onStep("record");
    const pairs = before.map((one, i) => ({ before: one, after: after[i]! }));
    await recordThinned(rewriting, pairs, text);
    await dropFacts(judging);
    return pairs.map((pair) => {
      const { day: of, spans } = pair.before;
      const result = { day: of, spansBefore: spans, spansAfter: pair.after.spans };
      options.log.info("a day was thinned", result);
      return result;
    });
  } catch (error) {
    await recover(rewriting).catch(() => {});
    throw error;
  }
}

interface DecidedDay {
  readonly day: string;
  readonly before: readonly RewrittenDay[];
}

async function decideDay(
  options: ThinningOptions,
  judging: Judging,
  { day, before }: DecidedDay,
): Promise<{ readonly text: string }> {
  const { onStep = async () => {} } = options;
  const { policies, text } = options.policies();
  await onStep("facts");
  await makeFacts(judging);
  const isOwn = sql`toDate(time_bucket) = ${date(day)}`;
  const seen = sql`toDate(time_bucket) >= ${date(day)} AND toDate(time_bucket) <= ${date(day)} + 1`;
  await collectFacts(judging, policies, { seen, own: isOwn });
  await onStep("judge");
  await judgeUnknown(judging, policies, options.maxTraceSpans);
  await onStep("decide");
  const own = before.find((one) => one.day === day);
  const bytesPerSpan = own === undefined ? 0 : own.bytes / Math.max(1, own.spans);
  const { client, database } = options;
  const rewriting = { client, database, settings };
  await recordDecisions(rewriting, { database, facts: FACTS, policies, bytesPerSpan, day });
  return { text };
}
