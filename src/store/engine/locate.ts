import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Fault } from "../../base/fault.ts";

/** What runs ClickHouse: the shared library from npm, or a `clickhouse` binary. */
export interface EngineProgram {
  readonly kind: "library" | "binary";
  readonly path: string;
}

/** Where to look; the process's own by default, an argument so that other machines can be tried. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** The search path for binaries, as in the environment. */
  readonly searchPath: string;
}

const libraryPackages = new Map([
  ["linux-x64", "@chdb/lib-linux-x64-gnu"],
  ["linux-arm64", "@chdb/lib-linux-arm64-gnu"],
  ["darwin-x64", "@chdb/lib-darwin-x64"],
  ["darwin-arm64", "@chdb/lib-darwin-arm64"],
]);

/**
 * The library for this platform, else the first `clickhouse` on the search path.
 * Throws Fault "unavailable", with what to do about it, when there is neither.
 */
export function locateEngine(machine: Machine = thisMachine()): EngineProgram {
  const library = libraryFor(machine);
  if (library !== undefined) return { kind: "library", path: library };
  const binary = binaryOn(machine.searchPath);
  if (binary !== undefined) return { kind: "binary", path: binary };
  const platform = `${machine.platform}-${machine.arch}`;
  const wanted = libraryPackages.get(platform);
  throw new Fault(
    "unavailable",
    wanted === undefined
      ? `no embedded ClickHouse exists for ${platform}: put a clickhouse binary on PATH ` +
          "(https://clickhouse.com/docs/install), or set clickhouse.url to a server"
      : `the embedded ClickHouse (npm package ${wanted}) is not installed: run "npm ci" without ` +
          "--omit=optional, put a clickhouse binary on PATH, or set clickhouse.url to a server",
  );
}

function thisMachine(): Machine {
  return { platform: process.platform, arch: process.arch, searchPath: process.env["PATH"] ?? "" };
}

function libraryFor({ platform, arch }: Machine): string | undefined {
  const name = libraryPackages.get(`${platform}-${arch}`);
  if (name === undefined) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const library = path.join(path.dirname(manifest), "libchdb.so");
    return isFile(library) ? library : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function binaryOn(searchPath: string): string | undefined {
  return searchPath
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, "clickhouse"))
    .find((file) => isFile(file) && isExecutable(file));
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
