/**
 * Sampling at the door, for those who cannot even write it all: which spans of a service are taken. Shares
 * are by the trace's randomness, so traces stay whole as far as their services have the same share, and a
 * smaller share is part of a larger one. A limit is a share, too, which follows from what came in the
 * last second. What a span stands for is noted in its tracestate.
 */
import { randomnessOf, thresholdOf } from "./threshold.ts";

/** What is taken of a service. */
export interface DoorRule {
  /** Of its traces, 0 to 1. */
  readonly share: number;
  /** About so many spans a second at most; double that in any second. */
  readonly spansPerSecond?: number | undefined;
  /** Of spans with an error that are not among those: so many a second, of all services of this rule. */
  readonly errorSpansPerSecond?: number | undefined;
}

/** The rules by service. */
export interface DoorRules {
  readonly services: ReadonlyMap<string, DoorRule>;
  /** For all others. */
  readonly others: DoorRule;
}

/** What the door has to know of a span. */
export interface DoorSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly isError: boolean;
  /** What samplers before have noted. */
  readonly threshold: bigint | undefined;
  readonly randomness: bigint | undefined;
}

/** Whether a span is taken, and the threshold that is to be noted then, if it is to be changed. */
export type DoorDecision =
  | { readonly kind: "taken"; readonly threshold?: bigint }
  | { readonly kind: "error" }
  | { readonly kind: "dropped" };

/** Services whose rates are told apart; all further ones share one. */
const MOST_SERVICES = 10_000;
const SECOND_MS = 1000;
const TAKEN: DoorDecision = { kind: "taken" };
const DROPPED: DoorDecision = { kind: "dropped" };
const AS_ERROR: DoorDecision = { kind: "error" };

/** The rates of one service. */
interface Traffic {
  /** When the current second began. */
  sinceMs: number;
  offered: number;
  taken: number;
  /** That the limit lets through. */
  share: number;
}

/** The door: it remembers rates. */
export class Door {
  readonly #traffic = new Map<string, Traffic>();
  readonly #errors = new Map<DoorRule, { atMs: number; left: number }>();

  /** Whether everything of this service is taken as it is. */
  isOpen({ share, spansPerSecond }: DoorRule): boolean {
    return share >= 1 && spansPerSecond === undefined;
  }

  /** Decides about a span of a service, which may be any text that tells services apart. */
  decide(service: string, rule: DoorRule, span: DoorSpan, nowMs: number): DoorDecision {
    const { spansPerSecond: limit } = rule;
    const traffic = limit === undefined ? undefined : this.#trafficOf(service, limit, nowMs);
    const share = Math.min(rule.share, traffic?.share ?? 1);
    const threshold = thresholdOf(share);
    const randomness = span.randomness ?? randomnessOf(span.traceId);
    const isFull = traffic !== undefined && traffic.taken >= 2 * limit!;
    if (randomness >= threshold && !isFull) {
      if (traffic !== undefined) this.#take(traffic, limit!);
      const isNoted = threshold <= (span.threshold ?? 0n);
      return isNoted ? TAKEN : { kind: "taken", threshold };
    }
    return span.isError && this.#takesError(rule, nowMs) ? AS_ERROR : DROPPED;
  }

  #trafficOf(service: string, limit: number, nowMs: number): Traffic {
    const id = this.#traffic.size < MOST_SERVICES || this.#traffic.has(service) ? service : "";
    let traffic = this.#traffic.get(id);
    if (traffic === undefined) {
      traffic = { sinceMs: nowMs, offered: 0, taken: 0, share: 1 };
      this.#traffic.set(id, traffic);
    }
    const elapsedMs = nowMs - traffic.sinceMs;
    if (elapsedMs >= SECOND_MS) {
      const perSecond = (traffic.offered * SECOND_MS) / elapsedMs;
      traffic.share = perSecond <= limit ? 1 : limit / perSecond;
      traffic.sinceMs = nowMs;
      traffic.offered = traffic.taken = 0;
    }
    traffic.offered++;
    return traffic;
  }

  /** If there are more than a second ago, the share shrinks before the second is over. */
  #take(traffic: Traffic, limit: number): void {
    traffic.taken++;
    if (traffic.taken % Math.ceil(limit / 2) === 0 && traffic.taken >= limit) traffic.share /= 2;
  }

  #takesError(rule: DoorRule, nowMs: number): boolean {
    const perSecond = rule.errorSpansPerSecond ?? 0;
    if (perSecond <= 0) return false;
    const bucket = this.#errors.get(rule) ?? { atMs: nowMs, left: perSecond };
    const refill = (Math.max(0, nowMs - bucket.atMs) * perSecond) / SECOND_MS;
    bucket.left = Math.min(Math.max(1, perSecond), bucket.left + refill);
    bucket.atMs = nowMs;
    this.#errors.set(rule, bucket);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }
}
