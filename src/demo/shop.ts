/**
 * The demo shop: six services in processes of their own, a database, a message broker, and a load
 * generator, so that there are traces to look at.
 *
 *     load ─▶ api-gateway ─▶ auth ─▶ (SQL)
 *                  ├───────▶ cart ─▶ (SQL), inventory ─▶ (SQL)
 *                  ├───────▶ inventory ─▶ (SQL)
 *                  └───────▶ payment ─▶ (SQL), bank, queue ─▶ notification ─▶ auth, mail
 */
import { setTimeout as wait } from "node:timers/promises";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import { Child } from "./children.ts";
import { generateLoad } from "./load.ts";
import type { ShopReport } from "./load.ts";
import type { PlannedRequest, Trouble } from "./plan.ts";
import { roles, services } from "./protocol.ts";
import type { Addresses, Role } from "./protocol.ts";

export type { ShopReport } from "./load.ts";
export { type Trouble, troubles } from "./plan.ts";

/** How the shop is to run. Nothing has a default here: see `shopDefaults`. */
export interface ShopOptions {
  /** Where the shop sends its spans by OTLP/HTTP, without `/v1/traces`: `http://127.0.0.1:4318`. */
  readonly otlpUrl: string;
  /** How many requests begin in a second, more than 0 and up to `MAX_REQUESTS_PER_SECOND`. Each is a
   * trace. If the shop cannot keep up, fewer. */
  readonly requestsPerSecond: number;
  /** How many requests to send in all; without it, they end with `close()`. */
  readonly traces?: number;
  /** Share of requests that fail, 0 to 1. */
  readonly errorShare: number;
  /** Share of requests that are slow, 0 to 1; never those that fail, so both together are up to 1. */
  readonly slowShare: number;
  /** What may go wrong; anything if it is left out. */
  readonly only?: readonly Trouble[];
  /** An integer. Runs with the same seed and shares send the same requests. */
  readonly seed: number;
  readonly log: Logger;
}

/** For whoever has no opinion. */
export const shopDefaults = {
  requestsPerSecond: 2,
  errorShare: 0.05,
  slowShare: 0.05,
  seed: 1,
} as const satisfies Partial<ShopOptions>;

/** More than a shop on a small machine can serve; beyond, it is a typing error. */
export const MAX_REQUESTS_PER_SECOND = 1_000;

/** A running shop. */
export interface Shop {
  /** Settles when the requests asked for have been answered and their spans sent (or could not be
   * sent, which the log says), or after `close()`. Rejects with Fault "unavailable" if a process of the
   * shop dies; the rest of it is closed then. */
  readonly done: Promise<ShopReport>;
  /** Stops the load, lets the requests under way finish, sends all spans and ends every process. May be
   * called more than once, and after `done`. */
  close(): Promise<void>;
}

/** How long messages and spans that are still on their way are waited for at the end. */
const SETTLE_LIMIT_MS = 5_000;
/** Unexpected answers that are worth a warning. */
const LOUD_ANSWERS = 5;

/** Whose ports a process must know before it can start. */
const dependencies: Readonly<Record<Role, readonly Role[]>> = {
  database: [],
  broker: [],
  auth: ["database"],
  inventory: ["database"],
  cart: ["database", "inventory"],
  payment: ["database", "broker"],
  notification: ["broker", "auth"],
  "api-gateway": ["auth", "cart", "inventory", "payment"],
};

/** Starts every process; settles when the shop is open and load has begun. Throws Fault "invalid" for
 * options that make no sense, "unavailable" if a process does not start. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  checkOptions(options);
  const { log, otlpUrl, traces } = options;
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => {}); // whoever races against it hears of it
  const onExporting = watchExports(log, otlpUrl);
  const children = roles.map((role) => {
    const onDeath = (reason: string): void => {
      log.error("demo shop: a process died", { role, reason });
      died.reject(new Fault("unavailable", `${role} of the demo shop ${reason}`));
    };
    const told = (failure: string | undefined): void => onExporting(role, failure);
    return new Child({ role, otlpUrl, onExporting: told, onDeath });
  });
  let port: number;
  try {
    port = await Promise.race([openAll(children), died.promise]);
  } catch (error) {
    await stopAll(children);
    throw error;
  }
  log.info("demo shop: open", { url: `http://127.0.0.1:${port}` });

  const stopping = new AbortController();
  const onUnexpected = watchAnswers(log);
  async function run(): Promise<ShopReport> {
    const load = { ...options, port, requests: traces, onUnexpected };
    const report = await generateLoad(load, stopping.signal);
    await Promise.race([settle(children), wait(SETTLE_LIMIT_MS, undefined, { ref: false })]);
    return report;
  }
  const done = Promise.race([run(), died.promise]);
  async function close(): Promise<void> {
    stopping.abort();
    await done.catch(() => {}); // whoever awaits `done` hears of it
    await stopAll(children);
  }
  let closing: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => (closing ??= close());
  done.catch(closeOnce);
  return { done, close: closeOnce };
}

function checkOptions(options: ShopOptions): void {
  const { otlpUrl, requestsPerSecond, traces, errorShare, slowShare, seed } = options;
  const refuse = (name: string, value: unknown, wanted: string): never => {
    throw new Fault("invalid", `demo shop: ${name} is ${String(value)}, must be ${wanted}`);
  };
  const url = URL.parse(otlpUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    refuse("otlpUrl", JSON.stringify(otlpUrl), "an http or https URL");
  }
  if (!(requestsPerSecond > 0 && requestsPerSecond <= MAX_REQUESTS_PER_SECOND)) {
    const wanted = `more than 0 and at most ${MAX_REQUESTS_PER_SECOND}`;
    refuse("requestsPerSecond", requestsPerSecond, wanted);
  }
  if (traces !== undefined && !(Number.isSafeInteger(traces) && traces > 0)) {
    refuse("traces", traces, "a whole number of at least 1");
  }
  for (const [name, share] of Object.entries({ errorShare, slowShare })) {
    if (!(share >= 0 && share <= 1)) refuse(name, share, "between 0 and 1");
  }
  if (errorShare + slowShare > 1) {
    refuse("errorShare + slowShare", errorShare + slowShare, "at most 1: what fails is not slow");
  }
  if (!Number.isSafeInteger(seed)) refuse("seed", seed, "a whole number");
}

/** Starts all of them, each as soon as those that it depends on are ready; the api-gateway's port. */
async function openAll(children: readonly Child[]): Promise<number> {
  const ports = new Map<Role, Promise<number>>();
  async function open(role: Role): Promise<number> {
    const child = children.find((candidate) => candidate.role === role)!;
    const known = dependencies[role].map(async (other) => [other, await portOf(other)] as const);
    const addresses = Object.fromEntries(await Promise.all(known)) as Addresses;
    const port = await child.start(addresses);
    if (services.some((service) => service === role)) await checkHealth(role, port);
    return port;
  }
  function portOf(role: Role): Promise<number> {
    const port = ports.get(role) ?? open(role);
    ports.set(role, port);
    return port;
  }
  await Promise.all(roles.map(portOf));
  return portOf("api-gateway");
}

async function checkHealth(role: Role, port: number): Promise<void> {
  const { status } = await fetch(`http://127.0.0.1:${port}/health`);
  if (status !== 200) throw new Fault("unavailable", `${role} of the demo shop is not healthy`);
}

/** Settles when every message has been worked on and every span was sent or could not be. */
async function settle(children: readonly Child[]): Promise<void> {
  await Promise.all(
    children.filter(({ role }) => role === "broker").map((broker) => broker.tell("drain")),
  );
  await Promise.all(children.map((child) => child.tell("flush")));
}

/** Ends the services first: they take leave of the database and the broker. */
async function stopAll(children: readonly Child[]): Promise<void> {
  const isService = ({ role }: Child): boolean => services.some((service) => service === role);
  await Promise.all(children.filter(isService).map((child) => child.stop()));
  await Promise.all(children.map((child) => child.stop()));
}

/** Logs when spans begin to be refused anywhere, and when all services can send them again. */
function watchExports(log: Logger, otlpUrl: string) {
  const failing = new Set<Role>();
  return (role: Role, failure: string | undefined): void => {
    const before = failing.size;
    if (failure === undefined) failing.delete(role);
    else failing.add(role);
    if (before === 0 && failing.size > 0) {
      log.warn("demo shop: spans cannot be sent, some will be lost", { otlpUrl, role, failure });
    }
    if (before > 0 && failing.size === 0) log.info("demo shop: spans can be sent", { otlpUrl });
  };
}

/** Logs answers that were not the planned ones: the first few loudly, in case all of them are wrong. */
function watchAnswers(log: Logger) {
  let count = 0;
  return ({ method, path }: PlannedRequest, problem: string): void => {
    const level = count++ < LOUD_ANSWERS ? "warn" : "debug";
    log[level]("demo shop: unexpected answer", { request: `${method} ${path}`, problem });
  };
}
