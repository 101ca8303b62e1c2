// The embedded ClickHouse: a process of our own that is started, watched, started again when it
// dies, and stopped. See child.ts for what runs in it and config.ts for how it is configured.
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/log.ts";
import type { Endpoint } from "../endpoint.ts";
import { enginePaths } from "./config.ts";
import { locateEngine, type EngineProgram } from "./locate.ts";
import { freshEndpoint, startProcess, type EngineProcess } from "./process.ts";

/** What the engine may take: time, memory, disk for its own logs. */
export interface EngineLimits {
  /** From starting the process to its first answer; then it is killed and the start has failed. */
  readonly startMs: number;
  /** From asking it to end to killing it. */
  readonly stopMs: number;
  /** Wait before the first restart; doubles with each one that follows soon. */
  readonly backoffFirstMs: number;
  readonly backoffLastMs: number;
  /** An engine that lived this long has recovered: its next restart waits the shortest time again. */
  readonly steadyMs: number;
  /** Restarts in a row that may fail before the engine is given up. */
  readonly failedRestarts: number;
  /** Memory of queries, inserts, merges and caches together; more is refused by the engine. */
  readonly memoryBytes: number;
  /** Size at which a log file is rotated, and how many old ones stay. */
  readonly logFileBytes: number;
  readonly logFiles: number;
}

/** What an engine is made of. */
export interface EngineOptions {
  /** The engine's files go in `clickhouse` and its logs in `log` below; made if missing. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly limits?: Partial<EngineLimits>;
  /** The library or binary to run; found by `locateEngine` if absent. */
  readonly program?: EngineProgram;
  /** Called each time the engine has died and is about to be started again. */
  readonly onRestart?: () => void;
  /** Called each time it answers, at the start and after every restart, with where. */
  readonly onReady?: (endpoint: Endpoint) => void;
}

/** A ClickHouse that runs for as long as this process does, or until it is closed. */
export interface Engine {
  /** Where it answers now. Changes at every restart (always the password, seldom the port). */
  endpoint(): Endpoint;
  /** The process that runs ClickHouse, or undefined between two of them. */
  pid(): number | undefined;
  /** Settles, with the reason, when the engine died and could not be started again. */
  readonly failed: Promise<Fault>;
  /** Ends the engine and waits for it; data that was acknowledged is on disk. */
  close(): Promise<void>;
}

/**
 * The limits on this machine: 40 % of its memory (or of what its container may use), at most 8 GiB
 * because a query over traces that needs more is better refused.
 */
export function defaultEngineLimits(): EngineLimits {
  const constrained = process.constrainedMemory();
  const ram = constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem();
  return {
    startMs: 60_000,
    stopMs: 10_000,
    backoffFirstMs: 100,
    backoffLastMs: 10_000,
    steadyMs: 60_000,
    failedRestarts: 12,
    memoryBytes: Math.min(Math.floor(ram * 0.4), 8 * 2 ** 30),
    logFileBytes: 10_000_000,
    logFiles: 3,
  };
}

/** The wait before restart number `attempt` (from 0) of those that follow one another closely. */
export function backoffMs(
  attempt: number,
  { backoffFirstMs, backoffLastMs }: Pick<EngineLimits, "backoffFirstMs" | "backoffLastMs">,
): number {
  return Math.min(backoffFirstMs * 2 ** attempt, backoffLastMs);
}

/**
 * Starts the engine and settles when it answers.
 * Throws Fault "unavailable" with the engine's own words when it cannot be started.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const limits = { ...defaultEngineLimits(), ...options.limits };
  const supervisor = new Supervisor(options, limits, options.program ?? locateEngine());
  await supervisor.start();
  return supervisor;
}

// A Clew that was killed a moment ago leaves an engine that is still ending, and a port that was
// free may be taken a moment later: both pass.
const passing = /another server instance|address already in use/i;
const PASSING_RETRY_MS = 200;

class Supervisor implements Engine {
  readonly failed: Promise<Fault>;
  readonly #options: EngineOptions;
  readonly #limits: EngineLimits;
  readonly #program: EngineProgram;
  readonly #closing = new AbortController();
  readonly #fail: (fault: Fault) => void;
  #endpoint: Endpoint | undefined;
  #process: EngineProcess | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions, limits: EngineLimits, program: EngineProgram) {
    this.#options = options;
    this.#limits = limits;
    this.#program = program;
    const { promise, resolve } = Promise.withResolvers<Fault>();
    this.failed = promise;
    this.#fail = resolve;
  }

  endpoint(): Endpoint {
    if (this.#endpoint === undefined) throw new Error("the engine was never started");
    return this.#endpoint;
  }

  pid(): number | undefined {
    return this.#process?.pid;
  }

  async start(): Promise<void> {
    const deadline = Date.now() + this.#limits.startMs;
    for (;;) {
      try {
        this.#watching = this.#watch(await this.#startOnce());
        return;
      } catch (error) {
        if (!passing.test(String(error)) || Date.now() > deadline) throw error;
        await sleep(PASSING_RETRY_MS);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#process?.stop();
    await this.#watching;
  }

  async #startOnce(): Promise<EngineProcess> {
    const { dataDir, log } = this.#options;
    const started = Date.now();
    const port = this.#endpoint === undefined ? 0 : Number(new URL(this.#endpoint.url).port);
    const endpoint = await freshEndpoint(port);
    this.#endpoint = endpoint;
    this.#process = await startProcess({
      program: this.#program,
      config: {
        paths: enginePaths(dataDir),
        endpoint,
        cores: os.availableParallelism(),
        memoryBytes: this.#limits.memoryBytes,
        logFileBytes: this.#limits.logFileBytes,
        logFiles: this.#limits.logFiles,
      },
      log,
      startMs: this.#limits.startMs,
      stopMs: this.#limits.stopMs,
      signal: this.#closing.signal,
    });
    const { pid } = this.#process;
    log.info("clickhouse is ready", { url: endpoint.url, pid, startedMs: Date.now() - started });
    this.#options.onReady?.(endpoint);
    return this.#process;
  }

  async #watch(process: EngineProcess): Promise<void> {
    let attempt = 0;
    for (;;) {
      const bornMs = Date.now();
      const reason = await process.ended;
      this.#process = undefined;
      if (this.#closing.signal.aborted) return;
      if (Date.now() - bornMs >= this.#limits.steadyMs) attempt = 0;
      const restarted = await this.#restart(attempt, reason);
      if (restarted === undefined) return;
      ({ process, attempt } = restarted);
    }
  }

  /** Tries until the engine is back; undefined when it is given up or closed meanwhile. */
  async #restart(
    attempt: number,
    firstReason: string,
  ): Promise<{ process: EngineProcess; attempt: number } | undefined> {
    let reason = firstReason;
    for (let failures = 0; failures < this.#limits.failedRestarts; failures++) {
      const waitMs = backoffMs(attempt + failures, this.#limits);
      this.#options.log.error("clickhouse ended, starting it again", { reason, waitMs });
      this.#options.onRestart?.();
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      if (this.#closing.signal.aborted) return undefined;
      try {
        return { process: await this.#startOnce(), attempt: attempt + failures + 1 };
      } catch (error) {
        if (this.#closing.signal.aborted) return undefined;
        reason = error instanceof Fault ? error.message : String(error);
      }
    }
    const tries = `${this.#limits.failedRestarts} times in a row`;
    const fault = new Fault("unavailable", `clickhouse was started ${tries} in vain: ${reason}`);
    this.#options.log.error("clickhouse is given up", { error: fault });
    this.#fail(fault);
    return undefined;
  }
}
