import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "./fault.ts";

/** A data folder held by this process. Let go by `close()`, and by the kernel when the process dies. */
export interface DataLock {
  close(): void;
}

/**
 * Takes the data folder for this process; makes it, open to its owner only, if it is missing.
 * Throws Fault "unavailable" when another process holds it, "invalid" when it cannot be used at all.
 */
export function lockDataDir(dir: string): DataLock {
  const folder = path.resolve(dir);
  makeWritable(folder);
  const database = openLocked(folder);
  const pidFile = path.join(folder, "clew.pid");
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    close: () => {
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" || code === "ENOTDIR" ? "it is, or lies in, a file" : message;
    const text = `data folder ${folder} cannot be used: ${why}; choose another with --data`;
    throw new Fault("invalid", text, { cause: error });
  }
}

const SQLITE_BUSY = 5;

/** An empty SQLite database is the lock: its exclusive transaction is a lock of the kernel's. */
function openLocked(folder: string): DatabaseSync {
  const file = path.join(folder, "clew.lock");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw inUse(folder);
    const text = `data folder ${folder} cannot be locked (${file}): ${(error as Error).message}`;
    throw new Fault("invalid", text, { cause: error });
  }
}

function inUse(folder: string): Fault {
  const advice = "stop it or choose another folder with --data";
  const text = `data folder ${folder} is in use by another Clew (${holder(folder)}); ${advice}`;
  return new Fault("unavailable", text);
}

function holder(folder: string): string {
  try {
    return `process ${readFileSync(path.join(folder, "clew.pid"), "utf8").trim()}`;
  } catch {
    // It has the lock already and writes its number next, or somebody removed the file.
    return "process unknown";
  }
}
