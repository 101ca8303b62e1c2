/**
 * Puts Clew together and takes it apart: the only place that knows every room.
 *
 *     start   data lock → engine → schema → ingest log and queue → doors
 *     close   doors (answer what they have) → queue (insert what it can) → client → engine → lock
 */
import { statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ByteBudget } from "../api/body.ts";
import { clewFailure, clewRoutes } from "../api/clew.ts";
import { apiBase } from "../api/contract.ts";
import { defaultGrpcLimits } from "../api/grpc-listener.ts";
import { createRouter } from "../api/http.ts";
import { defaultHttpLimits, listen } from "../api/http-listener.ts";
import type { Listener } from "../api/listener.ts";
import { operationsRoutes } from "../api/operations.ts";
import { listenOtlpGrpc } from "../api/otlp-grpc.ts";
import { createOtlpHttp } from "../api/otlp-http.ts";
import { pageRoutes } from "../api/page.ts";
import { tempoFailure, tempoRoutes } from "../api/tempo.ts";
import { lockDataDir } from "../base/data-lock.ts";
import type { Logger } from "../base/log.ts";
import { createMetrics, type Metrics } from "../base/metrics.ts";
import { Batcher } from "../ingest/batcher.ts";
import type { Receive } from "../ingest/receive.ts";
import { createReceiver } from "../ingest/receiver.ts";
import { Repeats } from "../ingest/repeats.ts";
import { createQueries } from "../query/traces.ts";
import { createStoreClient, type StoreClient } from "../store/client.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { type Engine, startEngine } from "../store/engine/engine.ts";
import { migrate, migrationsDirectory, readMigrations } from "../store/migrate.ts";
import { applyRetention } from "../store/retention.ts";
import { writeSpans } from "../store/write-spans.ts";
import type { Config } from "./config.ts";

/** A running Clew. */
export interface Server {
  /** The ports that are really listened on. */
  readonly ports: { readonly grpc: number; readonly http: number; readonly api: number };
  /** Process id of the embedded ClickHouse; undefined with an external one, or while it restarts. */
  enginePid(): number | undefined;
  /** Settles when Clew has stopped by itself because it could not go on; the log says why. */
  readonly closed: Promise<void>;
  /** Stops it: what has been taken is stored and answered first. */
  close(): Promise<void>;
}

const TENANT = "single-tenant";
const STORE_GRACE_MS = 10_000;
const LOG_SEGMENT_BYTES = 64 * 2 ** 20;
/** Longer than the system takes to write a file's pages to disk by itself (30 s on Linux). */
const LOG_KEEP_MS = 120_000;
const REPEATS_MS = 600_000;
const REPEATS_REQUESTS = 500_000;
const READY_MS = 2000;
const pageFolder = fileURLToPath(new URL("../../dist/ui", import.meta.url));

/** Starts everything; when it settles, spans are taken. What was started is stopped again if a later
 * step fails. Throws Fault for what the user can mend: a port or folder in use, a bad database. */
export async function startServer(config: Config, log: Logger): Promise<Server> {
  const closers: (() => Promise<void>)[] = [];
  const close = closeOnce(closers, log);
  try {
    return await start(config, log, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function closeOnce(closers: (() => Promise<void>)[], log: Logger): () => Promise<void> {
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    for (const closer of closers.toReversed()) {
      await closer().catch((error: unknown) => log.error("could not stop cleanly", { error }));
    }
  };
  return () => (closing ??= closeAll());
}

async function start(
  config: Config,
  log: Logger,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Server> {
  const metrics = createMetrics();
  const lock = lockDataDir(config.data.dir);
  closers.push(async () => lock.close());
  const engine = await openEngine(config, { log, metrics, closers });
  const client = createStoreClient(() => engine?.endpoint() ?? externalEndpoint(config));
  closers.push(() => client.close());
  await prepareSchema(client, config, log);
  const ingest = await openIngest(client, config, { log, metrics, closers });
  const ports = await openDoors(config, { log, metrics, ...ingest, client, closers });
  const stoppedByItself = async (): Promise<void> => {
    const fault = await (engine?.failed ?? new Promise<never>(() => {}));
    log.error("the embedded ClickHouse is given up, Clew stops", { error: fault });
    await close();
  };
  return { ports, enginePid: () => engine?.pid(), closed: stoppedByItself(), close };
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

interface Building {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly closers: (() => Promise<void>)[];
}

/** Starts the engine in the data folder; nothing with a ClickHouse of the user's. */
async function openEngine(
  { data, clickhouse }: Config,
  { log, metrics, closers }: Building,
): Promise<Engine | undefined> {
  if (clickhouse.url !== undefined) return undefined;
  const { maxMemoryBytes } = clickhouse;
  const engine = await startEngine({
    dataDir: data.dir,
    log,
    limits: maxMemoryBytes === undefined ? {} : { memoryBytes: maxMemoryBytes },
    onRestart: () => metrics.engineRestarts.inc(),
  });
  closers.push(() => engine.close());
  return engine;
}

function externalEndpoint({ clickhouse }: Config): Endpoint {
  return { url: clickhouse.url!, user: clickhouse.user, password: clickhouse.password };
}

async function prepareSchema(client: StoreClient, config: Config, log: Logger): Promise<void> {
  const { database, cluster, engine } = config.clickhouse;
  const migrations = await readMigrations(migrationsDirectory);
  const versions = await migrate(client, migrations, {
    database,
    retentionDays: config.retention.days,
    ...(cluster === undefined ? {} : { cluster }),
    ...(engine.startsWith("Replicated") ? { replication: defaultReplication } : {}),
  });
  if (versions.from !== versions.to) log.info("schema is up to date", versions);
  await applyRetention(client, { database, days: config.retention.days, cluster });
}

/** ClickHouse fills in the braces from each server's own macros. */
const defaultReplication = {
  path: "/clickhouse/tables/{shard}/{database}/{table}",
  replica: "{replica}",
};

/** Opens the ingest log, goes on with what is in it, and gives the way in for spans. */
async function openIngest(
  client: StoreClient,
  config: Config,
  { log, metrics, closers }: Building,
): Promise<Pick<Doors, "receive" | "batcher">> {
  const { ingest, otlp, clickhouse, retention } = config;
  const batcher = new Batcher({
    limits: {
      blockRows: ingest.maxBlockRows,
      blockBytes: ingest.maxBlockBytes,
      blockDelayMs: ingest.maxBlockDelayMs,
      queueBytes: ingest.maxQueueBytes,
      insertsAtOnce: 2,
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
    tenant: TENANT,
    insert: (insert) => writeSpans(client, clickhouse.database, insert),
    metrics,
    log,
    ingestLog: {
      folder: path.join(config.data.dir, "ingest"),
      limits: {
        totalBytes: ingest.maxLogBytes ?? (await defaultLogBytes(config.data.dir)),
        segmentBytes: LOG_SEGMENT_BYTES,
        sync: ingest.sync,
        groupMs: ingest.groupMs,
        keepMs: LOG_KEEP_MS,
      },
    },
  });
  const repeats = new Repeats({ forMs: REPEATS_MS, requests: REPEATS_REQUESTS }, Date.now);
  const digests = await batcher.open();
  closers.push(() => batcher.close(STORE_GRACE_MS));
  const recent = Date.now() / 1000 - REPEATS_MS / 1000;
  const taken = Promise.resolve({ acceptedSpans: 0, rejectedSpans: 0, message: "" });
  for (const [digest, arrivalSeconds] of digests) {
    if (arrivalSeconds >= recent) repeats.add(digest, taken);
  }
  const waitMs = ingest.maxWaitSeconds * 1000;
  return { batcher, receive: createReceiver({ batcher, repeats, metrics, waitMs, nowSeconds }) };
}

/** 10 GiB, or a tenth of the disk that the folder is on. */
async function defaultLogBytes(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder);
  return Math.min(10 * 2 ** 30, Math.floor((blocks * bsize) / 10));
}

interface Doors extends Building {
  readonly receive: Receive;
  readonly batcher: Batcher;
  readonly client: StoreClient;
}

async function openDoors(config: Config, doors: Doors): Promise<Server["ports"]> {
  const { log: logger, metrics, receive } = doors;
  const { host } = config.listen;
  const budget = new ByteBudget(config.ingest.maxBodyBytes);
  const { maxRequestBytes } = config.otlp;
  const limits = { ...defaultHttpLimits, wireBytes: maxRequestBytes, bodyBytes: maxRequestBytes };
  const opened: Listener[] = [];
  doors.closers.push(async () => {
    await Promise.all(opened.map((door) => door.close()));
  });
  const open = async (door: Promise<Listener>): Promise<number> => {
    opened.push(await door);
    return opened.at(-1)!.port;
  };
  const grpc = await open(
    listenOtlpGrpc({
      host,
      port: config.otlp.grpc.port,
      receive,
      isServing: () => true,
      metrics,
      logger,
      budget,
      limits: { ...defaultGrpcLimits, bodyBytes: maxRequestBytes },
    }),
  );
  const { corsOrigins, port } = config.otlp.http;
  const otlpHttp = createOtlpHttp({ receive, metrics, logger, corsOrigins });
  const http = await open(listen(otlpHttp, { host, port, limits, budget, logger }));
  const api = await open(
    listen(apiHandler(config, doors, { grpcPort: grpc, httpPort: http }), {
      host,
      port: config.http.port,
      limits: defaultHttpLimits,
      budget,
      logger,
    }),
  );
  return { grpc, http, api };
}

function apiHandler(
  config: Config,
  { client, batcher, metrics, log }: Doors,
  otlp: { readonly grpcPort: number; readonly httpPort: number },
) {
  const queries = createQueries({
    client,
    database: config.clickhouse.database,
    tenant: TENANT,
    limits: { seconds: config.query.maxSeconds, traceSpans: config.query.maxTraceSpans },
    nowSeconds,
  });
  const spansReceived = async (): Promise<number> =>
    (await metrics.spansReceived.get()).values.reduce((sum, { value }) => sum + value, 0);
  return createRouter({
    routes: [
      ...operationsRoutes({
        registry: metrics.registry,
        trouble: async () => batcher.trouble ?? (await trouble(client)),
      }),
      ...clewRoutes({
        queries,
        status: async () => ({ otlp, spansReceived: await spansReceived() }),
      }),
      ...tempoRoutes(queries),
      ...pageRoutes(pageFolder),
    ],
    answerFailure: (failure, { path }) =>
      path.startsWith(`${apiBase}/`) ? clewFailure(failure) : tempoFailure(failure),
    logger: log,
  });
}

async function trouble(client: StoreClient): Promise<string | undefined> {
  const silent = sleep(READY_MS, "silent", { ref: false });
  try {
    const first = await Promise.race([client.ping(), silent]);
    return first === "silent" ? `ClickHouse is silent for ${READY_MS} ms` : undefined;
  } catch (error) {
    return `ClickHouse does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
