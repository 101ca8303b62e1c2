/** A Clew of the benchmark's own: a process as people run it, on free ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../base/fault.ts";

const READY_MS = 120_000;
const STOP_MS = 60_000;
const LAST_WORDS = 2000;

interface OwnClewOptions {
  /** What "clew start" is on a command line. */
  readonly startCommand: readonly string[];
  /** A temporary folder, removed at the end, if left out. */
  readonly dataDir?: string;
  /** Settings besides, like "ingest.sync=off". */
  readonly settings: readonly string[];
}

/** A running Clew. */
export class OwnClew {
  readonly dataDir: string;
  readonly #process: ChildProcess;
  readonly #isTemporary: boolean;
  #printed = "";
  #lastWords = "";

  /** Starts the process. */
  constructor({ startCommand, dataDir, settings }: OwnClewOptions) {
    this.#isTemporary = dataDir === undefined;
    this.dataDir = dataDir ?? mkdtempSync(path.join(tmpdir(), "clew-bench-"));
    const anyPorts = [
      "otlp.grpc.port=0",
      "otlp.http.port=0",
      "http.port=0",
      "listen.host=127.0.0.1",
    ];
    const set = [...settings, ...anyPorts].flatMap((setting) => ["--set", setting]);
    const [program, ...words] = startCommand;
    // What the command line says decides, not what this shell happens to have set.
    const env = Object.entries(process.env).filter(([name]) => !name.startsWith("CLEW_"));
    this.#process = spawn(program!, [...words, "--data", this.dataDir, ...set], {
      // A process group of its own: Ctrl+C in a terminal reaches only the benchmark, which stops it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: Object.fromEntries(env),
    });
    this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => (this.#printed += text));
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    });
    this.#process.on("error", (error) => (this.#lastWords = error.message));
  }

  /** Settles when it takes spans. Throws Fault with its own words if it does not get so far. */
  async ready(): Promise<void> {
    const untilMs = performance.now() + READY_MS;
    while (!/Stop {8}Ctrl/.test(this.#printed)) {
      if (this.#hasEnded || performance.now() > untilMs) {
        throw new Fault("unavailable", `the benchmark's Clew does not start: ${this.#lastWords}`);
      }
      await sleep(20);
    }
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Where it takes spans. */
  otlpUrl(protocol: "http" | "grpc"): string {
    return this.#url(protocol === "http" ? "OTLP/HTTP" : "OTLP/gRPC");
  }

  get apiUrl(): string {
    return this.#url("Look");
  }

  /** The end of its log. */
  get lastWords(): string {
    return this.#lastWords;
  }

  /** The start message names the ports. */
  #url(label: string): string {
    const url = new RegExp(`${label}\\s+(http://\\S+)`).exec(this.#printed)?.[1];
    if (url === undefined) throw new Error(`"clew start" does not say its ${label}`);
    return url;
  }

  get #hasEnded(): boolean {
    const { exitCode, signalCode, pid } = this.#process;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Stops it, if it runs, and removes the folder, if it is the benchmark's own. Gives back the version of
   * the ClickHouse in it, if that has ever said it. */
  async close(): Promise<string | undefined> {
    if (!this.#hasEnded) {
      const exited = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill("SIGTERM");
      const killer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS);
      await exited;
      clearTimeout(killer);
    }
    const version = clickhouseVersion(this.dataDir);
    if (this.#isTemporary) rmSync(this.dataDir, { recursive: true, force: true });
    return version;
  }
}

/** ClickHouse says its version when it is told to stop, in its log of errors. */
function clickhouseVersion(dataDir: string): string | undefined {
  try {
    const log = readFileSync(path.join(dataDir, "log", "clickhouse.err.log"), "utf8");
    return [...log.matchAll(/\(version (\d+(?:\.\d+){3})/g)].at(-1)?.[1];
  } catch {
    return undefined;
  }
}
