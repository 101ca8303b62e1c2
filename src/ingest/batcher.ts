/**
 * Gathers the spans of many requests into batches, has them in the log before anybody is answered,
 * and inserts them, however long that takes.
 *
 *     append ─▶ open batch ── rows, bytes or time ──▶ sealed, in a row ─▶ insert, again if need be ─▶ gone
 *       │           │                                   │
 *       └─▶ log: request, synced ─▶ answer              └─▶ log: seal, synced, before the insert
 *
 * A batch waits in memory as columns. When memory runs short (ClickHouse is away, say), the columns of
 * those whose turn comes last are dropped, and read from the log again when it has come; what waits
 * then costs disk only. A batch's token is the same each time, so ClickHouse takes it once.
 *
 * With its spans a batch inserts what they add up to, under tokens made from its own, and which
 * attributes they have, unless that is known to be there. It is done when everything is in; if Clew
 * dies in between, all of it comes again, and what was in already is not taken twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ByteArena } from "../base/arena.ts";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { Lease, MemoryBudget } from "../base/memory-budget.ts";
import type { Metrics } from "../base/metrics.ts";
import { inSlices } from "../base/slices.ts";
import type { AttributeKey } from "../model/attribute-key.ts";
import type { RollUp } from "../model/roll-up.ts";
import { type ColumnsMark, markBits, SpanColumns } from "../model/span-columns.ts";
import { isRetryable } from "../store/client.ts";
import { builtInTable, type SpansTable } from "../store/schema.ts";
import { type RollUpInsert, rollUpInserts } from "../store/write-roll-up.ts";
import { type SpanInsert, spanInsertSteps } from "../store/write-spans.ts";
import { OtlpDecoder } from "../wire/otlp/decode.ts";
import type { Decoded, DecodeLimits } from "../wire/otlp/limits.ts";
import { type Fairness, sharesOf } from "./fairness.ts";
import type { IngestLog, LogOptions } from "./log/log.ts";
import { openLog } from "./log/open.ts";
import { type LoggedBatch, type LoggedRequest, readBatch } from "./log/replay.ts";
import type { LogState } from "./log/state.ts";
import type { KnownKeys } from "./known-keys.ts";
import { markTimes, type TimeLimits } from "./mark-times.ts";
import type { RollUps } from "./roll-ups.ts";
import { Spares } from "./spares.ts";

/** When a batch is sealed, and how inserts are tried again. */
export interface BatcherLimits {
  readonly blockRows: number;
  readonly blockBytes: number;
  /** Longest time from a batch's first span to its seal. */
  readonly blockDelayMs: number;
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
  /** Memory for all batches; the batcher is the one to ask when it runs short. */
  readonly budget: MemoryBudget;
  /** The table that blocks are made for; without it, the one built in, which is right always. */
  readonly table?: () => SpansTable;
  /** Told of every batch before it is inserted. */
  readonly onBatch?: (columns: SpanColumns) => void;
  readonly insert: (insert: SpanInsert) => Promise<void>;
  readonly rollUps: RollUps;
  readonly keys: KnownKeys;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly ingestLog: Pick<LogOptions, "folder" | "limits">;
}

interface OpenBatch {
  readonly columns: SpanColumns;
  readonly decoder: OtlpDecoder;
  /** Holds the memory of `columns`. */
  readonly memory: Lease;
}

interface SealedBatch {
  readonly logged: LoggedBatch;
  /** Settles when the batch's boundary is on disk. */
  readonly sealed: Promise<void>;
  /** Undefined if the batch is to be read from the log. */
  columns: SpanColumns | undefined;
  /** What they add up to; undefined with them. */
  rollUp: Promise<RollUp> | undefined;
  /** Whether `RollUps.taken` has been told, or is not to be. */
  isCounted: boolean;
  /** Holds the memory of `columns`. */
  memory: Lease;
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

/** What a batch inserts besides its spans. */
interface Companions {
  readonly rollUps: readonly RollUpInsert[];
  /** Attributes that nobody is known to have told of. */
  readonly keys: readonly AttributeKey[];
}

/** The queue between the doors and ClickHouse. */
export class Batcher {
  readonly #options: BatcherOptions;
  #log!: IngestLog;
  #open: OpenBatch;
  #timer: NodeJS.Timeout | undefined;
  readonly #spareColumns: Spares<SpanColumns>;
  readonly #spareBlocks: Spares<ByteArena>;
  readonly #sealed: SealedBatch[] = [];
  readonly #inserting = new Set<Promise<void>>();
  // Of all sealed batches until they are in.
  #queuedSpans = 0;
  readonly #closing = new AbortController();

  constructor(options: BatcherOptions) {
    this.#options = options;
    const { budget, limits } = options;
    const kept = { budget, most: MOST_SPARE, mostBytes: 2 * limits.blockBytes };
    this.#spareColumns = new Spares({ ...kept, make: () => new SpanColumns() });
    this.#spareBlocks = new Spares({ ...kept, make: () => new ByteArena(FIRST_BLOCK_BYTES) });
    this.#open = this.#newBatch(options.decodeLimits);
    budget.onShortage = (bytes) => this.#giveUp(bytes);
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

  /** The worst that is wrong with the log, if anything is. */
  get logState(): LogState | undefined {
    return this.#log.state;
  }

  /** Age of the oldest batch that ClickHouse does not have. */
  get oldestSeconds(): number {
    return this.#log.oldestSeconds;
  }

  /** Bytes of the log on disk. */
  get logBytes(): number {
    return this.#log.usedBytes;
  }

  /** Batches in the log that ClickHouse does not have yet. */
  get unconfirmedBatches(): number {
    return this.#log.unconfirmedBatches;
  }

  /**
   * Decodes a request into the open batch; `safe` settles when it is in the log. Throws the Faults of
   * the decoder, of `Fairness` and of the memory budget, and then nothing of the request is kept. `safe`
   * rejects with Fault "unavailable" if the log could not be written, and then nothing is kept either.
   * `memory` holds the request's body, and is taken over.
   */
  append(
    request: LoggedRequest,
    memory: Lease,
  ): { readonly decoded: Decoded; readonly safe: Promise<void> } {
    const { columns } = this.#open;
    const mark = columns.mark();
    const decoded = this.#take(mark, request, memory);
    if (columns.length === mark.spans) {
      memory.free();
      return { decoded, safe: Promise.resolve() };
    }
    countMarks(this.#options.metrics, columns, mark.spans);
    const logged = memory.handOn("log");
    const safe = this.#log.append(request).finally(() => logged.free());
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
    this.#open.memory.free();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#open = this.#newBatch(this.#options.decodeLimits);
  }

  /** Decodes a request into the open batch, if there is room for it and its sender may; otherwise
   * forgets what came since `mark` and throws. */
  #take(mark: ColumnsMark, request: LoggedRequest, memory: Lease): Decoded {
    try {
      const decoded = this.#decode(this.#open, request);
      if (decoded.acceptedSpans > 0) this.#admit(mark, request, memory);
      return decoded;
    } catch (error) {
      const { columns, memory: held } = this.#open;
      columns.rewind(mark);
      // What has grown stays so. An empty batch is not sealed, and would hold it for ever.
      if (mark.spans === 0) this.#renew();
      else held.holdExactly(columns.heldBytes());
      throw error;
    }
  }

  /** Throws Fault "exhausted" or "tooLarge" if there is no memory for the request's spans, or if its
   * tenant or one of its services sends too much. */
  #admit(mark: ColumnsMark, { tenant, body }: LoggedRequest, request: Lease): void {
    const { fairness, budget } = this.#options;
    const { columns, memory } = this.#open;
    const growth = Math.max(0, columns.heldBytes() - memory.bytes);
    if (growth + request.bytes > budget.mostBytes) {
      throw new Fault("tooLarge", `its spans take ${growth} bytes of memory; send fewer at once`);
    }
    memory.add(growth);
    if (fairness.isOn) fairness.take(tenant, sharesOf(columns, mark.spans, body.length));
  }

  #newBatch(limits: DecodeLimits): OpenBatch {
    const { item: columns, memory } = this.#spareColumns.take("open");
    columns.clear();
    return { columns, decoder: new OtlpDecoder(columns, limits), memory };
  }

  /** Frees so many bytes, if there are as many, of what can be had again: memory that is spare, and
   * batches that are in the log, those first whose turn comes last. */
  #giveUp(bytes: number): void {
    const { budget } = this.#options;
    const enoughBytes = budget.usedBytes - bytes;
    const isEnough = (): boolean => budget.usedBytes <= enoughBytes;
    this.#spareBlocks.giveUp(isEnough);
    this.#spareColumns.giveUp(isEnough);
    for (const batch of this.#sealed.toReversed()) {
      if (isEnough()) return;
      batch.columns = undefined;
      batch.rollUp = undefined;
      batch.memory.holdExactly(0);
    }
  }

  #decode(
    batch: Pick<OpenBatch, "columns" | "decoder">,
    { tenant, body, arrivalSeconds }: LoggedRequest,
  ): Decoded {
    const { columns, decoder } = batch;
    const from = columns.length;
    const decoded = decoder.decode(body);
    if (columns.length > from) columns.setTenant(from, tenant);
    markTimes(columns, from, arrivalSeconds, this.#options.timeLimits);
    return decoded;
  }

  #seal(): void {
    const { columns, memory } = this.#open;
    if (columns.length === 0) return;
    const sealedMemory = memory.handOn("sealed");
    this.#renew();
    const { batch: logged, sealed } = this.#log.seal();
    // A seal that cannot be written takes its batch back; `onSaved` brings what was safe of it.
    sealed.catch(() => undefined);
    const spans = columns.length;
    const rollUp = this.#rollUp(columns);
    this.#count(sealed, rollUp);
    this.#queue({ logged, sealed, columns, rollUp, isCounted: true, memory: sealedMemory, spans });
  }

  #rollUp(columns: SpanColumns): Promise<RollUp> {
    return inSlices(this.#options.rollUps.steps(columns), SLICE_MS);
  }

  /** Tells what a batch adds up to as soon as it is safe: Prometheus does not wait for ClickHouse. */
  #count(sealed: Promise<void>, rollUp: Promise<RollUp>): void {
    const { rollUps, log } = this.#options;
    const counted = sealed.then(
      async () => rollUps.taken(await rollUp),
      () => undefined, // taken back: it comes again, in `onSaved` or from its senders
    );
    counted.catch((error: unknown) => log.error("batch not counted", { error }));
  }

  #queueLogged(logged: LoggedBatch, { isCounted }: Pick<SealedBatch, "isCounted">): void {
    const memory = this.#options.budget.lease("sealed");
    const unread = { columns: undefined, rollUp: undefined, memory, spans: 0 };
    this.#queue({ logged, sealed: Promise.resolve(), ...unread, isCounted });
  }

  #queue(batch: SealedBatch): void {
    this.#queuedSpans += batch.spans;
    this.#sealed.push(batch);
    this.#startInserts();
  }

  #startInserts(): void {
    while (this.#inserting.size < this.#options.limits.insertsAtOnce) {
      const batch = this.#sealed.shift();
      if (batch === undefined) return;
      batch.memory = batch.memory.handOn("inserts");
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
    batch.memory.free();
    this.#queuedSpans -= batch.spans;
  }

  /** Inserts a batch, however often it takes; gives up only when Clew stops. */
  async #insert(batch: SealedBatch): Promise<void> {
    const { log, table, onBatch, rollUps, keys: known } = this.#options;
    const isSealed = await batch.sealed.then(
      () => true,
      () => false,
    );
    if (!isSealed) return this.#leave(batch);
    const { token } = batch.logged;
    const columns = batch.columns ?? (await this.#read(batch));
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
    const keys = await inSlices(known.news(columns), SLICE_MS);
    const { item: memory, memory: block } = this.#spareBlocks.take("inserts");
    // It will be about as large, and is made in slices: others run meanwhile.
    block.holdExactly(Math.max(memory.bytes.length, columns.sizeBytes()));
    const options = { token, table: table?.() ?? builtInTable, memory };
    const made = await inSlices(spanInsertSteps(columns, options), SLICE_MS);
    block.holdExactly(memory.bytes.length);
    const columnsBytes = batch.memory.bytes;
    batch.memory.free();
    this.#spareColumns.keep(columns, columnsBytes);
    batch.columns = undefined;
    batch.memory = block;
    await this.#send(batch, made, { rollUps: rollUpInserts(rollUp, token), keys });
    this.#spareBlocks.keep(memory, memory.bytes.length);
  }

  /** Sends a batch's inserts, one after the other, until ClickHouse has them or refuses one. */
  async #send(batch: SealedBatch, made: SpanInsert, companions: Companions): Promise<void> {
    const { rollUps, keys, metrics, log, limits } = this.#options;
    const { token } = made;
    const inserts = [
      // First, so that there are never spans with attributes that nobody knows.
      ...(companions.keys.length > 0 ? [() => keys.store(companions.keys)] : []),
      () => this.#sendSpans(made),
      ...companions.rollUps.map((rollUp) => () => rollUps.insert(rollUp)),
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
  async #read({ logged, memory }: SealedBatch): Promise<SpanColumns | undefined> {
    try {
      memory.holdExactly(logged.to - logged.from);
      const { requests, damagedBytes } = await readBatch(logged);
      if (damagedBytes > 0) {
        const { log } = this.#options;
        log.error("a batch in the ingest log is damaged in part", { ...logged, damagedBytes });
      }
      const { columns, decoder, memory: spare } = this.#newBatch(loggedLimits);
      spare.free();
      for (const request of requests) this.#decode({ columns, decoder }, request);
      memory.holdExactly(columns.heldBytes());
      return columns;
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
    this.#log.refused(batch.logged.token);
    this.#leave(batch);
    const memory = this.#options.budget.lease("sealed");
    const again = { ...batch, columns: undefined, rollUp: undefined, memory };
    void this.#pause(this.#options.limits.refusedMs).then(() => {
      if (!this.#closing.signal.aborted) this.#queue(again);
      return undefined;
    });
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #gauge(): void {
    const { queueSpans } = this.#options.metrics;
    queueSpans.set(this.#queuedSpans + this.#open.columns.length);
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
