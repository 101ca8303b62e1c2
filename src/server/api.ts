/** The API port: which routes there are, and what they ask. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Registry } from "prom-client";
import { clewFailure, clewRoutes } from "../api/clew.ts";
import { apiBase } from "../api/contract.ts";
import { graphRoutes } from "../api/graph.ts";
import { listenGrpc } from "../api/grpc-listener.ts";
import { createGrpcServer, defaultGrpcLimits } from "../api/grpc-server.ts";
import { createRouter, type Handler, type HttpRequest, type Route } from "../api/http.ts";
import { defaultHttpLimits, listen } from "../api/http-listener.ts";
import { metricsRoutes } from "../api/metrics.ts";
import { openApiRoutes } from "../api/openapi/document.ts";
import { operationsRoutes } from "../api/operations.ts";
import { pageRoutes } from "../api/page.ts";
import { defaultQuestionLogLimits, QuestionLog } from "../api/question-log.ts";
import { redRoutes } from "../api/red.ts";
import { samplingRoutes } from "../api/sampling.ts";
import { searchRoutes } from "../api/search.ts";
import { serviceHistoryRoutes } from "../api/service-history.ts";
import { spanMetricsRoutes } from "../api/span-metrics.ts";
import { systemRoutes } from "../api/system.ts";
import { tagsRoutes } from "../api/tags.ts";
import { tempoFailure } from "../api/tempo/answers.ts";
import { tempoRoutes } from "../api/tempo/routes.ts";
import { statusRoutes } from "../api/tempo/status-pages.ts";
import { tempoStreams } from "../api/tempo/streaming.ts";
import type { TempoOptions } from "../api/tempo/tempo-queries.ts";
import {
  askingTenancy,
  onlyTenant,
  ORG_ID,
  type QueriesOf,
  type TenantsOf,
} from "../api/tenancy.ts";
import type { Logger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Promoter } from "../ingest/promoter.ts";
import type { TenantMetrics } from "../prometheus/tenant-metrics.ts";
import { createGraphQueries } from "../query/graph.ts";
import { createMetrics, type MetricsOptions } from "../query/metrics.ts";
import type { QueryLimits } from "../query/query-options.ts";
import { createRedQueries, type RedQueries } from "../query/red.ts";
import { createSearch } from "../query/search.ts";
import { createSampling } from "../query/sampling.ts";
import { createServiceHistory } from "../query/service-history.ts";
import { createTags } from "../query/tags.ts";
import { createQueries } from "../query/traces.ts";
import type { StoreClient } from "../store/client.ts";
import { OddTimes } from "../store/odd-times.ts";
import type { AttributeScope } from "../store/promoted.ts";
import type { Config } from "./config.ts";
import { describeConfig } from "./describe-config.ts";
import type { Ingest } from "./ingest-node.ts";
import { type SystemWatch, watchSystem } from "./system.ts";
import type { TableWatch } from "./table-watch.ts";
import { policyFileOf, type Thinning } from "./thinning.ts";

/** What the API is about. */
export interface Api {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly client: StoreClient;
  readonly counters: TenantMetrics;
  readonly spansTable: TableWatch;
  readonly ingest: Ingest;
  readonly promoter: Promoter;
  readonly registry: () => Promise<Registry>;
  readonly thinning: Thinning;
}

/** The API's open ports. */
export interface OpenApi {
  readonly ports: { readonly api: number; readonly apiGrpc?: number };
  close(): Promise<void>;
}

/** Memory for what the API port is sent: questions have no bodies to speak of. */
const API_BODY_BYTES = 2 ** 20;
/** A query is in the URL; of its 128 KiB at most, every byte may be percent-encoded. */
const API_HEADER_BYTES = 512 * 1024;
const READY_MS = 2000;
const SPANS_RECEIVED = "clew_spans_received_total";
const pageFolder = fileURLToPath(new URL("../../dist/ui", import.meta.url));

/** Opens the API's port, and the one for gRPC alone if there is to be one. */
export async function openApi(config: Config, api: Api): Promise<OpenApi> {
  const { host, maxConnections: connections } = config.listen;
  const { port, grpcPort } = config.http;
  const asking = askingOf(config, api);
  const tempo = tempoOptions(config, asking);
  const door = {
    budget: new MemoryBudget({ limitBytes: API_BODY_BYTES }),
    onCut: (reason: string) => api.metrics.connectionsCut.inc({ door: "api", reason }),
    logger: api.log,
  };
  const grpcLimits = { ...defaultGrpcLimits, connections, bodyBytes: API_BODY_BYTES };
  const grpc = { ...door, limits: grpcLimits, streams: tempoStreams(tempo) };
  const questions = new QuestionLog({
    limits: defaultQuestionLogLimits,
    nowMs: Date.now,
    tenantOf: askerIn(asking),
  });
  const system = watchSystem(config, { ...api, trouble: () => sentences(api) });
  const handler = apiHandler(config, api, { asking, tempo, questions, system });
  const http = await listen(questions.watch(handler), {
    ...door,
    host,
    port,
    limits: {
      ...defaultHttpLimits,
      connections,
      headerBytes: API_HEADER_BYTES,
      wireBytes: API_BODY_BYTES,
      bodyBytes: API_BODY_BYTES,
    },
    grpc: createGrpcServer(grpc),
  });
  const close = async (): Promise<void> => {
    system.close();
    await http.close();
  };
  if (grpcPort === undefined) return { ports: { api: http.port }, close };
  const otherwise = "This port takes gRPC. The HTTP API has another, 3200 by default.\n";
  const own = await listenGrpc({ ...grpc, host, port: grpcPort, otherwise }).catch(
    async (error: unknown) => {
      await close();
      throw error;
    },
  );
  return {
    ports: { api: http.port, apiGrpc: own.port },
    close: async () => void (await Promise.all([close(), own.close()])),
  };
}

/** What is asked, by tenants. */
interface AskingAs {
  readonly tenantsOf: TenantsOf;
  readonly as: (tenants: readonly string[]) => MetricsOptions;
}

function askingOf(config: Config, { client, spansTable, promoter }: Api): AskingAs {
  const asking = {
    client,
    database: config.clickhouse.database,
    table: () => spansTable.table(),
    limits: queryLimits(config),
    nowSeconds,
    oddTimes: new OddTimes(),
    noteQueried: (scope: AttributeScope, key: string) => promoter.noteQueried(scope, key),
  };
  const tenantsOf = askingTenancy(config.tenancy.enabled);
  return { tenantsOf, as: (tenants) => ({ ...asking, tenants }) };
}

/** Whose question a request is; of several tenants it is like that of another one. */
function askerIn({ tenantsOf }: AskingAs): (request: HttpRequest) => string {
  return ({ headers }) => tenantsOf(headers[ORG_ID]).join("|");
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

const HOUR_NANO = 3_600_000_000_000n;

function tempoOptions({ query }: Config, { tenantsOf, as }: AskingAs): TempoOptions {
  return {
    queriesOf: (orgIds) => {
      const options = as(tenantsOf(orgIds));
      return { ...createSearch(options), ...createTags(options), ...createMetrics(options) };
    },
    limits: {
      searchRangeNano: BigInt(query.maxSearchHours) * HOUR_NANO,
      metricsRangeNano: BigInt(query.maxMetricsHours) * HOUR_NANO,
    },
    language: { strict: query.strictTraceql },
    nowNano: () => BigInt(Date.now()) * 1_000_000n,
  };
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

interface Questions {
  readonly asking: AskingAs;
  readonly tempo: TempoOptions;
  readonly questions: QuestionLog;
  readonly system: SystemWatch;
}

function apiHandler(
  config: Config,
  api: Api,
  { asking, tempo, questions, system }: Questions,
): Handler {
  const { client, counters, ingest, registry, metrics, log } = api;
  const { ports } = ingest;
  const tenantsIn = ({ headers }: HttpRequest) => asking.tenantsOf(headers[ORG_ID]);
  const askingFor = (request: HttpRequest) => asking.as(tenantsIn(request));
  const queriesOf: QueriesOf = (request) => createQueries(askingFor(request));
  const redOf = (request: HttpRequest): RedQueries =>
    createRedQueries({
      client,
      database: config.clickhouse.database,
      tenants: tenantsIn(request),
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
    ...spanMetricsRoutes((request) => counters.families(onlyTenant(tenantsIn(request)))),
    ...redRoutes(redOf),
    ...serviceHistoryRoutes((request) => {
      const minuteDays = config.retention.redMinuteDays;
      return createServiceHistory({ ...askingFor(request), minuteDays });
    }),
    ...samplingRoutes({
      samplingOf: (request) => {
        const tenant = onlyTenant(tenantsIn(request));
        return createSampling({ ...asking.as([tenant]), tenant });
      },
      policyFile: () => policyFileOf(config),
      fullHours: config.sampling.fullHours,
      thinningProblem: () => api.thinning.problem(),
    }),
    ...graphRoutes({
      graphOf: (request) =>
        createGraphQueries({ ...askingFor(request), seconds: config.query.maxSeconds }),
      nowSeconds,
    }),
    ...tagsRoutes({ tagsOf: (request) => createTags(askingFor(request)), nowSeconds }),
    ...clewRoutes({
      queriesOf,
      status: async () => ({
        otlp: { grpcPort: ports.grpc, httpPort: ports.http },
        spansReceived: await spansReceived(),
        trouble: await sentences(api),
      }),
    }),
    ...systemRoutes({ ...system, questions, tenantIn: askerIn(asking), nowMs: Date.now }),
    ...searchRoutes({ queriesOf, nowSeconds, logger: log }),
    ...metricsRoutes({ metricsOf: (request) => createMetrics(askingFor(request)), nowSeconds }),
    ...tempoRoutes(queriesOf, tempo),
    ...statusRoutes({
      config: () => describeConfig({ config }),
      trouble: anyTrouble,
      endpoints: () => routes,
    }),
    ...openApiRoutes(),
    ...pageRoutes(pageFolder, config.http.embedOrigins),
  ];
  return createRouter({
    routes,
    answerFailure: (failure, { path }) =>
      path.startsWith(`${apiBase}/`) ? clewFailure(failure) : tempoFailure(failure),
    logger: log,
  });
}

/** What keeps Clew from its work, or will soon. */
async function sentences({ client, ingest }: Pick<Api, "client" | "ingest">): Promise<string[]> {
  const health = await ingest.health();
  return [await trouble(client), health.trouble ?? health.warning].filter(isText);
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
