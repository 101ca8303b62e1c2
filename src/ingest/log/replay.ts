/** What a log folder holds when Clew starts: batches that ClickHouse may not have. */
import { mkdir, open, readdir, readFile, truncate } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "../../base/log.ts";
import { damagedPlaces, idOfHeadless, setAside } from "./damage.ts";
import {
  batchToken,
  isCutShort,
  type LogRecord,
  mayHideSeal,
  readSegmentHead,
  scanRecords,
  type Scanned,
  SEGMENT_HEAD_BYTES,
  type TakenDigest,
} from "./record.ts";

/** A batch in the log: the requests in bytes [from, to) of a segment, and its token. */
export interface LoggedBatch {
  readonly token: string;
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** When the first of them came, in seconds since 1970. */
  readonly arrivalSeconds: number;
}

/** A segment found in the log. */
export interface FoundSegment {
  readonly file: string;
  readonly segmentId: string;
  /** Its length, once a torn tail is cut. */
  readonly bytes: number;
  /** Those that ClickHouse has not confirmed since the machine started, oldest first. */
  readonly batches: LoggedBatch[];
  /** Of requests in it and in segments before it, those that are not too old. */
  readonly digests: TakenDigest[];
}

/** All of a log folder. */
export interface FoundLog {
  readonly segments: readonly FoundSegment[];
  /** The number for the next segment's name. */
  readonly nextSequence: number;
  /** Requests at the very end, with no seal behind them: the last segment's last batch. */
  readonly tail: LoggedBatch | undefined;
}

/** How a log folder is read. */
export interface ReadOptions {
  /** This boot of the machine. */
  readonly bootId: string;
  /** Digests of requests that came before, in seconds since 1970, are left out. */
  readonly digestsSince: number;
  readonly log: Logger;
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
export async function readLog(folder: string, options: ReadOptions): Promise<FoundLog> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await segmentNames(folder);
  const reading = new LogReading(options);
  for (const [i, name] of names.entries()) {
    await reading.segment(path.join(folder, name), i === names.length - 1);
  }
  const last = SEGMENT_NAME.exec(names.at(-1) ?? "");
  return reading.finish(last === null ? 1 : Number(last[1]) + 1);
}

/** The digests that a log folder holds since a second, and nothing else of it. */
export async function findDigests(folder: string, since: number): Promise<TakenDigest[]> {
  const digests: TakenDigest[] = [];
  for (const name of await segmentNames(folder)) {
    const bytes = await readFile(path.join(folder, name));
    for (const part of scanRecords(bytes, Math.min(SEGMENT_HEAD_BYTES, bytes.length))) {
      if (part.kind === "record") digests.push(...digestsOf(part.record, since));
    }
  }
  return digests;
}

function digestsOf(record: LogRecord, since: number): readonly TakenDigest[] {
  if (record.kind === "digests") return record.digests.filter(([, arrival]) => arrival >= since);
  if (record.kind !== "request" || record.arrivalSeconds < since) return [];
  return [[record.digest, record.arrivalSeconds]];
}

async function segmentNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => SEGMENT_NAME.test(name)).sort();
}

class LogReading {
  readonly #options: ReadOptions;
  readonly #segments: FoundSegment[] = [];
  readonly #inserted = new Set<string>();
  #tail: LoggedBatch | undefined;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  finish(nextSequence: number): FoundLog {
    const segments = this.#segments.map((segment) => ({
      ...segment,
      batches: segment.batches.filter(({ token }) => !this.#inserted.has(token)),
    }));
    return { segments, nextSequence, tail: this.#tail };
  }

  async segment(file: string, isLast: boolean): Promise<void> {
    const { bootId, log } = this.#options;
    const bytes = await readFile(file);
    const head = readSegmentHead(bytes);
    const scanned = [...scanRecords(bytes, Math.min(SEGMENT_HEAD_BYTES, bytes.length))];
    const end = scanned.at(-1);
    const torn = isLast && end?.kind === "damage" ? end : undefined;
    const isHarmless = torn !== undefined && isCutShort(bytes, torn.from);
    const places = damagedPlaces(isHarmless ? bytes.subarray(0, torn.from) : bytes);
    if (places.length > 0) await setAside(file, places, log);
    if (torn !== undefined) {
      const cut = { file, at: torn.from, bytes: torn.to - torn.from };
      log.warn("ingest log: the last record is torn, cut off", cut);
      await truncate(file, torn.from);
    }
    const segmentId = head?.segmentId ?? idOfHeadless(file, bytes);
    const segment: FoundSegment = {
      file,
      segmentId,
      bytes: torn?.from ?? bytes.length,
      batches: [],
      digests: [],
    };
    this.#segments.push(segment);
    const whole = scanned.filter((part) => part !== torn);
    this.#takeRecords(segment, { bytes, scanned: whole }, head?.bootId === bootId);
    if (!isLast && this.#tail !== undefined) {
      // Every segment but the last ends with a seal; here damage has swallowed it.
      segment.batches.push(this.#tail);
      this.#tail = undefined;
    }
  }

  #takeRecords(segment: FoundSegment, { bytes, scanned }: Content, sinceBoot: boolean): void {
    const { file, segmentId, batches, digests } = segment;
    let from = SEGMENT_HEAD_BYTES;
    this.#tail = undefined;
    const endBatch = (to: number): void => {
      if (this.#tail !== undefined) batches.push(this.#tail);
      this.#tail = undefined;
      from = to;
    };
    for (const part of scanned) {
      const { to } = part;
      if (part.kind === "damage") {
        // Two batches as one would have the first one's token, and ClickHouse may know that.
        if (mayHideSeal(bytes, part)) endBatch(to);
        continue;
      }
      const { record } = part;
      for (const digest of digestsOf(record, this.#options.digestsSince)) digests.push(digest);
      if (record.kind === "request") {
        const token = batchToken(segmentId, from);
        const first: { readonly arrivalSeconds: number } = this.#tail ?? record;
        this.#tail = { token, file, from, to, arrivalSeconds: first.arrivalSeconds };
      } else if (record.kind === "seal") endBatch(to);
      // Confirmed before the machine went down may mean: not yet on ClickHouse's disk.
      else if (record.kind === "inserted" && sinceBoot) this.#inserted.add(record.token);
    }
  }
}

/** A segment's bytes, and what they are. */
interface Content {
  readonly bytes: Uint8Array;
  readonly scanned: readonly Scanned[];
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

/** The requests that stand behind the last seal in the first `bytes` of a segment, as a batch without a
 * token; undefined if there are none. */
export async function findOpenBatch(
  file: string,
  bytes: number,
): Promise<Omit<LoggedBatch, "token"> | undefined> {
  const content = (await readFile(file)).subarray(0, bytes);
  let from = SEGMENT_HEAD_BYTES;
  let arrivalSeconds: number | undefined;
  for (const part of scanRecords(content, Math.min(SEGMENT_HEAD_BYTES, content.length))) {
    if (part.kind === "damage") continue;
    if (part.record.kind === "request") arrivalSeconds ??= part.record.arrivalSeconds;
    if (part.record.kind !== "seal") continue;
    arrivalSeconds = undefined;
    from = part.to;
  }
  return arrivalSeconds === undefined ? undefined : { file, from, to: bytes, arrivalSeconds };
}
