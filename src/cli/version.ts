import { readFileSync } from "node:fs";

/** Clew's version, like "0.1.0". */
export function clewVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
