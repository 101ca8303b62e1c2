/**
 * Puts Clew together and takes it apart: the only place that knows every room.
 *
 *     start   data lock → engine → schema → ingest (log, queue, OTLP doors) → API door
 *     close   doors (answer what they have), queue (insert what it can) → client → engine → lock
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Registry } from "prom-client";
import { clewFailure, clewRoutes } from "../api/clew.ts";
import { apiBase } from "../api/contract.ts";
import { createRouter, type HttpRequest, type Route } from "../api/http.ts";
import { defaultHttpLimits, listen } from "../api/http-listener.ts";
import type { Listener } from "../api/listener.ts";
import { operationsRoutes } from "../api/operations.ts";
import { pageRoutes } from "../api/page.ts";
import { redRoutes } from "../api/red.ts";
import { tagsRoutes } from "../api/tags.ts";
import { spanMetricsRoutes } from "../api/span-metrics.ts";
import { tempoFailure } from "../api/tempo/answers.ts";
import { searchRoutes } from "../api/search.ts";
import { tempoRoutes } from "../api/tempo/routes.ts";
import { statusRoutes } from "../api/tempo/status-pages.ts";
import { askingTenancy, ORG_ID, type QueriesOf } from "../api/tenancy.ts";
import { lockDataDir } from "../base/data-lock.ts";
import type { Logger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { createMetrics, type Metrics } from "../base/metrics.ts";
import type { SpanCounts } from "../prometheus/span-metrics.ts";
import type { TenantMetrics } from "../prometheus/tenant-metrics.ts";
import { createRedQueries, type RedQueries } from "../query/red.ts";
import { Promoter } from "../ingest/promoter.ts";
import { createTags } from "../query/tags.ts";
import type { QueryLimits } from "../query/query-options.ts";
import { createQueries } from "../query/traces.ts";
import { createStoreClient, type StoreClient } from "../store/client.ts";
import type { Endpoint } from "../store/endpoint.ts";
import type { AttributeScope } from "../store/promoted.ts";
import { type Engine, startEngine } from "../store/engine/engine.ts";
import { migrate, migrationsDirectory, readMigrations } from "../store/migrate.ts";
import { applyRetention } from "../store/retention.ts";
import type { Config } from "./config.ts";
import { describeConfig } from "./describe-config.ts";
import { type Ingest, openIngestNode } from "./ingest-node.ts";
import { drainLeftovers } from "./leftover-logs.ts";
import { sumOf } from "./metrics-sum.ts";
import { openSpanMetrics } from "./span-metrics.ts";
import { type TableWatch, watchTable } from "./table-watch.ts";
import { startWorkerPool } from "./worker-pool.ts";

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

/** Memory for what the API port is sent: questions have no bodies to speak of. */
const API_BODY_BYTES = 2 ** 20;
/** A query is in the URL; of its 128 KiB at most, every byte may be percent-encoded. */
const API_HEADER_BYTES = 512 * 1024;
const READY_MS = 2000;
const SPANS_RECEIVED = "clew_spans_received_total";
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
  const onEndpoint: ((endpoint: Endpoint) => void)[] = [];
  const engine = await openEngine(config, { log, metrics, closers, onEndpoint });
  const endpoint = (): Endpoint => engine?.endpoint() ?? externalEndpoint(config);
  const client = createStoreClient(endpoint);
  closers.push(() => client.close());
  await prepareSchema(client, config, log);
  const spansTable = await watchTable(client, config, log);
  closers.push(async () => spansTable.close());
  const spanMetrics = openSpanMetrics(config, { log, metrics });
  closers.push(() => spanMetrics.close());
  const { counters } = spanMetrics;
  const building = { log, metrics, counters, closers, client, endpoint, onEndpoint };
  const { ingest, promoter, registry } = await openIngest(config, building);
  let api: Listener | undefined;
  closers.push(async () => {
    await Promise.all([api?.close(), ingest.close()]);
  });
  const store = { client, counters, spansTable };
  api = await openApi(config, { log, metrics, ...store, ingest, promoter, registry });
  const ports = { ...ingest.ports, api: api.port };
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
  const { days, redMinuteDays, redHourDays } = config.retention;
  for (const retention of [
    { table: "spans", column: "time_bucket", days },
    { table: "attribute_keys", column: "time_bucket", days },
    { table: "red_1m", column: "time", days: redMinuteDays },
    { table: "red_1h", column: "time", days: redHourDays },
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

interface Api {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly client: StoreClient;
  readonly counters: TenantMetrics;
  readonly spansTable: TableWatch;
  readonly ingest: Ingest;
  readonly promoter: Promoter;
  readonly registry: () => Promise<Registry>;
}

function openApi(config: Config, api: Api): Promise<Listener> {
  return listen(apiHandler(config, api), {
    host: config.listen.host,
    port: config.http.port,
    limits: {
      ...defaultHttpLimits,
      connections: config.listen.maxConnections,
      headerBytes: API_HEADER_BYTES,
      wireBytes: API_BODY_BYTES,
      bodyBytes: API_BODY_BYTES,
    },
    onCut: (reason) => api.metrics.connectionsCut.inc({ door: "api", reason }),
    budget: new MemoryBudget({ limitBytes: API_BODY_BYTES }),
    logger: api.log,
  });
}

function queryLimits({ query }: Config): QueryLimits {
  return {
    seconds: query.maxSeconds,
    traceSpans: query.maxTraceSpans,
    framedSpans: query.maxPageSpans,
    candidateTraces: query.maxCandidateTraces,
    readBytes: query.maxReadBytes,
    memoryBytes: query.maxMemoryBytes,
  };
}

function apiHandler(
  config: Config,
  { client, counters, spansTable, ingest, promoter, registry, metrics, log }: Api,
) {
  const { ports } = ingest;
  const asking = {
    client,
    database: config.clickhouse.database,
    table: () => spansTable.table(),
    limits: queryLimits(config),
    nowSeconds,
    noteQueried: (scope: AttributeScope, key: string) => promoter.noteQueried(scope, key),
  };
  const tenantOf = askingTenancy(config.tenancy.enabled);
  const askingFor = ({ headers }: HttpRequest) => ({
    ...asking,
    tenant: tenantOf(headers[ORG_ID]),
  });
  const queriesOf: QueriesOf = (request) => createQueries(askingFor(request));
  const redOf = ({ headers }: HttpRequest): RedQueries =>
    createRedQueries({
      client,
      database: config.clickhouse.database,
      tenant: tenantOf(headers[ORG_ID]),
      seconds: config.query.maxSeconds,
      minuteDays: config.retention.redMinuteDays,
      nowSeconds,
    });
  const spansReceived = async (): Promise<number> => {
    const counted = (await registry()).getSingleMetric(SPANS_RECEIVED);
    return (await counted!.get()).values.reduce((sum, { value }) => sum + value, 0);
  };
  const anyTrouble = async () => (await ingest.health()).trouble ?? (await trouble(client));
  const routes: Route[] = [
    ...operationsRoutes({
      registry: async () => {
        metrics.clickhouseUp.set((await trouble(client)) === undefined ? 1 : 0);
        return registry();
      },
      trouble: anyTrouble,
    }),
    ...spanMetricsRoutes(({ headers }) => counters.families(tenantOf(headers[ORG_ID]))),
    ...redRoutes(redOf),
    ...tagsRoutes({ tagsOf: (request) => createTags(askingFor(request)), nowSeconds }),
    ...clewRoutes({
      queriesOf,
      status: async () => {
        const health = await ingest.health();
        return {
          otlp: { grpcPort: ports.grpc, httpPort: ports.http },
          spansReceived: await spansReceived(),
          trouble: [await trouble(client), health.trouble ?? health.warning].filter(isText),
        };
      },
    }),
    ...searchRoutes({ queriesOf, nowSeconds, logger: log }),
    ...tempoRoutes(queriesOf),
    ...statusRoutes({
      config: () => describeConfig({ config }),
      trouble: anyTrouble,
      endpoints: () => routes,
    }),
    ...pageRoutes(pageFolder),
  ];
  return createRouter({
    routes,
    answerFailure: (failure, { path }) =>
      path.startsWith(`${apiBase}/`) ? clewFailure(failure) : tempoFailure(failure),
    logger: log,
  });
}

function isText(value: string | undefined): value is string {
  return value !== undefined;
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
