/**
 * Shares that follow the traffic: for every operation of a service such a share of its traces that so many
 * spans a second come. What comes was decided by the shares of some minutes ago, since SDKs ask for them
 * once a minute, and spans take their time; so what the operation does altogether is estimated with those.
 *
 *     minute     1     2     3     now
 *     shares     p1    p2    p3            asked for during the minute after
 *     spans            n2                  came by p1: the operation has n2 / p1 a minute
 */
import type { Strategy } from "../model/sampling-strategy.ts";
import { DEFAULT_PROBABILITY } from "./strategies.ts";

/** Shares of a service's operations. */
export type Shares = ReadonlyMap<string, number>;

/** What shares are to come to. */
export interface AdaptiveOptions {
  /** Of each operation. */
  readonly spansPerSecond: number;
}

/** What is known of an operation. */
export interface OperationTraffic {
  /** That came, a second, of late. */
  readonly spansPerSecond: number;
  /** The share by which they came. */
  readonly share: number;
}

const LEAST_SHARE = 1e-5;
/** A share grows by so much at a time: the estimate may be wrong. */
const MOST_GROWTH = 2;
/** So far off the target nothing is changed. */
const TOLERANCE = 0.3;
/** Traces a second of each operation that are taken at least, so that it is known at all. */
const LEAST_PER_SECOND = 1 / 60;
/** Operations of a service; for further ones the default share holds. */
const MOST_OPERATIONS = 2000;

/** The next shares: for the operations that came of late, and those that have one already. */
export function nextShares(
  now: Shares,
  traffic: ReadonlyMap<string, OperationTraffic>,
  { spansPerSecond: target }: AdaptiveOptions,
): Shares {
  const next = new Map<string, number>();
  for (const [operation, { spansPerSecond, share }] of traffic) {
    if (next.size >= MOST_OPERATIONS) break;
    const current = now.get(operation) ?? DEFAULT_PROBABILITY;
    const isNear = Math.abs(spansPerSecond - target) / target < TOLERANCE && share === current;
    const wanted = isNear ? current : (target * share) / spansPerSecond;
    next.set(operation, within(Math.min(wanted, MOST_GROWTH * current)));
  }
  for (const [operation, share] of now) {
    if (next.size >= MOST_OPERATIONS) break;
    // Nothing came: perhaps the share is too small.
    if (!next.has(operation)) next.set(operation, within(share * MOST_GROWTH));
  }
  return next;
}

function within(share: number): number {
  return Math.min(1, Math.max(LEAST_SHARE, share));
}

/** The shares as a service is told them. */
export function adaptiveStrategy(shares: Shares): Strategy {
  return {
    keep: { kind: "probability", probability: DEFAULT_PROBABILITY },
    operations: {
      probability: DEFAULT_PROBABILITY,
      atLeastPerSecond: LEAST_PER_SECOND,
      shares,
    },
  };
}
