/** Bytes on disk. */
import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What a data folder takes. */
export interface DiskUse {
  /** ClickHouse's part of a Clew's folder, or all of any other's. */
  readonly storeBytes: number;
  /** Everything else in it: the log of what came in, log files. */
  readonly otherBytes: number;
}

const BLOCK_BYTES = 512; // what st_blocks counts, whatever the file system

/** Measures a folder as `du` does, but for parts of ClickHouse tables that merges have replaced: these are
 * kept for some minutes, and then deleted. Nothing if the folder does not exist. */
export function diskUse(folder: string): DiskUse {
  const inClew = path.join(folder, "clickhouse");
  const store = existsSync(inClew) ? inClew : folder;
  const storeBytes = bytesIn(store);
  return { storeBytes, otherBytes: store === folder ? 0 : bytesIn(folder, "clickhouse") };
}

function bytesIn(folder: string, except?: string): number {
  const entries = list(folder).filter(({ name }) => name !== except);
  const replaced = replacedParts(entries.map(({ name }) => name));
  return entries.reduce((sum, entry) => {
    if (replaced.has(entry.name)) return sum;
    const inner = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(inner) : fileBytes(inner));
  }, 0);
}

/** Merges delete folders while they are looked at. */
function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function fileBytes(file: string): number {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 0 : stat.blocks * BLOCK_BYTES;
}

/** Rows in the embedded ClickHouse's table of spans, counted without asking anybody: every part of a
 * table says how many it holds. Undefined if there is no such table. */
export function storedRows(dataDir: string): number | undefined {
  const table = path.join(dataDir, "clickhouse", "data", "clew", "spans");
  if (!existsSync(table)) return undefined;
  const parts = list(table).flatMap(({ name }) => (partName.test(name) ? [name] : []));
  const replaced = replacedParts(parts);
  return parts.reduce((sum, part) => {
    if (replaced.has(part)) return sum;
    return sum + Number(readFileSync(path.join(table, part, "count.txt"), "utf8"));
  }, 0);
}

const partName = /^([0-9a-z-]+)_(\d+)_(\d+)_(\d+)(?:_(\d+))?$/;

interface Part {
  readonly name: string;
  readonly partition: string;
  readonly first: number;
  readonly last: number;
  readonly level: number;
  readonly mutation: number;
}

/**
 * Those of a folder's names that are parts which a merge or a mutation has replaced by another of them.
 * Source: ClickHouse's MergeTreePartInfo: PARTITION_FIRSTBLOCK_LASTBLOCK_LEVEL[_MUTATION].
 */
export function replacedParts(names: readonly string[]): ReadonlySet<string> {
  const parts = names.flatMap((name): Part[] => {
    const [, partition, ...numbers] = partName.exec(name) ?? [];
    if (partition === undefined) return [];
    const [first, last, level, mutation] = numbers.map((text) => Number(text ?? 0));
    return [{ name, partition, first: first!, last: last!, level: level!, mutation: mutation! }];
  });
  const replaced = new Set<string>();
  for (const group of Map.groupBy(parts, ({ partition }) => partition).values()) {
    for (const part of group) {
      if (group.some((other) => covers(other, part))) replaced.add(part.name);
    }
  }
  return replaced;
}

function covers(big: Part, small: Part): boolean {
  return (
    big !== small &&
    big.first <= small.first &&
    big.last >= small.last &&
    big.level >= small.level &&
    big.mutation >= small.mutation
  );
}
