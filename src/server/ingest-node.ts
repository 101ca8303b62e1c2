/**
 * One complete way in for spans: the two OTLP doors, the receiver, the queue and its log. Clew has one
 * in its own process, or one in each of several worker processes (see `worker-pool.ts`).
 */
import path from "node:path";
import { defaultGrpcLimits } from "../api/grpc-server.ts";
import { defaultHttpLimits, listen } from "../api/http-listener.ts";
import type { Listener } from "../api/listener.ts";
import { listenOtlpGrpc } from "../api/otlp-grpc.ts";
import { createOtlpHttp } from "../api/otlp-http.ts";
import { tenancy } from "../api/tenancy.ts";
import type { MemoryBudget } from "../base/memory-budget.ts";
import type { Receive } from "../ingest/receive.ts";
import type { CatalogueSnapshot } from "../ingest/catalogue.ts";
import type { LogState } from "../ingest/log/state.ts";
import { createDoorSampler, type DoorSampler } from "../ingest/door-sampler.ts";
import { createReceiver } from "../ingest/receiver.ts";
import { Repeats } from "../ingest/repeats.ts";
import { readDoorRules } from "../sampling/read-door.ts";
import {
  ingestFolder,
  newBudget,
  openQueue,
  type Queue,
  type QueueParts,
  REPEATS_MS,
} from "./ingest-queue.ts";
import { watchedFile } from "./watched-file.ts";
import type { MetricsJson } from "./metrics-sum.ts";

/** The ports that spans come in by. */
export interface OtlpPorts {
  readonly grpc: number;
  readonly http: number;
}

/** What is wrong with the way in, if anything, in sentences. */
export interface IngestHealth {
  /** Why something is not taken now. */
  readonly trouble: string | undefined;
  /** What will be trouble soon. */
  readonly warning: string | undefined;
}

/** The way in for spans, in this process or in several. */
export interface Ingest {
  /** The ports that are really listened on. */
  readonly ports: OtlpPorts;
  health(): Promise<IngestHealth>;
  /** What other processes count for it. */
  otherMetrics(): Promise<readonly MetricsJson[]>;
  /** What is known of attribute keys, by process. */
  catalogues(): Promise<readonly CatalogueSnapshot[]>;
  /** Tells of requests that were taken elsewhere: the same bytes are not taken again. */
  learn(digests: readonly string[]): void;
  /** Takes no more, answers what it has, stores what it can. */
  close(): Promise<void>;
}

interface NodeOptions extends Omit<QueueParts, "budget"> {
  /** Which of the `ingest.workers` it is, from 0. */
  readonly index: number;
  /** 0 takes any free one. */
  readonly ports: OtlpPorts;
  /** Told of every request that is in this node's log: at once, and of those found there. */
  readonly onTaken?: (digest: string) => void;
}

/** How many are remembered at most. */
export const REPEATS_REQUESTS = 500_000;

/** Opens log, queue and doors; when it settles, spans are taken. Throws Fault if it cannot. */
export async function openIngestNode(options: NodeOptions): Promise<Ingest> {
  const { config, metrics, index, onTaken } = options;
  const door = newDoor(options);
  const budget = newBudget(config);
  const folder = path.join(ingestFolder(config), String(index));
  const queue = await openQueue(folder, { ...options, budget });
  const { batcher } = queue;
  const limits = { forMs: REPEATS_MS, requests: REPEATS_REQUESTS };
  const repeats = new Repeats(limits, () => performance.now(), onTaken);
  for (const digest of recentDigests(queue)) {
    repeats.learn(digest);
    onTaken?.(digest);
  }
  const waitMs = config.ingest.maxWaitSeconds * 1000;
  const receive = createReceiver({ batcher, budget, repeats, metrics, door, waitMs, nowSeconds });
  const doors: Listener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(doors.map((door) => door.close()));
    await queue.close();
  };
  try {
    const ports = await openDoors({ ...options, budget }, receive, doors);
    return {
      ports,
      health: async () => healthOf(batcher.logState),
      otherMetrics: async () => [],
      catalogues: async () => [queue.keys.snapshot()],
      learn: (digests) => digests.forEach((digest) => repeats.learn(digest)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Throws Fault "invalid" if its file is wrong. */
function newDoor({ config, metrics, log }: NodeOptions): DoorSampler | undefined {
  const { doorFile } = config.sampling;
  if (doorFile === undefined) return undefined;
  const rules = watchedFile(doorFile, readDoorRules, log);
  return createDoorSampler({ rules, metrics, nowMs: () => performance.now() });
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function healthOf(state: LogState | undefined): IngestHealth {
  const sentence = state?.sentence;
  return state?.refuses
    ? { trouble: sentence, warning: undefined }
    : { trouble: undefined, warning: sentence };
}

/** Those found in a log that are young enough to be sent again. */
export function recentDigests({ digests }: Pick<Queue, "digests">): string[] {
  const recent = (Date.now() - REPEATS_MS) / 1000;
  return digests.flatMap(([digest, arrivalSeconds]) => (arrivalSeconds >= recent ? [digest] : []));
}

async function openDoors(
  { config, ports, metrics, budget, log: logger }: NodeOptions & { readonly budget: MemoryBudget },
  receive: Receive,
  doors: Listener[],
): Promise<OtlpPorts> {
  const { host } = config.listen;
  const { maxRequestBytes } = config.otlp;
  const connections = config.listen.maxConnections;
  const tenantOf = tenancy(config.tenancy.enabled);
  const open = async (door: Promise<Listener>): Promise<number> => {
    doors.push(await door);
    return doors.at(-1)!.port;
  };
  const grpc = await open(
    listenOtlpGrpc({
      host,
      port: ports.grpc,
      receive,
      tenantOf,
      isServing: () => true,
      metrics,
      logger,
      budget,
      limits: { ...defaultGrpcLimits, connections, bodyBytes: maxRequestBytes },
    }),
  );
  const { corsOrigins } = config.otlp.http;
  const http = await open(
    listen(createOtlpHttp({ receive, tenantOf, metrics, logger, corsOrigins }), {
      host,
      port: ports.http,
      limits: {
        ...defaultHttpLimits,
        connections,
        wireBytes: maxRequestBytes,
        bodyBytes: maxRequestBytes,
      },
      budget,
      onCut: (reason) => metrics.connectionsCut.inc({ door: "otlp_http", reason }),
      logger,
    }),
  );
  return { grpc, http };
}
