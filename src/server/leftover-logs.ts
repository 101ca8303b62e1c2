/**
 * Ingest logs that nobody writes to any more, because there are fewer workers now than there were (or
 * because they are from before logs had numbers). What they hold is inserted as it would have been, and
 * then they are removed: what was acknowledged is never stranded.
 */
import { readdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MemoryBudget } from "../base/memory-budget.ts";
import { createMetrics, type Metrics } from "../base/metrics.ts";
import { recentDigests } from "./ingest-node.ts";
import {
  findDigests,
  ingestFolder,
  newBudget,
  LOG_KEEP_MS,
  openQueue,
  type Queue,
  type QueueParts,
} from "./ingest-queue.ts";
import { type MetricsJson, withoutGauges } from "./metrics-sum.ts";

/** Logs that are being drained. */
export interface Leftovers {
  /** Of the requests in them that are young enough to be sent again. */
  readonly digests: readonly string[];
  /** What is counted while draining, if there is anything to drain. */
  metrics(): Promise<readonly MetricsJson[]>;
  /** Leaves what is not drained for the next start. */
  close(): Promise<void>;
}

interface LeftoverOptions extends Omit<QueueParts, "metrics" | "budget" | "onSpanCounts"> {
  /** How long a log stays after ClickHouse has all of it. */
  readonly keepMs?: number;
}

const POLL_MS = 200;
const SEGMENT = /\.log$/;

/**
 * Begins to insert what the logs that are left over hold, one log after the other: together they take
 * no more memory than one worker. Throws Fault "unavailable" if one of them cannot be read.
 */
export async function drainLeftovers(options: LeftoverOptions): Promise<Leftovers> {
  const { config, log } = options;
  const folders = await leftoverFolders(ingestFolder(config), config.ingest.workers);
  const digests: string[] = [];
  for (const folder of folders) {
    log.info("an ingest log that is left over is drained", { folder });
    digests.push(...recentDigests(await findDigests(folder)));
  }
  const draining = new Draining(options);
  const done = draining.drain(folders);
  return {
    digests,
    metrics: () => draining.metrics(),
    close: async () => {
      draining.stop();
      await done;
    },
  };
}

interface Counted {
  readonly metrics: Metrics;
  /** Then there is nothing left to measure. */
  isGone: boolean;
}

class Draining {
  readonly #options: LeftoverOptions;
  readonly #budget: MemoryBudget;
  // Of their own: the gauges of two queues would overwrite each other.
  readonly #counted: Counted[] = [];
  readonly #closing = new AbortController();
  readonly #removals: Promise<void>[] = [];

  constructor(options: LeftoverOptions) {
    this.#options = options;
    this.#budget = newBudget(options.config);
  }

  async drain(folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      if (this.#closing.signal.aborted) break;
      await this.#told(folder, this.#drain(folder));
    }
    await Promise.all(this.#removals);
  }

  stop(): void {
    this.#closing.abort();
  }

  metrics(): Promise<readonly MetricsJson[]> {
    return Promise.all(
      this.#counted.map(async ({ metrics, isGone }) => {
        const counts = await metrics.registry.getMetricsAsJSON();
        return isGone ? withoutGauges(counts) : counts;
      }),
    );
  }

  async #told(folder: string, doing: Promise<void>): Promise<void> {
    const { log } = this.#options;
    await doing.catch((error: unknown) => log.error("log not drained", { folder, error }));
  }

  /** Settles when ClickHouse has all of it; the log goes a while after. */
  async #drain(folder: string): Promise<void> {
    const metrics = createMetrics();
    const counted: Counted = { metrics, isGone: false };
    this.#counted.push(counted);
    // Whoever took these requests has counted their spans.
    const others = { metrics, budget: this.#budget, onSpanCounts: () => {} };
    const queue = await openQueue(folder, { ...this.#options, ...others });
    const { signal } = this.#closing;
    while (!signal.aborted && queue.batcher.unconfirmedBatches > 0) await this.#pause(POLL_MS);
    this.#removals.push(this.#told(folder, this.#remove(folder, queue, counted)));
  }

  async #remove(folder: string, queue: Queue, counted: Counted): Promise<void> {
    const { signal } = this.#closing;
    if (!signal.aborted) await this.#pause(this.#options.keepMs ?? LOG_KEEP_MS);
    await queue.close();
    counted.isGone = true;
    if (!signal.aborted) await remove(folder);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}

/** Folders with segments in them that no worker has. */
async function leftoverFolders(ingest: string, workers: number): Promise<string[]> {
  const entries = await readdir(ingest, { withFileTypes: true }).catch(() => []);
  const numbered = entries
    .filter((entry) => entry.isDirectory() && /^\d+$/.test(entry.name))
    .filter(({ name }) => Number(name) >= workers)
    .map(({ name }) => path.join(ingest, name));
  const found: string[] = [];
  for (const folder of [ingest, ...numbered]) {
    const names = await readdir(folder).catch(() => []);
    if (names.some((name) => SEGMENT.test(name))) found.push(folder);
  }
  return found;
}

/** Removes the log, and the folder unless it still holds something, like segments that were damaged. */
async function remove(folder: string): Promise<void> {
  const names = await readdir(folder);
  const ours = names.filter((name) => SEGMENT.test(name) || name.startsWith("clew."));
  for (const name of ours) await rm(path.join(folder, name), { force: true });
  await rmdir(folder).catch(() => undefined);
}
