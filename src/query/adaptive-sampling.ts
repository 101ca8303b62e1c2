/** Shares for the services that ask for them, calculated once a minute from the roll-ups. */
import {
  adaptiveStrategy,
  type AdaptiveOptions,
  nextShares,
  type OperationTraffic,
  type Shares,
} from "../sampling/adaptive.ts";
import { DEFAULT_PROBABILITY } from "../sampling/strategies.ts";
import type { Strategy } from "../model/sampling-strategy.ts";
import type { StoreClient } from "../store/client.ts";
import { readOperationRates } from "../store/sampling/operation-rates.ts";

/** Where traffic is read, and what is wanted of it. */
export interface AdaptiveSamplingOptions extends AdaptiveOptions {
  readonly client: StoreClient;
  readonly database: string;
  readonly tenant: string;
  readonly nowSeconds: () => number;
}

const MINUTE = 60;
/** The newest minute of which all has come, begun so long before this one. */
const AGO_MINUTES = 2;
/** By the shares of how many minutes before that its spans came: SDKs ask once a minute. */
const LAG_MINUTES = 1;
const KEPT_MINUTES = 10;
/** Services that did not ask for so long do not follow the shares. */
const FORGOTTEN_SECONDS = 600;
/** Services that may ask: whoever can reach the port can make up names. */
const MOST_SERVICES = 1000;

/** Shares of the services that ask. */
export class AdaptiveSampling {
  readonly #options: AdaptiveSamplingOptions;
  readonly #askedAt = new Map<string, number>();
  /** By minute, then by service. */
  readonly #shares = new Map<number, ReadonlyMap<string, Shares>>();
  #now: ReadonlyMap<string, Shares> = new Map();

  constructor(options: AdaptiveSamplingOptions) {
    this.#options = options;
  }

  /** What the service is told; it takes part from now on. */
  strategyOf(service: string): Strategy {
    const isKnown = this.#askedAt.has(service);
    if (isKnown || this.#askedAt.size < MOST_SERVICES) {
      this.#askedAt.set(service, this.#options.nowSeconds());
    }
    return adaptiveStrategy(this.#now.get(service) ?? new Map());
  }

  /** Calculates the shares; to be called once a minute. Throws what the store throws. */
  async calculate(): Promise<void> {
    const { client, database, tenant, nowSeconds } = this.#options;
    const now = nowSeconds();
    for (const [service, askedAt] of this.#askedAt) {
      if (askedAt < now - FORGOTTEN_SECONDS) this.#askedAt.delete(service);
    }
    const services = [...this.#askedAt.keys()];
    const minute = Math.floor(now / MINUTE);
    const measured = minute - AGO_MINUTES;
    const rates = await readOperationRates(
      { client, database },
      { tenant, services, fromSeconds: measured * MINUTE, seconds: MINUTE },
    );
    const then = this.#shares.get(measured - LAG_MINUTES);
    this.#now = new Map(
      services.map((service) => {
        const before = this.#now.get(service) ?? new Map<string, number>();
        const traffic = new Map(
          [...(rates.get(service) ?? [])].map(([operation, spansPerSecond]) => {
            const share = then?.get(service)?.get(operation) ?? DEFAULT_PROBABILITY;
            return [operation, { spansPerSecond, share } satisfies OperationTraffic] as const;
          }),
        );
        return [service, nextShares(before, traffic, this.#options)] as const;
      }),
    );
    this.#shares.set(minute, this.#now);
    this.#shares.delete(minute - KEPT_MINUTES);
  }
}
