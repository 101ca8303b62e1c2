/** The queue in front of ClickHouse, over a log folder that this process alone writes to. */
import { statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DataLock, lockDataDir } from "../base/data-lock.ts";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import { MemoryBudget, memoryParts } from "../base/memory-budget.ts";
import type { Metrics } from "../base/metrics.ts";
import { Batcher, type BatcherOptions } from "../ingest/batcher.ts";
import { Fairness, type FairnessLimits } from "../ingest/fairness.ts";
import { logStates } from "../ingest/log/state.ts";
import { readDigests } from "../ingest/log/open.ts";
import { KnownKeys } from "../ingest/known-keys.ts";
import { RollUps } from "../ingest/roll-ups.ts";
import { type SpanCounts, spanCounts } from "../prometheus/span-metrics.ts";
import { KeyCounter } from "../ingest/key-counter.ts";
import type { StoreClient } from "../store/client.ts";
import { writeKeys } from "../store/write-keys.ts";
import { writeRollUp } from "../store/write-roll-up.ts";
import { writeSpans } from "../store/write-spans.ts";
import { type Config, workerMemoryBytes } from "./config.ts";
import { watchTableToWrite } from "./table-watch.ts";

/** How long a segment of the log stays after ClickHouse has all of it: longer than the system takes
 * to write a file's pages to disk by itself (30 s on Linux). */
export const LOG_KEEP_MS = 120_000;

/** How long a request is remembered, so that the same bytes do not count twice. */
export const REPEATS_MS = 600_000;

const LOG_SEGMENT_BYTES = 64 * 2 ** 20;
const STORE_GRACE_MS = 10_000;
const INSERTS_AT_ONCE = 2;
/** A worker whose Clew was killed ends at once, but the next Clew may be faster still. */
const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 20;

/** What a queue works with. */
export interface QueueParts extends Pick<BatcherOptions, "budget"> {
  readonly config: Config;
  readonly client: StoreClient;
  /** Told what each batch that is taken adds to the counters of spans. */
  readonly onSpanCounts: (counts: SpanCounts) => void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** How the memory of a worker is divided. */
export function newBudget(config: Config): MemoryBudget {
  const limitBytes = workerMemoryBytes(config);
  const blocks = 2 * insertsAtOnce(config); // each is there as spans and as a block for a while
  return new MemoryBudget({ limitBytes, reservedBytes: blocks * blockBytes(config) });
}

function blockBytes(config: Config): number {
  return Math.min(config.ingest.maxBlockBytes, Math.floor(workerMemoryBytes(config) / 8));
}

function insertsAtOnce({ ingest }: Config): number {
  return Math.max(1, Math.floor(INSERTS_AT_ONCE / ingest.workers));
}

/** An open queue. */
export interface Queue {
  readonly batcher: Batcher;
  /** Of the requests found in the log, with their arrival in seconds since 1970. */
  readonly digests: readonly (readonly [digest: string, arrivalSeconds: number])[];
  /** Counts the attribute keys of what is inserted. */
  readonly keys: KeyCounter;
  /** Inserts what it can in a while, and lets go of the folder. */
  close(): Promise<void>;
}

/** The folder of all ingest logs; each is in a folder of its own below, named by its number. */
export function ingestFolder({ data }: Config): string {
  return path.join(data.dir, "ingest");
}

/** Takes a log folder, opens the log in it and goes on with what is there. Throws Fault "unavailable"
 * if another process has the folder or the log cannot be read or written. */
export async function openQueue(folder: string, parts: QueueParts): Promise<Queue> {
  const lock = await lockFolder(folder);
  const { client, config, log, metrics } = parts;
  const table = watchTableToWrite(client, config, log);
  const everySeconds = config.ingest.promotionSeconds;
  const keys = new KeyCounter({ everySeconds, metrics, log });
  const release = (): void => {
    table.close();
    keys.close();
    lock.close();
  };
  try {
    const batcher = await newBatcher(folder, parts, {
      table: () => table.table(),
      onBatch: (columns) => keys.count(columns),
    });
    const digests = await batcher.open();
    metrics.onRead(() => show(parts, batcher));
    const close = async (): Promise<void> => {
      await batcher.close(STORE_GRACE_MS);
      release();
    };
    return { batcher, digests, keys, close };
  } catch (error) {
    release();
    throw error;
  }
}

/** Sets the gauges. */
function show({ metrics, budget }: QueueParts, batcher: Batcher): void {
  metrics.memoryLimitBytes.set(budget.limitBytes);
  for (const part of memoryParts) metrics.memoryBytes.set({ part }, budget.used(part));
  metrics.logBytes.set(batcher.logBytes);
  metrics.logOldestSeconds.set(batcher.oldestSeconds);
  const what = batcher.logState?.what;
  for (const state of logStates) metrics.logState.set({ state }, state === what ? 1 : 0);
}

/** The digests in a log that nobody has opened. Throws Fault "unavailable" if it cannot be read. */
export async function findDigests(folder: string): Promise<Pick<Queue, "digests">> {
  const lock = await lockFolder(folder);
  try {
    return { digests: await readDigests(folder, REPEATS_MS / 1000) };
  } finally {
    lock.close();
  }
}

async function lockFolder(folder: string): Promise<DataLock> {
  for (const untilMs = Date.now() + LOCK_WAIT_MS; ; await sleep(LOCK_RETRY_MS)) {
    try {
      return lockDataDir(folder);
    } catch (error) {
      const isHeld = error instanceof Fault && error.code === "unavailable";
      if (!isHeld || Date.now() > untilMs) throw error;
    }
  }
}

async function newBatcher(
  folder: string,
  parts: QueueParts,
  hooks: Pick<BatcherOptions, "table" | "onBatch">,
): Promise<Batcher> {
  const { config, client, metrics, log, budget } = parts;
  const { ingest, otlp, clickhouse, retention } = config;
  const { workers } = ingest;
  const logBytes = ingest.maxLogBytes ?? (await defaultLogBytes(config.data.dir));
  const totalBytes = Math.floor(logBytes / workers);
  metrics.logLimitBytes.set(totalBytes);
  return new Batcher({
    limits: {
      blockRows: ingest.maxBlockRows,
      blockBytes: blockBytes(config),
      blockDelayMs: ingest.maxBlockDelayMs,
      insertsAtOnce: insertsAtOnce(config),
      retryFirstMs: 100,
      retryLastMs: 5000,
      refusedMs: 30_000,
    },
    decodeLimits: {
      nestingDepth: otlp.maxNestingDepth,
      spansPerRequest: otlp.maxSpansPerRequest,
    },
    timeLimits: {
      pastSeconds: retention.days * 86_400,
      futureSeconds: ingest.maxFutureMinutes * 60,
    },
    fairness: new Fairness(fairnessLimits(config), () => performance.now()),
    budget,
    ...hooks,
    insert: (insert) => writeSpans(client, clickhouse.database, insert),
    rollUps: newRollUps(parts),
    keys: new KnownKeys((found) => writeKeys(client, clickhouse.database, found)),
    metrics,
    log,
    ingestLog: {
      folder,
      limits: {
        totalBytes,
        segmentBytes: LOG_SEGMENT_BYTES,
        sync: ingest.sync,
        groupMs: ingest.groupMs,
        keepMs: LOG_KEEP_MS,
        digestSeconds: REPEATS_MS / 1000,
        maxAgeSeconds: Math.min(ingest.maxLogHours * 3600, retention.days * 86_400),
      },
    },
  });
}

function fairnessLimits({ ingest }: Config): FairnessLimits {
  return {
    tenant: {
      spansPerSecond: ingest.maxTenantSpansPerSecond,
      bytesPerSecond: ingest.maxTenantBytesPerSecond,
    },
    service: {
      spansPerSecond: ingest.maxServiceSpansPerSecond,
      bytesPerSecond: ingest.maxServiceBytesPerSecond,
    },
  };
}

/** Services of a tenant that are told apart in roll-ups. */
const MOST_SERVICES = 5000;
/** Values of a dimension that are. */
const MOST_VALUES = 300;
const NAME_CHARS = 200;

function newRollUps({ config, client, onSpanCounts }: QueueParts): RollUps {
  const { metrics, clickhouse } = config;
  let turn = 0;
  return new RollUps({
    dimensions: metrics.dimensions.toSorted(),
    limits: {
      namesPerService: metrics.maxNamesPerService,
      services: MOST_SERVICES,
      values: MOST_VALUES,
      nameChars: NAME_CHARS,
    },
    nowMs: () => performance.now(),
    insert: (insert) => writeRollUp(client, clickhouse.database, insert),
    onTaken: (rollUp) => onSpanCounts(spanCounts(rollUp, turn++)),
  });
}

/** 10 GiB, or a tenth of the disk that the folder is on. */
async function defaultLogBytes(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder);
  return Math.min(10 * 2 ** 30, Math.floor((blocks * bsize) / 10));
}
