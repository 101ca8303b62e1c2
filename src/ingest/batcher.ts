/**
 * Gathers the spans of many requests into blocks and has them inserted.
 *
 *     append ──▶ open batch ── rows, bytes or time ──▶ sealed, in a row ──▶ insert, again if need be
 *       │                                                                        │
 *       └──────────────── the request waits ◀────────── settled ◀────────────────┘
 *
 * A request's promise settles when the block with its spans is in ClickHouse. (A log on disk belongs
 * between "sealed" and "settled": then a request need wait for an fsync only, and a batch's number
 * and boundary, which are its deduplication token, survive a crash.)
 *
 * A sender that has waited too long is told to come back. A batch of which every sender has been
 * told so is dropped: all of it will be sent again.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { SpanColumns } from "../model/span-columns.ts";
import { isRetryable } from "../store/client.ts";
import { type SpanInsert, spanInsert } from "../store/write-spans.ts";
import { OtlpDecoder } from "../wire/otlp/decode.ts";
import type { DecodeLimits } from "../wire/otlp/limits.ts";

/** When a batch is sealed, and how much may wait for how long. */
export interface BatcherLimits {
  readonly blockRows: number;
  readonly blockBytes: number;
  /** Longest time from a batch's first span to its insert. */
  readonly blockDelayMs: number;
  /** Memory of all spans not yet confirmed; beyond it requests are refused. */
  readonly queueBytes: number;
  /** How long a request waits for its spans to be stored before its sender is told to come back. */
  readonly waitMs: number;
  readonly insertsAtOnce: number;
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
}

/** Where batches go, and who counts them. */
export interface BatcherOptions {
  readonly limits: BatcherLimits;
  readonly decodeLimits: DecodeLimits;
  readonly tenant: string;
  readonly insert: (insert: SpanInsert) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

interface Batch {
  readonly columns: SpanColumns;
  readonly decoder: OtlpDecoder;
  readonly token: string;
  readonly waiters: Set<Waiter>;
  /** Counted against the limit; a sealed batch's is final. */
  bytes: number;
}

interface Waiter {
  readonly settle: (fault?: Fault) => void;
}

const RETRY_AFTER_SECONDS = 2;

/** The queue between the doors and ClickHouse. */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #id = randomUUID();
  #batches = 0;
  #open: Batch;
  #timer: NodeJS.Timeout | undefined;
  readonly #sealed: Batch[] = [];
  readonly #unsettled = new Set<Batch>();
  readonly #inserting = new Set<Promise<void>>();
  // Of sealed batches, until they are settled.
  #queuedBytes = 0;
  #queuedSpans = 0;
  #closing = false;
  readonly #aborted = new AbortController();

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#open = this.#newBatch();
  }

  /** Throws Fault "unavailable" if there is no room for another request, or none is taken now. */
  checkRoom(): void {
    const { queueBytes } = this.#options.limits;
    if (this.#closing) throw unavailable("Clew is stopping");
    if (this.#queuedBytes + this.#open.bytes >= queueBytes) {
      throw unavailable(`${queueBytes} bytes of spans are waiting for ClickHouse already`);
    }
  }

  /**
   * Lets `decode` append spans to the open batch; gives back what it gave, and a promise that
   * settles when these spans are stored, or with Fault "unavailable" if they could not be in time.
   * What `decode` throws is thrown; it must leave the columns as they were.
   */
  append<T>(decode: (decoder: OtlpDecoder, columns: SpanColumns) => T): {
    readonly result: T;
    readonly stored: Promise<void>;
  } {
    const batch = this.#open;
    const before = batch.columns.length;
    const result = decode(batch.decoder, batch.columns);
    if (batch.columns.length === before) return { result, stored: Promise.resolve() };
    batch.bytes = batch.columns.sizeBytes();
    const stored = this.#wait(batch);
    const { blockRows, blockBytes, blockDelayMs } = this.#options.limits;
    if (batch.columns.length >= blockRows || batch.bytes >= blockBytes) this.#seal();
    else this.#timer ??= setTimeout(() => this.#seal(), blockDelayMs);
    this.#gauge();
    return { result, stored };
  }

  /** Inserts what is waiting and settles every request; what is not stored after `graceMs` is
   * given up, its senders told so. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#seal();
    const drained = this.#drain();
    await Promise.race([drained, sleep(graceMs, undefined, { ref: false })]);
    this.#aborted.abort();
    for (const batch of this.#unsettled) settle(batch, unavailable("Clew is stopping"));
  }

  async #drain(): Promise<void> {
    while (this.#inserting.size > 0) await Promise.all(this.#inserting);
  }

  #newBatch(): Batch {
    const columns = new SpanColumns();
    const decoder = new OtlpDecoder(columns, this.#options.decodeLimits);
    const token = `${this.#id}-${this.#batches++}`;
    return { columns, decoder, token, waiters: new Set(), bytes: 0 };
  }

  #wait(batch: Batch): Promise<void> {
    const { waitMs } = this.#options.limits;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        settle: (fault) => {
          clearTimeout(timer);
          batch.waiters.delete(waiter);
          if (fault === undefined) resolve();
          else reject(fault);
        },
      };
      const timer = setTimeout(() => {
        waiter.settle(unavailable(`spans could not be stored within ${waitMs} ms`));
      }, waitMs);
      batch.waiters.add(waiter);
    });
  }

  #seal(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#open.columns.length === 0) return;
    this.#queuedBytes += this.#open.bytes;
    this.#queuedSpans += this.#open.columns.length;
    this.#sealed.push(this.#open);
    this.#unsettled.add(this.#open);
    this.#open = this.#newBatch();
    this.#startInserts();
  }

  #startInserts(): void {
    while (this.#inserting.size < this.#options.limits.insertsAtOnce) {
      const batch = this.#sealed.shift();
      if (batch === undefined) return;
      const inserting: Promise<void> = this.#insert(batch).finally(() => {
        this.#inserting.delete(inserting);
        this.#unsettled.delete(batch);
        this.#queuedBytes -= batch.bytes;
        this.#queuedSpans -= batch.columns.length;
        this.#gauge();
        this.#startInserts();
      });
      this.#inserting.add(inserting);
    }
  }

  /** Inserts a batch, however often it takes, and settles its requests. Never rejects. */
  async #insert(batch: Batch): Promise<void> {
    const { limits, insert, metrics, log, tenant } = this.#options;
    const made = spanInsert(batch.columns, tenant, batch.token);
    for (let attempt = 0; ; attempt++) {
      if (batch.waiters.size === 0) {
        log.warn("batch dropped: all its senders were told to come back", { spans: made.rows });
        return;
      }
      const end = metrics.insertSeconds.startTimer();
      try {
        await insert(made);
        end();
        metrics.spansInserted.inc(made.rows);
        metrics.insertBytes.inc(made.block.length);
        return settle(batch);
      } catch (error) {
        metrics.insertRetries.inc();
        const again = isRetryable(error);
        const fields = { attempt, spans: made.rows, token: made.token, error };
        if (again) log.warn("insert failed, trying again", fields);
        else {
          log.error("insert refused by ClickHouse", fields);
          return settle(batch, unavailable("the store refuses these spans; see Clew's log"));
        }
      }
      const waitMs = Math.min(limits.retryFirstMs * 2 ** attempt, limits.retryLastMs);
      await sleep(waitMs, undefined, { signal: this.#aborted.signal }).catch(() => undefined);
    }
  }

  #gauge(): void {
    const { queueSpans, queueBytes } = this.#options.metrics;
    queueBytes.set(this.#queuedBytes + this.#open.bytes);
    queueSpans.set(this.#queuedSpans + this.#open.columns.length);
  }
}

function settle(batch: Batch, fault?: Fault): void {
  for (const waiter of batch.waiters) waiter.settle(fault);
}

function unavailable(message: string): Fault {
  return new Fault("unavailable", message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
