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
 * block: a power cut then costs nothing either (see `replay.ts`).
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type FileHandle, open, rm, unlink } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/log.ts";
import { createFile, writeAll } from "./file.ts";
import { batchToken, encodeRecord, encodeSegmentHead, SEGMENT_HEAD_BYTES } from "./record.ts";
import {
  findDigests,
  findOpenBatch,
  type FoundLog,
  type LoggedBatch,
  type LoggedRequest,
  readLog,
  segmentName,
} from "./replay.ts";

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
  /** When the last of them was confirmed, by Date.now(). */
  doneMs: number;
}

interface Waiting {
  readonly segment: Segment;
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  readonly settle: (fault?: Fault) => void;
}

const WARN_SHARE = 0.8;
/** Above this share of the limit, segments that ClickHouse has are not kept any longer. */
const KEEP_SHARE = 0.5;
/** A segment is at most this share of the limit: only whole ones can go. */
const SEGMENT_SHARE = 1 / 8;
const REPAIR_EVERY_MS = 1000;
const CLEAN_EVERY_MS = 1000;
const RETRY_AFTER_SECONDS = 5;

/** Opens the log in a folder; also gives the batches to insert, oldest first, and the digests of
 * the requests in it. Throws Fault "unavailable" if it cannot be read or written. */
export async function openLog(
  options: LogOptions,
): Promise<{ log: IngestLog; batches: readonly LoggedBatch[]; digests: FoundLog["digests"] }> {
  const bootId = readBootId();
  try {
    const found = await readLog(options.folder, bootId, options.log);
    if (found.tail !== undefined) await appendSeal(found.tail);
    const log = new IngestLog(options, bootId, found);
    await log.start();
    const batches = found.segments.flatMap((segment) => segment.batches);
    if (found.tail !== undefined) batches.push(found.tail);
    return { log, batches, digests: found.digests };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const message = `cannot open the ingest log in ${options.folder}: ${messageOf(error)}`;
    throw new Fault("unavailable", message, { cause: error });
  }
}

/** The digests of the requests in a folder's log, which is left as it is. Throws Fault "unavailable" if
 * it cannot be read. */
export async function readDigests(folder: string): Promise<FoundLog["digests"]> {
  try {
    return await findDigests(folder);
  } catch (error) {
    const message = `cannot read the ingest log in ${folder}: ${messageOf(error)}`;
    throw new Fault("unavailable", message, { cause: error });
  }
}

/** The name of this boot of the machine; where there is none, every start counts as one. */
function readBootId(): string {
  try {
    const text = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const id = text.replaceAll("-", "").trim();
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  } catch {
    // Not Linux.
  }
  return randomBytes(16).toString("hex");
}

/** Ends the batch at the end of a segment that is not written any more. */
async function appendSeal({ file, to }: LoggedBatch): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await writeAll(handle, encodeRecord({ kind: "seal" }), to);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function messageOf(error: unknown): string {
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
  readonly #segmentOf = new Map<string, Segment>();
  #sequence: number;
  #current!: Segment;
  /** Where the open batch begins in the current segment. */
  #batchFrom = SEGMENT_HEAD_BYTES;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #trouble: Fault | undefined;
  #warned = false;
  readonly #closed = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(options: LogOptions, bootId: string, { segments, nextSequence, tail }: FoundLog) {
    this.#options = options;
    this.#bootId = bootId;
    this.#sequence = nextSequence;
    this.#segments = segments.map(({ batches, ...found }) => {
      const tokens = [...batches, ...(tail?.file === found.file ? [tail] : [])];
      const open = new Set(tokens.map(({ token }) => token));
      const doneMs = Date.now();
      const segment = { ...found, safeBytes: found.bytes, handle: undefined, open, doneMs };
      for (const token of open) this.#segmentOf.set(token, segment);
      return segment;
    });
    this.#timer = setInterval(() => void this.#clean(), CLEAN_EVERY_MS).unref();
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
    return this.#segmentOf.size;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Why nothing can be written now, if so. */
  get trouble(): string | undefined {
    return this.#trouble?.message;
  }

  /** How full the log is, once that is something to know. */
  get warning(): string | undefined {
    const share = this.usedBytes / this.#options.limits.totalBytes;
    if (share < WARN_SHARE) return undefined;
    return `the ingest log is ${Math.floor(share * 100)} % full; senders are refused at 100 %`;
  }

  /** Throws Fault "unavailable" if the log is full or cannot be written. */
  checkRoom(): void {
    if (this.#trouble !== undefined) throw this.#trouble;
    const { totalBytes } = this.#options.limits;
    const { usedBytes } = this;
    if (usedBytes >= totalBytes) {
      throw unavailable(`the ingest log is full: ${usedBytes} of ${totalBytes} bytes`);
    }
    if (usedBytes < totalBytes * WARN_SHARE) this.#warned = false;
    else if (!this.#warned) {
      this.#warned = true;
      this.#options.log.warn("ingest log is filling up", { usedBytes, totalBytes });
    }
  }

  /** Appends a request to the open batch; settles when it is safe, or rejects with Fault
   * "unavailable" if it could not be written: then it is not in the log. */
  append(request: LoggedRequest): Promise<void> {
    return this.#write(encodeRecord(request));
  }

  /** Ends the open batch, in which there is at least one request. Its place and token are known at
   * once; it may be inserted when `sealed` settles, and is not in the log if that rejects. */
  seal(): { readonly batch: LoggedBatch; readonly sealed: Promise<void> } {
    const segment = this.#current;
    const { file, segmentId, bytes } = segment;
    const token = batchToken(segmentId, this.#batchFrom);
    const batch = { token, file, from: this.#batchFrom, to: bytes };
    const sealed = this.#write(encodeRecord({ kind: "seal" })).then(() =>
      this.#opened(segment, token),
    );
    this.#batchFrom = segment.bytes;
    const { segmentBytes, totalBytes } = this.#options.limits;
    if (segment.bytes >= Math.min(segmentBytes, totalBytes * SEGMENT_SHARE)) {
      // If its head cannot be written, that is found out, and mended, as for any other record.
      this.#newSegment().catch(() => undefined);
    }
    return { batch, sealed };
  }

  #opened(segment: Segment, token: string): void {
    segment.open.add(token);
    this.#segmentOf.set(token, segment);
  }

  /** Notes that ClickHouse has a batch. */
  inserted(token: string): void {
    const segment = this.#segmentOf.get(token);
    if (segment === undefined) return;
    segment.open.delete(token);
    segment.doneMs = Date.now();
    this.#segmentOf.delete(token);
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
    const counts = { bytes: 0, safeBytes: 0, doneMs: Date.now() };
    this.#current = { file, segmentId, handle: undefined, open, ...counts };
    this.#segments.push(this.#current);
    this.#batchFrom = SEGMENT_HEAD_BYTES;
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
    const from = await findOpenBatch(file, safeBytes);
    if (from === undefined) return undefined;
    const [seal] = encodeRecord({ kind: "seal" });
    await writeAll(handle, [seal!], safeBytes);
    segment.safeBytes += seal!.length;
    const token = batchToken(segmentId, from);
    this.#opened(segment, token);
    return { token, file, from, to: safeBytes };
  }

  /** Deletes segments that ClickHouse has had for long enough, oldest first. */
  async #clean(): Promise<void> {
    const { limits, log } = this.#options;
    for (;;) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest === this.#current || oldest.open.size > 0) return;
      const crowded = this.usedBytes > limits.totalBytes * KEEP_SHARE;
      if (!crowded && Date.now() - oldest.doneMs < limits.keepMs) return;
      if (oldest.handle !== undefined) return;
      this.#segments.shift();
      try {
        await unlink(oldest.file);
      } catch (error) {
        log.warn("cannot delete a segment of the ingest log", { file: oldest.file, error });
      }
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
