/**
 * Puts Clew together and takes it apart: the only place that knows every room.
 *
 *     start   data lock → engine → schema → ingest (log, queue, OTLP doors) → API door
 *     close   doors (answer what they have), queue (insert what it can) → client → engine → lock
 */
import type { Registry } from "prom-client";
import { lockDataDir } from "../base/data-lock.ts";
import type { Logger } from "../base/log.ts";
import { createMetrics, type Metrics } from "../base/metrics.ts";
import type { SpanCounts } from "../prometheus/span-metrics.ts";
import type { TenantMetrics } from "../prometheus/tenant-metrics.ts";
import { GraphJob } from "../query/graph-job.ts";
import { Promoter } from "../ingest/promoter.ts";
import { createStoreClient, type StoreClient } from "../store/client.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { type Engine, startEngine } from "../store/engine/engine.ts";
import { migrate, migrationsDirectory, readMigrations } from "../store/migrate.ts";
import { applyRetention } from "../store/retention.ts";
import type { SpansTable } from "../store/schema.ts";
import { type Api, type OpenApi, openApi } from "./api.ts";
import type { Config } from "./config.ts";
import { openHeadSampling } from "./head-sampling.ts";
import { type Ingest, openIngestNode, type OtlpPorts } from "./ingest-node.ts";
import { drainLeftovers } from "./leftover-logs.ts";
import { sumOf } from "./metrics-sum.ts";
import { openSpanMetrics } from "./span-metrics.ts";
import { watchTable } from "./table-watch.ts";
import { startThinning } from "./thinning.ts";
import { startWorkerPool } from "./worker-pool.ts";

/** A running Clew. */
export interface Server {
  /** The ports that are really listened on. */
  readonly ports: OtlpPorts & OpenApi["ports"];
  /** Process id of the embedded ClickHouse; undefined with an external one, or while it restarts. */
  enginePid(): number | undefined;
  /** Settles when Clew has stopped by itself because it could not go on; the log says why. */
  readonly closed: Promise<void>;
  /** Stops it: what has been taken is stored and answered first. */
  close(): Promise<void>;
}

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
  const onEndpoint: ((endpoint: Endpoint) => void)[] = [];
  const engine = await openEngine(config, { log, metrics, closers, onEndpoint });
  const endpoint = (): Endpoint => engine?.endpoint() ?? externalEndpoint(config);
  const client = createStoreClient(endpoint);
  closers.push(() => client.close());
  await prepareSchema(client, config, log);
  const spansTable = await watchTable(client, config, log);
  closers.push(async () => spansTable.close());
  const table = (): SpansTable => spansTable.table();
  const thinning = await startThinning(config, { log, endpoint, table });
  closers.push(() => thinning.close());
  const headSampling = await openHeadSampling(config, { client, log, metrics });
  closers.push(() => headSampling.close());
  const spanMetrics = openSpanMetrics(config, { log, metrics });
  closers.push(() => spanMetrics.close());
  const { counters } = spanMetrics;
  const building = { log, metrics, counters, closers, client, endpoint, onEndpoint };
  const { ingest, promoter, registry } = await openIngest(config, building);
  const graphJob = newGraphJob(config, { client, counters, log });
  closers.push(async () => graphJob.close());
  let api: OpenApi | undefined;
  closers.push(async () => {
    await Promise.all([api?.close(), ingest.close()]);
  });
  const store = { client, counters, spansTable };
  api = await openApi(config, { log, metrics, ...store, ingest, promoter, registry, thinning });
  const ports = { ...ingest.ports, ...api.ports };
  const stoppedByItself = async (): Promise<void> => {
    const fault = await (engine?.failed ?? new Promise<never>(() => {}));
    log.error("the embedded ClickHouse is given up, Clew stops", { error: fault });
    await close();
  };
  return { ports, enginePid: () => engine?.pid(), closed: stoppedByItself(), close };
}

interface Building {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly closers: (() => Promise<void>)[];
  /** To be told where the engine is, each time that it is started again. */
  readonly onEndpoint: ((endpoint: Endpoint) => void)[];
}

/** Starts the engine in the data folder; nothing with a ClickHouse of the user's. */
async function openEngine(
  { data, clickhouse }: Config,
  { log, metrics, closers, onEndpoint }: Building,
): Promise<Engine | undefined> {
  if (clickhouse.url !== undefined) return undefined;
  const { maxMemoryBytes } = clickhouse;
  const engine = await startEngine({
    dataDir: data.dir,
    log,
    limits: maxMemoryBytes === undefined ? {} : { memoryBytes: maxMemoryBytes },
    onRestart: () => metrics.engineRestarts.inc(),
    onReady: (endpoint) => onEndpoint.forEach((tell) => tell(endpoint)),
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
  const { days, redMinuteDays, redHourDays, graphDays } = config.retention;
  for (const retention of [
    { table: "spans", column: "time_bucket", days },
    { table: "attribute_keys", column: "time_bucket", days },
    // A trace of the first day may go on on the second.
    { table: "sampling_decisions", column: "day", days: days + 1 },
    { table: "red_1m", column: "time", days: redMinuteDays },
    { table: "red_1h", column: "time", days: redHourDays },
    { table: "service_graph_1m", column: "slice", days: graphDays },
    { table: "service_graph_slices", column: "slice", days: graphDays },
  ] as const) {
    await applyRetention(client, { database, cluster }, retention);
  }
}

/** ClickHouse fills in the braces from each server's own macros. */
const defaultReplication = {
  path: "/clickhouse/tables/{shard}/{database}/{table}",
  replica: "{replica}",
};

interface IngestBuilding extends Building {
  readonly client: StoreClient;
  readonly counters: TenantMetrics;
  readonly endpoint: () => Endpoint;
}

/**
 * Opens the way in for spans, in this process or in workers, and drains the logs of workers that are no
 * more. Also gives a registry of all that is counted, in whatever process.
 */
async function openIngest(
  config: Config,
  { log, metrics, counters, closers, client, endpoint, onEndpoint }: IngestBuilding,
): Promise<Pick<Api, "ingest" | "promoter" | "registry">> {
  const leftovers = await drainLeftovers({ config, client, log });
  closers.push(() => leftovers.close());
  const onSpanCounts = (counts: SpanCounts): void => counters.add(counts);
  const open = async (): Promise<Ingest> => {
    if (config.ingest.workers > 1) {
      const pool = await startWorkerPool({ config, endpoint, onSpanCounts, metrics, log });
      onEndpoint.push((now) => pool.moveTo(now));
      return pool;
    }
    const ports = { grpc: config.otlp.grpc.port, http: config.otlp.http.port };
    return openIngestNode({ config, index: 0, ports, client, onSpanCounts, metrics, log });
  };
  const ingest = await open();
  const promoter = newPromoter(config, { client, log, ingest });
  closers.push(async () => promoter.close());
  ingest.learn(leftovers.digests);
  const registry = async (): Promise<Registry> => {
    const others = [...(await leftovers.metrics()), ...(await ingest.otherMetrics())];
    if (others.length === 0) return metrics.registry;
    return sumOf([await metrics.registry.getMetricsAsJSON(), ...others]);
  };
  return { ingest, promoter, registry };
}

/** Of what spans bring, and what questions ask for, in all processes. */
function newPromoter(
  { clickhouse, ingest: settings }: Config,
  { client, log, ingest }: Pick<Api, "client" | "log" | "ingest">,
): Promoter {
  return new Promoter({
    client,
    database: clickhouse.database,
    cluster: clickhouse.cluster,
    maxAttributes: settings.maxPromotedAttributes,
    everySeconds: settings.promotionSeconds,
    catalogues: () => ingest.catalogues(),
    log,
  });
}

/** How old calls may be to be counted on /metrics/spans: whoever scrapes takes them for new. */
const COUNTED_SECONDS = 3600;

/** The service graph is computed in one process. */
function newGraphJob(
  { clickhouse, graph, retention }: Config,
  { client, counters, log }: Pick<IngestBuilding, "client" | "counters" | "log">,
): GraphJob {
  const nowSeconds = (): number => Math.floor(Date.now() / 1000);
  return new GraphJob({
    client,
    database: clickhouse.database,
    cluster: clickhouse.cluster,
    everySeconds: graph.everySeconds,
    spanDays: retention.days,
    nowSeconds,
    onSlice: (slice, isFirst, computed) => {
      if (slice > nowSeconds() - COUNTED_SECONDS)
        counters.addGraph({ slice, ...computed }, isFirst);
    },
    log,
  });
}
