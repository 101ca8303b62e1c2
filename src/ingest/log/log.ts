/**
 * The ingest log: what has been acknowledged survives a crash, because it is here, on disk, before
 * the answer goes out. Requests are appended and synced many at a time (group commit); a batch is a
 * run of requests that a seal ends, and the seal is on disk before the batch is inserted, so after a
 * crash the same batches come again, with the same deduplication tokens.
 *
 *     append append append ─▶ │ one write, one sync │ ─▶ all three are told
 *
 * When the disk fails (full, read-only), everything since the last sync is taken back: those who
 * wait are told, the file is cut where it was last in order, and writing is tried again every second.
 *
 * Segments are kept a while after all of their batches are in, since ClickHouse does not sync every
 * block: a power cut then costs nothing either (see `replay.ts`). When one goes, the digests of its
 * requests that are still to be known are written into the current one.
 */
import { randomBytes } from "node:crypto";
import { type FileHandle, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/log.ts";
import { createFile, writeAll } from "./file.ts";
import {
  batchToken,
  encodeRecord,
  encodeSegmentHead,
  SEGMENT_HEAD_BYTES,
  type TakenDigest,
} from "./record.ts";
import {
  findOpenBatch,
  type FoundLog,
  type LoggedBatch,
  type LoggedRequest,
  segmentName,
} from "./replay.ts";
import { type LogState, logState } from "./state.ts";
import { Unconfirmed } from "./unconfirmed.ts";

/** When an append counts as safe: synced at once, synced together with others, or just written. */
export type SyncMode = "always" | "group" | "off";

/** How large the log may grow, and how it writes. */
export interface LogLimits {
  /** Bytes of all segments; at this, `checkRoom` refuses. */
  readonly totalBytes: number;
  /** A segment of at least so many bytes is closed at the next seal. */
  readonly segmentBytes: number;
  readonly sync: SyncMode;
  /** How long a write waits for others to join it, with `sync: "group"`. */
  readonly groupMs: number;
  /** How long a segment stays after ClickHouse has all of it. */
  readonly keepMs: number;
  /** How long digests come back after a restart. */
  readonly digestSeconds: number;
  /** At this age of what ClickHouse does not have, `checkRoom` refuses. */
  readonly maxAgeSeconds: number;
}

/** What a log needs from those around it. */
export interface LogOptions {
  readonly folder: string;
  readonly limits: LogLimits;
  readonly log: Logger;
  /** Told how long each sync took. */
  readonly onSync: (seconds: number) => void;
  /** Told when writing has failed: what was appended or sealed and not yet safe is not in the log. */
  readonly onFailure: () => void;
  /** Told, once writing works again, of the part of the open batch that was safe: a batch of its own. */
  readonly onSaved: (batch: LoggedBatch) => void;
}

interface Segment {
  readonly file: string;
  readonly segmentId: string;
  /** Bytes handed over for it so far. */
  bytes: number;
  /** Bytes that are on disk for sure. */
  safeBytes: number;
  handle: FileHandle | undefined;
  /** Tokens of its batches that ClickHouse has not confirmed. */
  readonly open: Set<string>;
  /** When the last of them was confirmed, by a clock that is never set. */
  doneMs: number;
  /** Of its requests, oldest first; none of them when all have become too old. */
  readonly digests: TakenDigest[];
}

interface Waiting {
  readonly segment: Segment;
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  readonly settle: (fault?: Fault) => void;
}

/** Above this share of the limit, segments that ClickHouse has are not kept any longer. */
const KEEP_SHARE = 0.5;
/** A segment is at most this share of the limit: only whole ones can go. */
const SEGMENT_SHARE = 1 / 8;
const REPAIR_EVERY_MS = 1000;
const CLEAN_EVERY_MS = 1000;
const RETRY_AFTER_SECONDS = 5;

/** By the clock that requests are dated with. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** What an error of the file system says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unavailable(message: string, cause?: unknown): Fault {
  return new Fault("unavailable", message, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** See the head of the file. */
export class IngestLog {
  readonly #options: LogOptions;
  readonly #bootId: string;
  readonly #segments: Segment[];
  readonly #unconfirmed = new Unconfirmed<Segment>();
  #sequence: number;
  #current!: Segment;
  /** Where the open batch begins in the current segment. */
  #batchFrom = SEGMENT_HEAD_BYTES;
  /** When its first request came. */
  #batchArrival: number | undefined;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #trouble: Fault | undefined;
  #told: LogState["what"] | undefined;
  #isCleaning = false;
  /** Told of already. */
  #undeleted: Segment | undefined;
  readonly #closed = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(options: LogOptions, bootId: string, { segments, nextSequence, tail }: FoundLog) {
    this.#options = options;
    this.#bootId = bootId;
    this.#sequence = nextSequence;
    this.#segments = segments.map(({ batches, ...found }) => {
      const unconfirmed = [...batches, ...(tail?.file === found.file ? [tail] : [])];
      const open = new Set(unconfirmed.map(({ token }) => token));
      const doneMs = performance.now();
      const segment = { ...found, safeBytes: found.bytes, handle: undefined, open, doneMs };
      for (const batch of unconfirmed) this.#unconfirmed.add(batch, segment);
      return segment;
    });
    this.#timer = setInterval(() => {
      this.#tell();
      void this.#clean();
    }, CLEAN_EVERY_MS).unref();
  }

  /** Begins the first segment. Throws what the file system throws. */
  async start(): Promise<void> {
    const begun = this.#newSegment();
    await this.#flushing;
    await begun;
  }

  /** Bytes of all segments. */
  get usedBytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Batches that ClickHouse has not confirmed, the open one and those being sealed aside. */
  get unconfirmedBatches(): number {
    return this.#unconfirmed.size;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Age of the oldest batch that ClickHouse has not confirmed; 0 if there is none. */
  get oldestSeconds(): number {
    const { waiting = 0, stuck = 0 } = this.#unconfirmed.ages(nowSeconds());
    return Math.max(waiting, stuck);
  }

  /** The worst that is wrong, if anything is. */
  get state(): LogState | undefined {
    const { totalBytes, maxAgeSeconds } = this.#options.limits;
    return logState({
      unwritable: this.#trouble?.message,
      usedBytes: this.usedBytes,
      totalBytes,
      ages: this.#unconfirmed.ages(nowSeconds()),
      maxAgeSeconds,
    });
  }

  /** Throws Fault "unavailable" if the log is full, cannot be written, or has what is too old. */
  checkRoom(): void {
    const state = this.#tell();
    if (state?.refuses) throw unavailable(state.sentence, this.#trouble?.cause);
  }

  /** Logs what is wrong, once. */
  #tell(): LogState | undefined {
    const { state } = this;
    if (state?.what === this.#told) return state;
    const { log, folder } = this.#options;
    this.#told = state?.what;
    if (state === undefined) log.info("the ingest log is all right again", { folder });
    else log[state.refuses ? "error" : "warn"](state.sentence, { folder });
    return state;
  }

  /** Appends a request to the open batch; settles when it is safe, or rejects with Fault
   * "unavailable" if it could not be written: then it is not in the log. */
  append(request: LoggedRequest): Promise<void> {
    const { digest, arrivalSeconds } = request;
    const { digests } = this.#current;
    this.#batchArrival ??= arrivalSeconds;
    const written = this.#write(encodeRecord(request));
    return written.then(() => void digests.push([digest, arrivalSeconds]));
  }

  /** Ends the open batch, in which there is at least one request. Its place and token are known at
   * once; it may be inserted when `sealed` settles, and is not in the log if that rejects. */
  seal(): { readonly batch: LoggedBatch; readonly sealed: Promise<void> } {
    const segment = this.#current;
    const { file, segmentId, bytes } = segment;
    const token = batchToken(segmentId, this.#batchFrom);
    const arrivalSeconds = this.#batchArrival ?? nowSeconds();
    const batch = { token, file, from: this.#batchFrom, to: bytes, arrivalSeconds };
    const sealed = this.#write(encodeRecord({ kind: "seal" })).then(() =>
      this.#opened(segment, batch),
    );
    this.#batchFrom = segment.bytes;
    this.#batchArrival = undefined;
    const { segmentBytes, totalBytes } = this.#options.limits;
    if (segment.bytes >= Math.min(segmentBytes, totalBytes * SEGMENT_SHARE)) {
      // If its head cannot be written, that is found out, and mended, as for any other record.
      this.#newSegment().catch(() => undefined);
    }
    return { batch, sealed };
  }

  #opened(segment: Segment, batch: LoggedBatch): void {
    segment.open.add(batch.token);
    this.#unconfirmed.add(batch, segment);
  }

  /** Notes that ClickHouse refuses a batch, or that it cannot be read. */
  refused(token: string): void {
    this.#unconfirmed.refuse(token);
  }

  /** Notes that ClickHouse has a batch. */
  inserted(token: string): void {
    const segment = this.#unconfirmed.confirm(token);
    if (segment === undefined) return;
    segment.open.delete(token);
    segment.doneMs = performance.now();
    // If this is lost the batch comes again after a crash, and its token makes that harmless.
    this.#write(encodeRecord({ kind: "inserted", token })).catch(() => undefined);
  }

  /** Writes what is waiting and closes the files. */
  async close(): Promise<void> {
    this.#closed.abort();
    clearInterval(this.#timer);
    await this.#flushing;
    for (const { handle } of this.#segments) await handle?.close();
  }

  #newSegment(): Promise<void> {
    const segmentId = randomBytes(16).toString("hex");
    const file = path.join(this.#options.folder, segmentName(this.#sequence++));
    const open = new Set<string>();
    const counts = { bytes: 0, safeBytes: 0, doneMs: performance.now() };
    this.#current = { file, segmentId, handle: undefined, open, digests: [], ...counts };
    this.#segments.push(this.#current);
    this.#batchFrom = SEGMENT_HEAD_BYTES;
    this.#batchArrival = undefined;
    return this.#write([encodeSegmentHead({ bootId: this.#bootId, segmentId })]);
  }

  #write(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#trouble !== undefined) return Promise.reject(this.#trouble);
    const segment = this.#current;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    segment.bytes += bytes;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (fault?: Fault): void => (fault === undefined ? resolve() : reject(fault));
    this.#waiting.push({ segment, pieces, bytes, settle });
    this.#flushing ??= this.#flush();
    return promise;
  }

  /** Writes what is waiting, and what has come meanwhile, until nothing is. */
  async #flush(): Promise<void> {
    const { sync, groupMs } = this.#options.limits;
    while (this.#waiting.length > 0) {
      if (sync === "group") await pause(groupMs, this.#closed.signal);
      const taken = this.#waiting;
      this.#waiting = [];
      try {
        for (const segment of new Set(taken.map((item) => item.segment))) {
          const items = taken.filter((item) => item.segment === segment);
          await this.#writeOut(segment, items);
        }
      } catch (error) {
        this.#fail(taken, error);
        await this.#repair();
      }
    }
    // Here and not when the promise settles: who appends in between must start another round.
    this.#flushing = undefined;
  }

  async #writeOut(segment: Segment, items: readonly Waiting[]): Promise<void> {
    const { limits, onSync } = this.#options;
    segment.handle ??= await createFile(segment.file);
    await writeAll(
      segment.handle,
      items.flatMap((item) => item.pieces),
      segment.safeBytes,
    );
    if (limits.sync !== "off") {
      const started = performance.now();
      await segment.handle.datasync();
      onSync((performance.now() - started) / 1000);
    }
    for (const { bytes, settle } of items) {
      segment.safeBytes += bytes;
      settle();
    }
    // What was appended while this was written may belong to it too, its last seal for one.
    const isDone = !this.#waiting.some((item) => item.segment === segment);
    if (segment !== this.#current && isDone) {
      await segment.handle.close();
      segment.handle = undefined;
    }
  }

  /** Takes back everything that is not on disk for sure, and tells those who wait for it. */
  #fail(taken: readonly Waiting[], error: unknown): void {
    const { log, onFailure, folder } = this.#options;
    this.#trouble = unavailable(`the ingest log cannot be written: ${messageOf(error)}`, error);
    log.error("the ingest log cannot be written; senders are told to wait", { folder, error });
    this.#told = "unwritable";
    const lost = [...taken, ...this.#waiting];
    this.#waiting = [];
    onFailure();
    for (const { settle } of lost) settle(this.#trouble); // those written already do not mind
  }

  /** Tries until writing works again: every segment ends where it was safe, the open batch's safe
   * part is sealed, and a new segment begins. */
  async #repair(): Promise<void> {
    const { log, onSaved } = this.#options;
    for (;;) {
      await pause(REPAIR_EVERY_MS, this.#closed.signal);
      if (this.#closed.signal.aborted) return;
      try {
        const saved = await this.#cutBack();
        this.#trouble = undefined;
        log.warn("the ingest log can be written again");
        this.#told = undefined;
        // Its head is the next thing to be written, by the loop that called this.
        this.#newSegment().catch(() => undefined);
        if (saved !== undefined) onSaved(saved);
        return;
      } catch (error) {
        this.#trouble = unavailable(`the ingest log cannot be written: ${messageOf(error)}`, error);
      }
    }
  }

  async #cutBack(): Promise<LoggedBatch | undefined> {
    let saved: LoggedBatch | undefined;
    for (const segment of this.#segments.slice()) {
      const { handle, file, safeBytes } = segment;
      if (handle !== undefined) {
        await handle.truncate(safeBytes);
        saved ??= await this.#sealRest(segment, handle);
        await handle.datasync();
        await handle.close();
        segment.handle = undefined;
      }
      segment.bytes = segment.safeBytes;
      if (segment.bytes === 0) {
        await rm(file, { force: true });
        this.#segments.splice(this.#segments.indexOf(segment), 1);
      }
    }
    return saved;
  }

  /** Seals the requests that stand at the end of a segment without a seal, if there are any. */
  async #sealRest(segment: Segment, handle: FileHandle): Promise<LoggedBatch | undefined> {
    const { file, segmentId, safeBytes } = segment;
    const found = await findOpenBatch(file, safeBytes);
    if (found === undefined) return undefined;
    const [seal] = encodeRecord({ kind: "seal" });
    await writeAll(handle, [seal!], safeBytes);
    segment.safeBytes += seal!.length;
    const batch = { ...found, token: batchToken(segmentId, found.from) };
    this.#opened(segment, batch);
    return batch;
  }

  /** Deletes segments that ClickHouse has had for long enough, oldest first. */
  async #clean(): Promise<void> {
    if (this.#isCleaning) return;
    this.#isCleaning = true;
    this.#forgetDigests();
    for (let oldest = this.#segments[0]; this.#mayGo(oldest); oldest = this.#segments[0]) {
      await this.#carryDigests(oldest);
      if (!(await this.#delete(oldest))) break;
    }
    this.#isCleaning = false;
  }

  /** False if it cannot be deleted now: it counts as long as it is there. */
  async #delete(segment: Segment): Promise<boolean> {
    try {
      await rm(segment.file, { force: true });
    } catch (error) {
      const { file } = segment;
      const { log } = this.#options;
      if (this.#undeleted !== segment)
        log.warn("cannot delete a segment of the log", { file, error });
      this.#undeleted = segment;
      return false;
    }
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    return true;
  }

  #mayGo(segment: Segment | undefined): segment is Segment {
    if (segment === undefined || segment === this.#current) return false;
    if (segment.open.size > 0 || segment.handle !== undefined) return false;
    const { totalBytes, keepMs } = this.#options.limits;
    const isCrowded = this.usedBytes > totalBytes * KEEP_SHARE;
    return isCrowded || performance.now() - segment.doneMs >= keepMs;
  }

  /** Digests of a long outage would fill the memory. */
  #forgetDigests(): void {
    const since = nowSeconds() - this.#options.limits.digestSeconds;
    for (const segment of this.#segments) {
      const [, newest] = segment.digests.at(-1) ?? [];
      if (newest !== undefined && newest < since) segment.digests.length = 0;
    }
  }

  /** Writes what is still to be known of a segment into the current one. If that fails, the segment goes
   * all the same: it may be what fills the disk. */
  async #carryDigests({ digests }: Segment): Promise<void> {
    const since = nowSeconds() - this.#options.limits.digestSeconds;
    const young = digests.filter(([, arrivalSeconds]) => arrivalSeconds >= since);
    if (young.length === 0) return;
    const into = this.#current;
    const written = this.#write(encodeRecord({ kind: "digests", digests: young }));
    await written.catch(() => undefined); // told of by who writes
    digests.length = 0;
    into.digests.unshift(...young);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
