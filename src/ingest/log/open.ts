/** Opens the log of a folder, whatever is there. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import { writeAll } from "./file.ts";
import { IngestLog, type LogOptions, messageOf, nowSeconds } from "./log.ts";
import { encodeRecord, type TakenDigest } from "./record.ts";
import { findDigests, type LoggedBatch, readLog } from "./replay.ts";

/** Opens the log in a folder; also gives the batches to insert, oldest first, and the digests of
 * the requests in it. Throws Fault "unavailable" if it cannot be read or written. */
export async function openLog(options: LogOptions): Promise<{
  log: IngestLog;
  batches: readonly LoggedBatch[];
  digests: readonly TakenDigest[];
}> {
  const bootId = readBootId();
  const { folder, limits, log: logger } = options;
  const digestsSince = nowSeconds() - limits.digestSeconds;
  try {
    const found = await readLog(folder, { bootId, digestsSince, log: logger });
    if (found.tail !== undefined) await appendSeal(found.tail);
    const log = new IngestLog(options, bootId, found);
    await log.start();
    const batches = found.segments.flatMap((segment) => segment.batches);
    if (found.tail !== undefined) batches.push(found.tail);
    return { log, batches, digests: found.segments.flatMap(({ digests }) => digests) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const message = `cannot open the ingest log in ${folder}: ${messageOf(error)}`;
    throw new Fault("unavailable", message, { cause: error });
  }
}

/** The digests of the requests in a folder's log that came within the last seconds; it is left as it is.
 * Throws Fault "unavailable" if it cannot be read. */
export async function readDigests(folder: string, lastSeconds: number): Promise<TakenDigest[]> {
  try {
    return await findDigests(folder, nowSeconds() - lastSeconds);
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
