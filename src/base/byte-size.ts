/** Sizes as people write them. */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: KIB,
  mib: MIB,
  gib: GIB,
  tib: 1024 * GIB,
};

/** The bytes that text like "64MiB", "1.5 GB" or "4096" stands for, rounded down, or undefined. */
export function parseBytes(size: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(size.trim());
  const unit = byteUnits[match?.[2]?.toLowerCase() ?? "?"];
  return match && unit !== undefined ? Math.floor(Number(match[1]) * unit) : undefined;
}

/** The shortest exact text for a number of bytes: 67108864 is "64MiB", 1000 is "1000". */
export function formatBytes(value: number): string {
  const units = [
    ["TiB", 1024 * GIB],
    ["GiB", GIB],
    ["MiB", MIB],
    ["KiB", KIB],
  ] as const;
  const fit = units.find(([, size]) => value >= size && value % size === 0);
  return fit ? `${value / fit[1]}${fit[0]}` : String(value);
}
