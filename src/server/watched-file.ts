/** Files that people may change while Clew runs. */
import { readFileSync, statSync } from "node:fs";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";

/** The text of a file. Throws Fault "invalid" if it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Fault("invalid", `cannot read ${file}: ${reason}`, { cause: error });
  }
}

/** Looked at this often, at most. */
const LOOK_MS = 100;

/**
 * What a file says, as it is now. Throws Fault "invalid" if the file is wrong; if it is so only later,
 * that is logged, and what it said before holds.
 */
export function watchedFile<T>(
  file: string,
  read: (text: string, file: string) => T,
  log: Logger,
): () => T {
  let value = read(readText(file), file);
  let stamp = stampOf(file);
  let lookedMs = performance.now();
  return () => {
    const now = performance.now();
    if (now - lookedMs < LOOK_MS) return value;
    lookedMs = now;
    const newStamp = stampOf(file);
    if (newStamp === stamp) return value;
    stamp = newStamp;
    try {
      value = read(readText(file), file);
      log.info("a file was read again", { file });
    } catch (error) {
      log.error("a file is wrong, what it said before holds", { file, error });
    }
    return value;
  };
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "absent" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}
