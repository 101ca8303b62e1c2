/**
 * Ingest logs that nobody writes to any more, because there are fewer workers now than there were (or
 * because they are from before logs had numbers). What they hold is inserted as it would have been, and
 * then they are removed: what was acknowledged is never stranded.
 */
import { readdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createMetrics, type Metrics } from "../base/metrics.ts";
import { recentDigests } from "./ingest-node.ts";
import {
  ingestFolder,
  LOG_KEEP_MS,
  openQueue,
  type Queue,
  type QueueParts,
} from "./ingest-queue.ts";
import type { MetricsJson } from "./metrics-sum.ts";

/** Logs that are being drained. */
export interface Leftovers {
  /** Of the requests in them that are young enough to be sent again. */
  readonly digests: readonly string[];
  /** What is counted while draining, if there is anything to drain. */
  metrics(): Promise<readonly MetricsJson[]>;
  /** Leaves what is not drained for the next start. */
  close(): Promise<void>;
}

interface LeftoverOptions extends Omit<QueueParts, "metrics" | "onSpanCounts"> {
  /** How long a log stays after ClickHouse has all of it. */
  readonly keepMs?: number;
}

const POLL_MS = 200;
const SEGMENT = /\.log$/;

/** Opens every log that is left over and begins to insert what it holds. */
export async function drainLeftovers(options: LeftoverOptions): Promise<Leftovers> {
  const { config, log, keepMs = LOG_KEEP_MS } = options;
  // Of their own: the gauges of two queues would overwrite each other.
  const counted: Metrics[] = [];
  const closing = new AbortController();
  const digests: string[] = [];
  const draining: Promise<void>[] = [];
  for (const folder of await leftoverFolders(ingestFolder(config), config.ingest.workers)) {
    log.info("an ingest log that is left over is drained", { folder });
    const metrics = createMetrics();
    counted.push(metrics);
    // Whoever took these requests has counted their spans.
    const queue = await openQueue(folder, { ...options, metrics, onSpanCounts: () => {} });
    digests.push(...recentDigests(queue));
    const drained = drain(folder, queue, keepMs, closing.signal);
    draining.push(drained.catch((error: unknown) => log.error("not drained", { folder, error })));
  }
  const close = async (): Promise<void> => {
    closing.abort();
    await Promise.all(draining);
  };
  const metrics = () => Promise.all(counted.map(({ registry }) => registry.getMetricsAsJSON()));
  return { digests, metrics, close };
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

async function drain(
  folder: string,
  queue: Queue,
  keepMs: number,
  signal: AbortSignal,
): Promise<void> {
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted && queue.batcher.unconfirmedBatches > 0) await pause(POLL_MS);
  if (!signal.aborted) await pause(keepMs);
  await queue.close();
  if (!signal.aborted) await remove(folder);
}

/** Removes the log, and the folder unless it still holds something, like segments that were damaged. */
async function remove(folder: string): Promise<void> {
  const names = await readdir(folder);
  const ours = names.filter((name) => SEGMENT.test(name) || name.startsWith("clew."));
  for (const name of ours) await rm(path.join(folder, name), { force: true });
  await rmdir(folder).catch(() => undefined);
}
