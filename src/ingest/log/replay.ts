/** What a log folder holds when Clew starts: batches that ClickHouse may not have. */
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, open, readdir, readFile, rename, truncate } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "../../base/log.ts";
import {
  batchToken,
  type LogRecord,
  readSegmentHead,
  scanRecords,
  type Scanned,
  SEGMENT_HEAD_BYTES,
} from "./record.ts";

/** A batch in the log: the requests in bytes [from, to) of a segment, and its token. */
export interface LoggedBatch {
  readonly token: string;
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** A segment found in the log. */
export interface FoundSegment {
  readonly file: string;
  readonly segmentId: string;
  /** Its length, once a torn tail is cut. */
  readonly bytes: number;
  /** Those that ClickHouse has not confirmed since the machine started, oldest first. */
  readonly batches: LoggedBatch[];
}

/** All of a log folder. */
export interface FoundLog {
  readonly segments: readonly FoundSegment[];
  /** The number for the next segment's name. */
  readonly nextSequence: number;
  /** Requests at the very end, with no seal behind them: the last segment's last batch. */
  readonly tail: LoggedBatch | undefined;
  /** Digests of the requests in it, with their arrival in seconds since 1970. */
  readonly digests: readonly (readonly [digest: string, arrivalSeconds: number])[];
}

const SEGMENT_NAME = /^(\d{12})\.log$/;

/** The file name of segment number `sequence`. */
export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(12, "0")}.log`;
}

/**
 * Reads a log folder, made if missing. A record cut short at the very end (the process died while it
 * wrote) is cut off; damage anywhere else is reported with file and offset, what is readable around
 * it is kept, and a copy of the file as it was found is set aside in `damaged/`.
 */
export async function readLog(folder: string, bootId: string, log: Logger): Promise<FoundLog> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await segmentNames(folder);
  const reading = new LogReading(bootId, log);
  for (const [i, name] of names.entries()) {
    await reading.segment(path.join(folder, name), i === names.length - 1);
  }
  const last = SEGMENT_NAME.exec(names.at(-1) ?? "");
  return reading.finish(last === null ? 1 : Number(last[1]) + 1);
}

/** The digests that a log folder holds, and nothing else of it. */
export async function findDigests(folder: string): Promise<FoundLog["digests"]> {
  const digests: [string, number][] = [];
  for (const name of await segmentNames(folder)) {
    const bytes = await readFile(path.join(folder, name));
    for (const part of scanRecords(bytes, Math.min(SEGMENT_HEAD_BYTES, bytes.length))) {
      if (part.kind !== "record" || part.record.kind !== "request") continue;
      digests.push([part.record.digest, part.record.arrivalSeconds]);
    }
  }
  return digests;
}

async function segmentNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => SEGMENT_NAME.test(name)).sort();
}

class LogReading {
  readonly #bootId: string;
  readonly #log: Logger;
  readonly #segments: FoundSegment[] = [];
  readonly #inserted = new Set<string>();
  readonly #digests: [string, number][] = [];
  #tail: LoggedBatch | undefined;

  constructor(bootId: string, log: Logger) {
    this.#bootId = bootId;
    this.#log = log;
  }

  finish(nextSequence: number): FoundLog {
    const segments = this.#segments.map((segment) => ({
      ...segment,
      batches: segment.batches.filter(({ token }) => !this.#inserted.has(token)),
    }));
    return { segments, nextSequence, tail: this.#tail, digests: this.#digests };
  }

  async segment(file: string, isLast: boolean): Promise<void> {
    const bytes = await readFile(file);
    const head = readSegmentHead(bytes);
    const scanned = [...scanRecords(bytes, Math.min(SEGMENT_HEAD_BYTES, bytes.length))];
    const end = scanned.at(-1);
    const torn = isLast && end?.kind === "damage" ? end : undefined;
    if (torn !== undefined) {
      const cut = { file, at: torn.from, bytes: torn.to - torn.from };
      this.#log.warn("ingest log: the last record is torn, cut off", cut);
      await truncate(file, torn.from);
    }
    const damages = scanned.filter((part) => part.kind === "damage" && part !== torn);
    const hasNoHead = head === undefined && bytes.length >= SEGMENT_HEAD_BYTES;
    if (damages.length > 0 || hasNoHead) await this.#setAside(file, damages, hasNoHead);
    // Without its id a segment's batches get new tokens: rather twice than not at all.
    const segmentId = head?.segmentId ?? randomBytes(16).toString("hex");
    const segment: FoundSegment = {
      file,
      segmentId,
      bytes: torn?.from ?? bytes.length,
      batches: [],
    };
    this.#segments.push(segment);
    this.#takeRecords(segment, scanned, head?.bootId === this.#bootId);
    if (!isLast && this.#tail !== undefined) {
      // Every segment but the last ends with a seal; here damage has swallowed it.
      segment.batches.push(this.#tail);
      this.#tail = undefined;
    }
  }

  #takeRecords(segment: FoundSegment, scanned: readonly Scanned[], sinceBoot: boolean): void {
    const { file, segmentId } = segment;
    let from = SEGMENT_HEAD_BYTES;
    this.#tail = undefined;
    for (const part of scanned) {
      if (part.kind === "damage") continue;
      const { record, to } = part;
      switch (record.kind) {
        case "request":
          this.#tail = { token: batchToken(segmentId, from), file, from, to };
          this.#digests.push([record.digest, record.arrivalSeconds]);
          break;
        case "seal":
          if (this.#tail !== undefined) segment.batches.push(this.#tail);
          this.#tail = undefined;
          from = to;
          break;
        case "inserted":
          // Confirmed before the machine went down may mean: not yet on ClickHouse's disk.
          if (sinceBoot) this.#inserted.add(record.token);
      }
    }
  }

  async #setAside(file: string, damages: readonly Scanned[], hasNoHead: boolean): Promise<void> {
    const folder = path.join(path.dirname(file), "damaged");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const copy = path.join(folder, path.basename(file));
    await copyFile(file, `${copy}.part`);
    await rename(`${copy}.part`, copy);
    const places = damages.map(({ from, to }) => `${from}..${to}`);
    if (hasNoHead) places.unshift(`0..${SEGMENT_HEAD_BYTES}`);
    this.#log.error("ingest log is damaged; what is readable around it is kept", {
      file,
      damagedBytes: places,
      copy,
    });
  }
}

/** A request as the log has it. */
export type LoggedRequest = LogRecord & { readonly kind: "request" };

/** The requests of a batch, in the order they came, and the bytes among them that cannot be read. */
export async function readBatch({
  file,
  from,
  to,
}: LoggedBatch): Promise<{ readonly requests: LoggedRequest[]; readonly damagedBytes: number }> {
  const bytes = Buffer.allocUnsafe(to - from);
  const handle = await open(file, "r");
  try {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    if (bytesRead < bytes.length) throw new Error(`${file} has less than ${to} bytes`);
  } finally {
    await handle.close();
  }
  const requests: LoggedRequest[] = [];
  let damagedBytes = 0;
  for (const part of scanRecords(bytes, 0)) {
    if (part.kind === "damage") damagedBytes += part.to - part.from;
    else if (part.record.kind === "request") requests.push(part.record);
  }
  return { requests, damagedBytes };
}

/** Where the requests begin that stand behind the last seal in the first `bytes` of a segment;
 * undefined if there are none. */
export async function findOpenBatch(file: string, bytes: number): Promise<number | undefined> {
  const content = (await readFile(file)).subarray(0, bytes);
  let from = SEGMENT_HEAD_BYTES;
  let hasRequests = false;
  for (const part of scanRecords(content, Math.min(SEGMENT_HEAD_BYTES, content.length))) {
    if (part.kind === "damage" || part.record.kind === "inserted") continue;
    hasRequests = part.record.kind === "request";
    if (!hasRequests) from = part.to;
  }
  return hasRequests ? from : undefined;
}
