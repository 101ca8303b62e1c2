/** Remote sampling: which strategies samplers in SDKs are told, and the ports they ask at. */
import { defaultGrpcLimits } from "../api/grpc-server.ts";
import { listenGrpc } from "../api/grpc-listener.ts";
import { defaultHttpLimits, listen } from "../api/http-listener.ts";
import { samplingHandler, samplingMethods, type StrategyOf } from "../api/jaeger-sampling.ts";
import { every } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import type { Metrics } from "../base/metrics.ts";
import { SINGLE_TENANT } from "../model/tenant.ts";
import { AdaptiveSampling } from "../query/adaptive-sampling.ts";
import { readStrategies, type Strategies } from "../sampling/strategies.ts";
import type { StoreClient } from "../store/client.ts";
import type { Config } from "./config.ts";
import { watchedFile } from "./watched-file.ts";

interface HeadSamplingBuilding {
  readonly client: StoreClient;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Memory for what is sent: names of services. */
const BODY_BYTES = 2 ** 20;
const MINUTE_MS = 60_000;

/** Opens the ports at which strategies are asked for, as far as they are set. Throws Fault "invalid" if
 * the file of strategies is wrong, "unavailable" if a port cannot be had. */
export async function openHeadSampling(
  config: Config,
  { client, log, metrics }: HeadSamplingBuilding,
): Promise<{ close(): Promise<void> }> {
  const { jaegerHttpPort, jaegerGrpcPort } = config.sampling;
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((closer) => closer()));
  };
  if (jaegerHttpPort === undefined && jaegerGrpcPort === undefined) return { close };
  const { strategyOf, closer } = strategiesOf(config, { client, log });
  closers.push(closer);
  const { host, maxConnections: connections } = config.listen;
  const door = {
    host,
    budget: new MemoryBudget({ limitBytes: BODY_BYTES }),
    onCut: (reason: string) => metrics.connectionsCut.inc({ door: "sampling", reason }),
    logger: log,
  };
  try {
    if (jaegerHttpPort !== undefined) {
      const sizes = { wireBytes: BODY_BYTES, bodyBytes: BODY_BYTES };
      const limits = { ...defaultHttpLimits, connections, ...sizes };
      const http = await listen(samplingHandler(strategyOf), {
        ...door,
        port: jaegerHttpPort,
        limits,
      });
      closers.push(() => http.close());
      log.info("samplers may ask for their strategy by HTTP", { port: http.port });
    }
    if (jaegerGrpcPort !== undefined) {
      const grpc = await listenGrpc({
        ...door,
        port: jaegerGrpcPort,
        limits: { ...defaultGrpcLimits, connections, bodyBytes: BODY_BYTES },
        methods: samplingMethods(strategyOf),
        otherwise: "This port takes gRPC: jaeger.api_v2.SamplingManager.\n",
      });
      closers.push(() => grpc.close());
      log.info("samplers may ask for their strategy by gRPC", { port: grpc.port });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

/** Services that the file names have its strategy; others follow their traffic, if that is wanted. */
function strategiesOf(
  { clickhouse, sampling }: Config,
  { client, log }: Pick<HeadSamplingBuilding, "client" | "log">,
): { readonly strategyOf: StrategyOf; readonly closer: () => Promise<void> } {
  const { strategyFile, targetSpansPerSecond: spansPerSecond } = sampling;
  const nothing = readStrategies("", "");
  const strategies =
    strategyFile === undefined
      ? (): Strategies => nothing
      : watchedFile(strategyFile, readStrategies, log);
  if (spansPerSecond === undefined) {
    return { strategyOf: (service) => strategies().of(service), closer: async () => {} };
  }
  const adaptive = new AdaptiveSampling({
    client,
    database: clickhouse.database,
    tenant: SINGLE_TENANT,
    spansPerSecond,
    nowSeconds: () => Math.floor(Date.now() / 1000),
  });
  const repeated = every(
    MINUTE_MS,
    () => adaptive.calculate(),
    (error) => log.error("sampling shares could not be calculated", { error }),
  );
  return {
    strategyOf: (service) => {
      const fixed = strategies();
      return fixed.names(service) ? fixed.of(service) : adaptive.strategyOf(service);
    },
    closer: async () => repeated.close(),
  };
}
