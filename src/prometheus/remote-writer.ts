/**
 * Sends metrics by Prometheus remote write, at an even pace. What cannot be sent now waits in memory, up
 * to a limit, and is sent in order once it can; beyond the limit the oldest goes, which costs samples,
 * not counts: counters tell their whole sums each time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { compress } from "snappyjs";
import { every, type Repeated } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { inSlices } from "../base/slices.ts";
import { clewVersion } from "../base/version.ts";
import type { Family, Labels } from "./family.ts";
import { WriteRequests } from "./write-request.ts";

/** How often and how much is sent, and how long it waits. */
export interface RemoteWriteLimits {
  readonly everyMs: number;
  /** Series in one request. */
  readonly requestSeries: number;
  /** Compressed requests that wait. */
  readonly queueBytes: number;
  /** Longest wait for an answer. */
  readonly answerMs: number;
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
  /** Longest time that the last collection is tried to be sent when Clew stops. */
  readonly closeMs: number;
}

/** The metrics of one tenant. */
export interface RemoteSource {
  readonly tenant: string;
  readonly families: readonly Family[];
}

/** Where metrics come from and go to. */
export interface RemoteWriteOptions {
  readonly url: string;
  /** Of every request; `tenantHeader` names one that says the tenant. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tenantHeader: string | undefined;
  /** Of every series. */
  readonly labels: Labels;
  readonly limits: RemoteWriteLimits;
  readonly sources: () => Iterable<RemoteSource>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly nowMs: () => number;
}

interface Waiting {
  readonly tenant: string;
  readonly body: Uint8Array;
  readonly samples: number;
}

type Outcome =
  | { readonly kind: "sent" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "later"; readonly why: string; readonly afterMs?: number };

const SLICE_MS = 4;

/** See the head of the file. */
export class RemoteWriter {
  readonly #options: RemoteWriteOptions;
  /** By tenant. */
  readonly #requests = new Map<string, WriteRequests>();
  #beforeMs: number;
  readonly #queue: Waiting[] = [];
  #queueBytes = 0;
  #collecting: Promise<void> = Promise.resolve();
  #sending: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #repeated: Repeated;
  #isFailing = false;

  constructor(options: RemoteWriteOptions) {
    this.#options = options;
    this.#beforeMs = options.nowMs();
    this.#repeated = every(
      options.limits.everyMs,
      () => (this.#collecting = this.#collect()),
      (error) => options.log.error("metrics cannot be collected for remote write", { error }),
    );
  }

  /** Sends what there is now, within a limit of time, and no more. */
  async close(): Promise<void> {
    const { limits } = this.#options;
    this.#repeated.close();
    await this.#collecting.catch(() => undefined);
    await this.#collect();
    await Promise.race([this.#sending, sleep(limits.closeMs, undefined, { ref: false })]);
    this.#closing.abort();
    await this.#sending;
  }

  async #collect(): Promise<void> {
    const { sources, labels, limits, nowMs } = this.#options;
    const [atMs, beforeMs] = [nowMs(), this.#beforeMs];
    // A clock that stands still or goes back makes samples that are out of order.
    if (atMs <= beforeMs) return;
    this.#beforeMs = atMs;
    const { requestSeries } = limits;
    for (const { tenant, families } of sources()) {
      let requests = this.#requests.get(tenant);
      if (requests === undefined) this.#requests.set(tenant, (requests = new WriteRequests()));
      const collection = { atMs, beforeMs, labels, requestSeries };
      for (const { bytes, samples } of await inSlices(
        requests.collect(families, collection),
        SLICE_MS,
      )) {
        this.#add({ tenant, body: compress(bytes), samples });
      }
    }
  }

  #add(waiting: Waiting): void {
    const { limits, metrics } = this.#options;
    this.#queue.push(waiting);
    this.#queueBytes += waiting.body.length;
    while (this.#queueBytes > limits.queueBytes && this.#queue.length > 1) {
      const { body, samples } = this.#queue.shift()!;
      this.#queueBytes -= body.length;
      metrics.remoteWriteSamples.inc({ outcome: "dropped" }, samples);
    }
    metrics.remoteWriteQueueBytes.set(this.#queueBytes);
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    const { metrics } = this.#options;
    for (let waiting = this.#queue.shift(); waiting !== undefined; waiting = this.#queue.shift()) {
      const outcome = await this.#send(waiting);
      this.#queueBytes -= waiting.body.length;
      metrics.remoteWriteSamples.inc({ outcome }, waiting.samples);
      metrics.remoteWriteQueueBytes.set(this.#queueBytes);
    }
  }

  /** Tries until it is sent, refused, or Clew stops. */
  async #send(waiting: Waiting): Promise<"sent" | "refused" | "dropped"> {
    const { limits, log, url } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 0; ; attempt++) {
      const outcome = signal.aborted ? undefined : await this.#post(waiting);
      if (outcome === undefined || signal.aborted) return "dropped";
      if (outcome.kind === "sent") {
        if (this.#isFailing) log.info("remote write works again", { url });
        this.#isFailing = false;
        return "sent";
      }
      if (!this.#isFailing) {
        log.warn(`remote write ${outcome.kind === "refused" ? "refused" : "failed, tried again"}`, {
          url,
          reason: outcome.why,
        });
      }
      this.#isFailing = true;
      if (outcome.kind === "refused") return "refused";
      const backoffMs = Math.min(limits.retryFirstMs * 2 ** attempt, limits.retryLastMs);
      const waitMs = Math.max(backoffMs, Math.min(outcome.afterMs ?? 0, limits.retryLastMs));
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #post({ tenant, body }: Waiting): Promise<Outcome> {
    const { url, headers, tenantHeader, limits } = this.#options;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: {
          ...headers,
          ...(tenantHeader === undefined ? {} : { [tenantHeader]: tenant }),
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-write-version": "0.1.0",
          "user-agent": `clew/${clewVersion}`,
        },
        body: Uint8Array.from(body),
        redirect: "manual",
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(limits.answerMs)]),
      });
      const text = (await answer.text()).trim().slice(0, 200);
      if (answer.ok) return { kind: "sent" };
      const why = `status ${answer.status}${text === "" ? "" : `: ${text}`}`;
      if (answer.status !== 429 && answer.status < 500) return { kind: "refused", why };
      return { kind: "later", why, afterMs: Number(answer.headers.get("retry-after")) * 1000 || 0 };
    } catch (error) {
      return { kind: "later", why: messageOf(error) };
    }
  }
}

/** Of `fetch`, which has the reason beneath. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
