/** Damaged segments: what of them is lost, and the copy that is kept of each as it was found. */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "../../base/log.ts";
import { readSegmentHead, scanRecords, SEGMENT_HEAD_BYTES } from "./record.ts";

/** The places of a segment that cannot be read, as "from..to". */
export function damagedPlaces(bytes: Uint8Array): string[] {
  const hasNoHead = readSegmentHead(bytes) === undefined && bytes.length >= SEGMENT_HEAD_BYTES;
  const places = hasNoHead ? [`0..${SEGMENT_HEAD_BYTES}`] : [];
  for (const { kind, from, to } of scanRecords(bytes, Math.min(SEGMENT_HEAD_BYTES, bytes.length))) {
    if (kind === "damage") places.push(`${from}..${to}`);
  }
  return places;
}

/** Copies a segment to `damaged/` beside it, unless there is a copy with the same damage: a segment
 * is read at every start until ClickHouse has all of it. */
export async function setAside(
  file: string,
  places: readonly string[],
  log: Logger,
): Promise<void> {
  const folder = path.join(path.dirname(file), "damaged");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let number = 1; ; number++) {
    const name = path.basename(file) + (number === 1 ? "" : `.${number}`);
    const copy = path.join(folder, name);
    const before = await readFile(copy).catch(notThere);
    if (before === undefined) {
      await copyFile(file, `${copy}.part`);
      await rename(`${copy}.part`, copy);
      const what = "ingest log is damaged; what is readable around it is kept";
      return log.error(what, { file, damagedBytes: places, copy });
    }
    const known = damagedPlaces(before);
    if (places.every((place) => known.includes(place))) {
      return log.warn("ingest log is damaged, as it was before", { file, copy });
    }
  }
}

function notThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

/**
 * An id for a segment whose own cannot be read: the same at every start, so that its batches keep their
 * tokens, and that of no other segment, since the first record has a digest in it.
 */
export function idOfHeadless(file: string, bytes: Uint8Array): string {
  const hash = createHash("sha256").update(path.basename(file));
  for (const part of scanRecords(bytes, Math.min(SEGMENT_HEAD_BYTES, bytes.length))) {
    if (part.kind === "record")
      return hash.update(bytes.subarray(0, part.to)).digest("hex").slice(0, 32);
  }
  return hash.update(bytes).digest("hex").slice(0, 32);
}
