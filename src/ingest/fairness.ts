/**
 * Rate limits by service, so that one that floods is refused before it crowds out the others. Token
 * buckets: a service may use in one go what it may use in `BURST_SECONDS`, and then as much as comes
 * back each second.
 */
import { Fault } from "../base/fault.ts";
import type { SpanColumns } from "../model/span-columns.ts";

/** What each service may send; a limit that is absent does not hold. */
export interface FairnessLimits {
  readonly spansPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

/** What one request brings of one service. */
export interface ServiceShare {
  readonly service: string;
  readonly spans: number;
  readonly bytes: number;
}

const BURST_SECONDS = 2;
/** Services that are remembered; beyond it, those that have sent nothing for long are forgotten. */
const MOST_SERVICES = 10_000;

interface Bucket {
  spans: number;
  bytes: number;
  filledMs: number;
}

/** The buckets of all services. */
export class Fairness {
  readonly #limits: { readonly spansPerSecond: number; readonly bytesPerSecond: number };
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor({ spansPerSecond, bytesPerSecond }: FairnessLimits, nowMs: () => number) {
    this.#limits = {
      spansPerSecond: spansPerSecond ?? Infinity,
      bytesPerSecond: bytesPerSecond ?? Infinity,
    };
    this.#nowMs = nowMs;
  }

  /** Whether there is any limit to hold. */
  get isOn(): boolean {
    return this.#limits.spansPerSecond !== Infinity || this.#limits.bytesPerSecond !== Infinity;
  }

  /**
   * Takes a request's spans out of the buckets of their services. Throws Fault "exhausted", with the
   * time after which it would fit, and takes nothing, if one of them has no tokens left. (A bucket
   * that is not empty is enough: a request larger than a full bucket gets in, and is paid off after.)
   */
  take(shares: readonly ServiceShare[]): void {
    const now = this.#nowMs();
    const buckets = shares.map(({ service }) => this.#filled(service, now));
    for (const [i, { service }] of shares.entries()) {
      const waitSeconds = this.#waitSeconds(buckets[i]!);
      if (waitSeconds > 0) {
        throw new Fault("exhausted", `service ${JSON.stringify(service)} sends more than it may`, {
          retryAfterSeconds: Math.ceil(waitSeconds),
        });
      }
    }
    for (const [i, { spans, bytes }] of shares.entries()) {
      buckets[i]!.spans -= spans;
      buckets[i]!.bytes -= bytes;
    }
  }

  #waitSeconds({ spans, bytes }: Bucket): number {
    const { spansPerSecond, bytesPerSecond } = this.#limits;
    const wait = (tokens: number, perSecond: number): number =>
      tokens > 0 ? 0 : (1 - tokens) / perSecond;
    return Math.max(wait(spans, spansPerSecond), wait(bytes, bytesPerSecond));
  }

  #filled(service: string, now: number): Bucket {
    const { spansPerSecond, bytesPerSecond } = this.#limits;
    let bucket = this.#buckets.get(service);
    if (bucket === undefined) {
      if (this.#buckets.size >= MOST_SERVICES) this.#forgetFull(now);
      bucket = {
        spans: spansPerSecond * BURST_SECONDS,
        bytes: bytesPerSecond * BURST_SECONDS,
        filledMs: now,
      };
      this.#buckets.set(service, bucket);
    }
    // A clock that was set back brings nothing and takes nothing.
    const seconds = Math.max(0, now - bucket.filledMs) / 1000;
    bucket.spans = refilled(bucket.spans, spansPerSecond, seconds);
    bucket.bytes = refilled(bucket.bytes, bytesPerSecond, seconds);
    bucket.filledMs = now;
    return bucket;
  }

  /** A full bucket is as good as none. If none is full, all are forgotten: made-up names would
   * otherwise take the memory. */
  #forgetFull(now: number): void {
    for (const [service, { filledMs }] of this.#buckets) {
      if (now - filledMs > BURST_SECONDS * 1000) this.#buckets.delete(service);
    }
    if (this.#buckets.size >= MOST_SERVICES) this.#buckets.clear();
  }
}

function refilled(tokens: number, perSecond: number, seconds: number): number {
  if (perSecond === Infinity) return Infinity;
  return Math.min(tokens + seconds * perSecond, perSecond * BURST_SECONDS);
}

/** What the rows from `from` on bring of each service; a request's bytes go by its spans. */
export function sharesOf(columns: SpanColumns, from: number, bytes: number): ServiceShare[] {
  const spansByService = new Map<string, number>();
  const services = new Map<number, string>();
  for (let row = from; row < columns.length; row++) {
    const resource = columns.resource[row]!;
    let service = services.get(resource);
    if (service === undefined) services.set(resource, (service = serviceOf(columns, resource)));
    spansByService.set(service, (spansByService.get(service) ?? 0) + 1);
  }
  const total = columns.length - from;
  return [...spansByService].map(([service, spans]) => ({
    service,
    spans,
    bytes: (bytes * spans) / total,
  }));
}

/** The name of the service whose resource it is; empty if it has none. */
export function serviceOf({ resources }: SpanColumns, resource: number): string {
  const attributes = resources.attributes.keyValues(resource);
  const name = attributes.find(({ key }) => key === "service.name")?.value ?? {};
  return "stringValue" in name ? name.stringValue : "";
}
