/**
 * Gathers the spans of many requests into batches, has them in the log before anybody is answered,
 * and inserts them, however long that takes.
 *
 *     append ─▶ open batch ── rows, bytes or time ──▶ sealed, in a row ─▶ insert, again if need be ─▶ gone
 *       │           │                                   │
 *       └─▶ log: request, synced ─▶ answer              └─▶ log: seal, synced, before the insert
 *
 * A batch waits in memory as columns. When too much waits (ClickHouse is away, say), the columns of
 * further ones are dropped, and read from the log again when their turn comes; what waits then costs
 * disk only. A batch's token is the same each time, so ClickHouse takes it once.
 *
 * With its spans a batch inserts what they add up to, under tokens made from its own. It is done when
 * everything is in; if Clew dies in between, all of it comes again, and what was in already is not
 * taken twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ByteArena } from "../base/arena.ts";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { inSlices } from "../base/slices.ts";
import type { RollUp } from "../model/roll-up.ts";
import { type ColumnsMark, markBits, SpanColumns } from "../model/span-columns.ts";
import { isRetryable } from "../store/client.ts";
import { builtInTable, type SpansTable } from "../store/schema.ts";
import { type RollUpInsert, rollUpInserts } from "../store/write-roll-up.ts";
import { type SpanInsert, spanInsertSteps } from "../store/write-spans.ts";
import { OtlpDecoder } from "../wire/otlp/decode.ts";
import type { Decoded, DecodeLimits } from "../wire/otlp/limits.ts";
import { type Fairness, sharesOf } from "./fairness.ts";
import { IngestLog, type LogOptions, openLog } from "./log/log.ts";
import { type LoggedBatch, type LoggedRequest, readBatch } from "./log/replay.ts";
import { markTimes, type TimeLimits } from "./mark-times.ts";
import type { RollUps } from "./roll-ups.ts";

/** When a batch is sealed, how much may wait in memory, and how inserts are tried again. */
export interface BatcherLimits {
  readonly blockRows: number;
  readonly blockBytes: number;
  /** Longest time from a batch's first span to its seal. */
  readonly blockDelayMs: number;
  /** Memory of sealed batches; those beyond it wait in the log. */
  readonly queueBytes: number;
  readonly insertsAtOnce: number;
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
  /** How long a batch that ClickHouse refuses steps back behind the others. */
  readonly refusedMs: number;
}

/** Where batches go, and who counts them. */
export interface BatcherOptions {
  readonly limits: BatcherLimits;
  readonly decodeLimits: DecodeLimits;
  readonly timeLimits: TimeLimits;
  readonly fairness: Fairness;
  /** The table that blocks are made for; without it, the one built in, which is right always. */
  readonly table?: () => SpansTable;
  /** Told of every batch before it is inserted. */
  readonly onBatch?: (columns: SpanColumns) => void;
  readonly insert: (insert: SpanInsert) => Promise<void>;
  readonly rollUps: RollUps;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly ingestLog: Pick<LogOptions, "folder" | "limits">;
}

interface OpenBatch {
  readonly columns: SpanColumns;
  readonly decoder: OtlpDecoder;
}

interface SealedBatch {
  readonly logged: LoggedBatch;
  /** Settles when the batch's boundary is on disk. */
  readonly sealed: Promise<void>;
  /** Undefined if the batch is to be read from the log. */
  columns: SpanColumns | undefined;
  /** What they add up to; undefined with them. */
  readonly rollUp: Promise<RollUp> | undefined;
  /** Whether `RollUps.taken` has been told, or is not to be. */
  isCounted: boolean;
  readonly bytes: number;
  /** Unknown (0) for batches found at the start. */
  readonly spans: number;
}

/** A block takes a tenth of a second to make; requests do not wait for all of it. */
const SLICE_MS = 4;
const FIRST_BLOCK_BYTES = 2 ** 20;
/** Of each kind: the open batch, the inserts under way, and one to spare. */
const MOST_SPARE = 3;

/** For requests that were taken before, perhaps under other limits: they are decoded whatever. */
const loggedLimits: DecodeLimits = { nestingDepth: 1000, spansPerRequest: Infinity };

/** The queue between the doors and ClickHouse. */
export class Batcher {
  readonly #options: BatcherOptions;
  #log!: IngestLog;
  #open: OpenBatch;
  #timer: NodeJS.Timeout | undefined;
  // Memory that served before: growing it anew for every batch costs more than filling it.
  readonly #spareColumns: SpanColumns[] = [];
  readonly #spareBlocks: ByteArena[] = [];
  readonly #sealed: SealedBatch[] = [];
  readonly #inserting = new Set<Promise<void>>();
  // Of sealed batches that are in memory.
  #queuedBytes = 0;
  // Of all sealed batches until they are in.
  #queuedSpans = 0;
  readonly #closing = new AbortController();

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#open = this.#newBatch(options.decodeLimits);
  }

  /** Opens the log and queues what it holds; gives the digests of the requests in it. */
  async open(): Promise<readonly (readonly [digest: string, arrivalSeconds: number])[]> {
    const { ingestLog, log, metrics } = this.#options;
    const opened = await openLog({
      ...ingestLog,
      log,
      onSync: (seconds) => metrics.logSyncSeconds.observe(seconds),
      onFailure: () => this.#renew(),
      onSaved: (batch) => this.#queueLogged(batch, { isCounted: false }),
    });
    this.#log = opened.log;
    if (opened.batches.length > 0) {
      log.info("batches found in the ingest log are inserted", { batches: opened.batches.length });
    }
    for (const batch of opened.batches) this.#queueLogged(batch, { isCounted: true });
    return opened.digests;
  }

  /** Throws Fault "unavailable" if no request can be taken now. */
  checkRoom(): void {
    if (this.#closing.signal.aborted) {
      throw new Fault("unavailable", "Clew is stopping", { retryAfterSeconds: 2 });
    }
    this.#log.checkRoom();
  }

  /** Why nothing is taken now, if so. */
  get trouble(): string | undefined {
    return this.#log.trouble;
  }

  /** Batches in the log that ClickHouse does not have yet. */
  get unconfirmedBatches(): number {
    return this.#log.unconfirmedBatches;
  }

  /** What will be trouble soon. */
  get warning(): string | undefined {
    return this.#log.warning;
  }

  /**
   * Decodes a request into the open batch; `safe` settles when it is in the log. Throws the Faults of
   * the decoder and of `Fairness`, and then nothing of the request is kept. `safe` rejects with Fault
   * "unavailable" if the log could not be written, and then nothing is kept either.
   */
  append(request: LoggedRequest): { readonly decoded: Decoded; readonly safe: Promise<void> } {
    const { columns } = this.#open;
    const before = columns.length;
    const mark = columns.mark();
    const decoded = this.#decode(this.#open, request);
    if (columns.length === before) return { decoded, safe: Promise.resolve() };
    this.#admit(mark, request);
    countMarks(this.#options.metrics, columns, before);
    const safe = this.#log.append(request);
    const { blockRows, blockBytes, blockDelayMs } = this.#options.limits;
    if (columns.length >= blockRows || columns.sizeBytes() >= blockBytes) this.#seal();
    else this.#timer ??= setTimeout(() => this.#seal(), blockDelayMs);
    this.#gauge();
    return { decoded, safe };
  }

  /** Takes no more, inserts what it can within `graceMs`, and closes the log; the rest is there
   * when Clew starts again. */
  async close(graceMs: number): Promise<void> {
    this.#seal();
    const drained = this.#drain();
    await Promise.race([drained, sleep(graceMs, undefined, { ref: false })]);
    this.#closing.abort();
    await this.#log.close();
  }

  async #drain(): Promise<void> {
    while (this.#inserting.size > 0) await Promise.all(this.#inserting);
  }

  /** Begins an empty open batch. */
  #renew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#open = this.#newBatch(this.#options.decodeLimits);
  }

  /** Throws Fault "exhausted", and forgets what came since `mark`, if a tenant or one of its services
   * sends too much. */
  #admit(mark: ColumnsMark, { tenant, body }: LoggedRequest): void {
    const { fairness } = this.#options;
    if (!fairness.isOn) return;
    const { columns } = this.#open;
    try {
      fairness.take(tenant, sharesOf(columns, mark.spans, body.length));
    } catch (error) {
      columns.rewind(mark);
      throw error;
    }
  }

  #newBatch(limits: DecodeLimits): OpenBatch {
    const columns = this.#spareColumns.pop() ?? new SpanColumns();
    return { columns, decoder: new OtlpDecoder(columns, limits) };
  }

  /** Columns whose spans are elsewhere now serve again, unless they have grown out of proportion. */
  #reuse(columns: SpanColumns): void {
    if (this.#spareColumns.length >= MOST_SPARE) return;
    if (columns.sizeBytes() > 2 * this.#options.limits.blockBytes) return;
    columns.clear();
    this.#spareColumns.push(columns);
  }

  #decode(batch: OpenBatch, { tenant, body, arrivalSeconds }: LoggedRequest): Decoded {
    const { columns, decoder } = batch;
    const from = columns.length;
    const decoded = decoder.decode(body);
    if (columns.length > from) columns.setTenant(from, tenant);
    markTimes(columns, from, arrivalSeconds, this.#options.timeLimits);
    return decoded;
  }

  #seal(): void {
    const { columns } = this.#open;
    if (columns.length === 0) return;
    this.#renew();
    const { batch: logged, sealed } = this.#log.seal();
    // A seal that cannot be written takes its batch back; `onSaved` brings what was safe of it.
    sealed.catch(() => undefined);
    const bytes = columns.sizeBytes();
    const inMemory = this.#queuedBytes + bytes <= this.#options.limits.queueBytes;
    const spans = columns.length;
    // Also if the columns are dropped now: what Prometheus is told does not wait for ClickHouse.
    const rollUp = this.#rollUp(columns);
    this.#count(sealed, rollUp);
    const kept = inMemory ? { columns, rollUp } : { columns: undefined, rollUp: undefined };
    this.#queue({ logged, sealed, ...kept, isCounted: true, bytes, spans });
  }

  #rollUp(columns: SpanColumns): Promise<RollUp> {
    return inSlices(this.#options.rollUps.steps(columns), SLICE_MS);
  }

  #count(sealed: Promise<void>, rollUp: Promise<RollUp>): void {
    const { rollUps, log } = this.#options;
    const counted = sealed.then(
      async () => rollUps.taken(await rollUp),
      () => undefined, // taken back: it comes again, in `onSaved` or from its senders
    );
    counted.catch((error: unknown) => log.error("batch not counted", { error }));
  }

  #queueLogged(logged: LoggedBatch, { isCounted }: Pick<SealedBatch, "isCounted">): void {
    const unread = { columns: undefined, rollUp: undefined, bytes: 0, spans: 0 };
    this.#queue({ logged, sealed: Promise.resolve(), ...unread, isCounted });
  }

  #queue(batch: SealedBatch): void {
    if (batch.columns !== undefined) this.#queuedBytes += batch.bytes;
    this.#queuedSpans += batch.spans;
    this.#sealed.push(batch);
    this.#startInserts();
  }

  #startInserts(): void {
    while (this.#inserting.size < this.#options.limits.insertsAtOnce) {
      const batch = this.#sealed.shift();
      if (batch === undefined) return;
      const inserting: Promise<void> = this.#insert(batch)
        .catch((error: unknown) => this.#options.log.error("batch not inserted", { error }))
        .finally(() => {
          this.#inserting.delete(inserting);
          this.#gauge();
          this.#startInserts();
        });
      this.#inserting.add(inserting);
    }
  }

  #leave(batch: SealedBatch): void {
    if (batch.columns !== undefined) this.#queuedBytes -= batch.bytes;
    this.#queuedSpans -= batch.spans;
  }

  /** Inserts a batch, however often it takes; gives up only when Clew stops. */
  async #insert(batch: SealedBatch): Promise<void> {
    const { log, limits, table, onBatch, rollUps } = this.#options;
    const isSealed = await batch.sealed.then(
      () => true,
      () => false,
    );
    if (!isSealed) return this.#leave(batch);
    const { token } = batch.logged;
    const columns = batch.columns ?? (await this.#read(batch.logged));
    if (columns === undefined) return this.#stepBack(batch);
    if (columns.length === 0) {
      log.error("of a batch in the ingest log nothing can be read any more", { ...batch.logged });
      this.#log.inserted(token);
      return this.#leave(batch);
    }
    onBatch?.(columns);
    const rollUp = await (batch.rollUp ?? this.#rollUp(columns));
    if (!batch.isCounted) rollUps.taken(rollUp);
    batch.isCounted = true;
    const memory = this.#spareBlocks.pop() ?? new ByteArena(FIRST_BLOCK_BYTES);
    const options = { token, table: table?.() ?? builtInTable, memory };
    const made = await inSlices(spanInsertSteps(columns, options), SLICE_MS);
    this.#reuse(columns);
    await this.#send(batch, made, rollUpInserts(rollUp, token));
    if (this.#spareBlocks.length < MOST_SPARE && memory.length <= 2 * limits.blockBytes) {
      this.#spareBlocks.push(memory);
    }
  }

  /** Sends a batch's inserts, one after the other, until ClickHouse has them or refuses one. */
  async #send(batch: SealedBatch, made: SpanInsert, rest: RollUpInsert[]): Promise<void> {
    const { rollUps, metrics, log, limits } = this.#options;
    const { token } = made;
    const inserts = [
      () => this.#sendSpans(made),
      ...rest.map((rollUp) => () => rollUps.insert(rollUp)),
    ];
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      try {
        for (; inserts.length > 0; inserts.shift()) await inserts[0]!();
        this.#log.inserted(token);
        return this.#leave(batch);
      } catch (error) {
        metrics.insertRetries.inc();
        const fields = { attempt, spans: made.rows, token, error };
        if (!isRetryable(error)) {
          log.error("insert refused by ClickHouse, tried again later", fields);
          return this.#stepBack(batch);
        }
        log.warn("insert failed, tried again", fields);
      }
      await this.#pause(Math.min(limits.retryFirstMs * 2 ** attempt, limits.retryLastMs));
    }
  }

  async #sendSpans(made: SpanInsert): Promise<void> {
    const { insert, metrics } = this.#options;
    const end = metrics.insertSeconds.startTimer();
    await insert(made);
    end();
    metrics.spansInserted.inc(made.rows);
    metrics.insertBytes.inc(made.block.length);
  }

  /** The batch's spans, decoded again from the log; undefined if that cannot be read now. */
  async #read(logged: LoggedBatch): Promise<SpanColumns | undefined> {
    try {
      const { requests, damagedBytes } = await readBatch(logged);
      if (damagedBytes > 0) {
        const { log } = this.#options;
        log.error("a batch in the ingest log is damaged in part", { ...logged, damagedBytes });
      }
      const batch = this.#newBatch(loggedLimits);
      for (const request of requests) this.#decode(batch, request);
      return batch.columns;
    } catch (error) {
      this.#options.log.error("batch not read from the ingest log, tried again later", {
        ...logged,
        error,
      });
      return undefined;
    }
  }

  /** Lets others go first: what ClickHouse refuses may be this batch's fault alone. */
  #stepBack(batch: SealedBatch): void {
    this.#leave(batch);
    const again = { ...batch, columns: undefined, rollUp: undefined };
    void this.#pause(this.#options.limits.refusedMs).then(() => {
      if (!this.#closing.signal.aborted) this.#queue(again);
      return undefined;
    });
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #gauge(): void {
    const { queueSpans, queueBytes, logBytes } = this.#options.metrics;
    queueBytes.set(this.#queuedBytes + this.#open.columns.sizeBytes());
    queueSpans.set(this.#queuedSpans + this.#open.columns.length);
    logBytes.set(this.#log.usedBytes);
  }
}

function countMarks(metrics: Metrics, columns: SpanColumns, from: number): void {
  for (const [mark, bit] of Object.entries(markBits)) {
    let count = 0;
    for (let row = from; row < columns.length; row++) {
      if ((columns.marks[row]! & bit) !== 0) count++;
    }
    if (count > 0) metrics.spansMarked.inc({ mark }, count);
  }
}
