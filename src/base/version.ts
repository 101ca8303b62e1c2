import { readFileSync } from "node:fs";

/** Clew's version, like "0.1.0". */
export const clewVersion: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  }
).version;
