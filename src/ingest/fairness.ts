/**
 * Rate limits by tenant and by service, so that one that floods is refused before it crowds out the
 * others. Token buckets: each may use in one go what it may use in `BURST_SECONDS`, and then as much
 * as comes back each second.
 */
import { Fault } from "../base/fault.ts";
import type { SpanColumns } from "../model/span-columns.ts";

/** What somebody may send; a limit that is absent does not hold. */
export interface RateLimit {
  readonly spansPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

/** What each tenant may send, and each service of a tenant. */
export interface FairnessLimits {
  readonly tenant: RateLimit;
  readonly service: RateLimit;
}

/** What one request brings of one service. */
export interface ServiceShare {
  readonly service: string;
  readonly spans: number;
  readonly bytes: number;
}

const BURST_SECONDS = 2;
/** Tenants, and services, that are remembered; beyond it, those that have sent nothing for long are
 * forgotten. */
const MOST_BUCKETS = 10_000;

interface Bucket {
  spans: number;
  bytes: number;
  filledMs: number;
}

/** What is taken out of a bucket, and what its owner is called in a refusal. */
interface Taking {
  readonly bucket: Bucket;
  readonly waitSeconds: number;
  readonly spans: number;
  readonly bytes: number;
  readonly owner: string;
}

/** The buckets of all tenants and services. */
export class Fairness {
  readonly #tenants: Buckets;
  readonly #services: Buckets;
  readonly #nowMs: () => number;

  constructor({ tenant, service }: FairnessLimits, nowMs: () => number) {
    this.#tenants = new Buckets(tenant);
    this.#services = new Buckets(service);
    this.#nowMs = nowMs;
  }

  /** Whether there is any limit to hold. */
  get isOn(): boolean {
    return this.#tenants.isOn || this.#services.isOn;
  }

  /**
   * Takes a request's spans out of the buckets of its tenant and their services. Throws Fault
   * "exhausted", with the time after which it would fit, and takes nothing, if one of them has no
   * tokens left. (A bucket that is not empty is enough: a request larger than a full bucket gets in,
   * and is paid off after.)
   */
  take(tenant: string, shares: readonly ServiceShare[]): void {
    const now = this.#nowMs();
    const takings: Taking[] = [];
    if (this.#tenants.isOn) {
      const spans = shares.reduce((sum, share) => sum + share.spans, 0);
      const bytes = shares.reduce((sum, share) => sum + share.bytes, 0);
      const owner = `tenant ${JSON.stringify(tenant)}`;
      takings.push({ ...this.#tenants.look(tenant, now), spans, bytes, owner });
    }
    if (this.#services.isOn) {
      for (const { service, spans, bytes } of shares) {
        // No tenant has a slash in its name.
        const found = this.#services.look(`${tenant}/${service}`, now);
        takings.push({ ...found, spans, bytes, owner: `service ${JSON.stringify(service)}` });
      }
    }
    for (const { waitSeconds, owner } of takings) {
      if (waitSeconds > 0) {
        throw new Fault("exhausted", `${owner} sends more than it may`, {
          retryAfterSeconds: Math.ceil(waitSeconds),
        });
      }
    }
    for (const { bucket, spans, bytes } of takings) {
      bucket.spans -= spans;
      bucket.bytes -= bytes;
    }
  }
}

/** Buckets of one size, by their owners' names. */
class Buckets {
  readonly #spansPerSecond: number;
  readonly #bytesPerSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor({ spansPerSecond, bytesPerSecond }: RateLimit) {
    this.#spansPerSecond = spansPerSecond ?? Infinity;
    this.#bytesPerSecond = bytesPerSecond ?? Infinity;
  }

  get isOn(): boolean {
    return this.#spansPerSecond !== Infinity || this.#bytesPerSecond !== Infinity;
  }

  /** The bucket as it is now, and how long until there is something in it. */
  look(owner: string, now: number): { readonly bucket: Bucket; readonly waitSeconds: number } {
    const bucket = this.#filled(owner, now);
    const wait = (tokens: number, perSecond: number): number =>
      tokens > 0 ? 0 : (1 - tokens) / perSecond;
    const waitSpans = wait(bucket.spans, this.#spansPerSecond);
    return { bucket, waitSeconds: Math.max(waitSpans, wait(bucket.bytes, this.#bytesPerSecond)) };
  }

  #filled(owner: string, now: number): Bucket {
    let bucket = this.#buckets.get(owner);
    if (bucket === undefined) {
      if (this.#buckets.size >= MOST_BUCKETS) this.#forgetFull(now);
      bucket = {
        spans: this.#spansPerSecond * BURST_SECONDS,
        bytes: this.#bytesPerSecond * BURST_SECONDS,
        filledMs: now,
      };
      this.#buckets.set(owner, bucket);
    }
    // A clock that was set back brings nothing and takes nothing.
    const seconds = Math.max(0, now - bucket.filledMs) / 1000;
    bucket.spans = refilled(bucket.spans, this.#spansPerSecond, seconds);
    bucket.bytes = refilled(bucket.bytes, this.#bytesPerSecond, seconds);
    bucket.filledMs = now;
    return bucket;
  }

  /** A full bucket is as good as none. If none is full, all are forgotten: made-up names would
   * otherwise take the memory. */
  #forgetFull(now: number): void {
    for (const [owner, { filledMs }] of this.#buckets) {
      if (now - filledMs > BURST_SECONDS * 1000) this.#buckets.delete(owner);
    }
    if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
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
