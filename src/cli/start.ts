import { resolve } from "node:path";
import { createLogger, type Logger } from "../base/log.ts";
import { clewVersion } from "../base/version.ts";
import type { Shop } from "../demo/shop.ts";
import type { Config } from "../server/config.ts";
import type { Server } from "../server/server.ts";
import { positionals } from "./arguments.ts";
import type { Command, Surroundings } from "./command.ts";
import { configOptions, readConfig } from "./config.ts";
import { stopSignal } from "./stop-signal.ts";

/** `clew start`: Clew itself, until a signal stops it. */
export const startCommand: Command = {
  about: "start Clew and run it until Ctrl+C",
  takes: "",
  more: "Every setting is in docs/configuration.md; log lines (JSON) go to standard error.",
  options: {
    ...configOptions,
    demo: { type: "flag", about: "also run the demo shop, whose spans come here" },
  },
  async run(given, surroundings) {
    positionals(given, []);
    const { config } = readConfig(given, surroundings.env);
    const log = createLogger({
      level: config.log.level,
      write: surroundings.printLog,
      now: () => new Date(),
    });
    const stopped = stopSignal();
    const { startServer } = await import("../server/server.ts");
    const server = await startServer(config, log);
    surroundings.print(banner(config, server.ports));
    const shop = given.has("demo") ? await openShop(config, server, log, surroundings) : undefined;
    const reason = await Promise.race([stopped, server.closed.then(() => "closed" as const)]);
    if (reason === "closed") {
      await shop?.close();
      surroundings.print("Clew has stopped by itself; the log says why.\n");
      return 1;
    }
    surroundings.print("Stopping; Ctrl+C again ends it at once.\n");
    await shop?.close();
    await server.close();
    surroundings.print("Stopped.\n");
    return 0;
  },
};

/** Clew goes on without its demo if the shop cannot open, or closes. */
async function openShop(
  config: Config,
  server: Server,
  log: Logger,
  { print }: Surroundings,
): Promise<Shop | undefined> {
  const { shopDefaults, startShop } = await import("../demo/shop.ts");
  const otlpUrl = urlOf(config.listen.host, server.ports.http);
  try {
    const shop = await startShop({ ...shopDefaults, otlpUrl, log });
    shop.done.catch((error: unknown) => log.error("the demo shop has closed", { error }));
    print(`Demo shop: open, about ${shopDefaults.requestsPerSecond} requests a second.\n`);
    return shop;
  } catch (error) {
    log.error("the demo shop cannot open", { error });
    return undefined;
  }
}

/** What `clew start` says when Clew is ready: where to send spans and where to look. */
export function banner(config: Config, ports: Server["ports"]): string {
  const { host } = config.listen;
  const store =
    config.clickhouse.url === undefined
      ? `${resolve(config.data.dir)} (embedded ClickHouse)`
      : `ClickHouse at ${config.clickhouse.url}`;
  const reach = isEveryAddress(host) ? ["  (on every address of this machine)"] : [];
  return `${[
    `Clew ${clewVersion} is ready.`,
    `  Send spans  OTLP/HTTP  ${urlOf(host, ports.http)}`,
    `              OTLP/gRPC  ${urlOf(host, ports.grpc)}`,
    `  Look        ${urlOf(host, ports.api)}`,
    ...reach,
    `  Data        ${store}, kept ${config.retention.days} days`,
    "  Stop        Ctrl+C",
  ].join("\n")}\n`;
}

function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** How this machine reaches a port that listens on `host`. */
function urlOf(host: string, port: number): string {
  const name = isEveryAddress(host) ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
