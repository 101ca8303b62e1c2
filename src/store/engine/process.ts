import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/log.ts";
import type { Endpoint } from "../endpoint.ts";
import { ask } from "./ask.ts";
import type { ChildTask } from "./child.ts";
import { configXml, engineArguments, usersXml } from "./config.ts";
import type { EngineConfig } from "./config.ts";
import type { EngineProgram } from "./locate.ts";

/** One life of the engine: from the start of its process to the end of it. */
export interface EngineProcess {
  readonly endpoint: Endpoint;
  readonly pid: number;
  /** Settles when the process has ended, with how and the last errors it wrote. */
  readonly ended: Promise<string>;
  /** Asks the engine to end and waits for it; what does not end within the limit is killed. */
  stop(): Promise<void>;
}

/** What a process is started with. */
export interface ProcessSetup {
  readonly program: EngineProgram;
  readonly config: EngineConfig;
  readonly log: Logger;
  /** Longest time from the start of the process to its first answer. */
  readonly startMs: number;
  readonly stopMs: number;
  /** Gives up the start. */
  readonly signal: AbortSignal;
}

const READY_POLL_MS = 15;
const ASK_MS = 2_000;
// A stop may take stopMs in the child; then the child itself is killed.
const STOP_GRACE_MS = 1_000;
const LAST_LINES = 12;
const LAST_BYTES = 1_500;
const LAST_CRASH_LINES = 5;
const ERROR_LOG_TAIL_BYTES = 65_536;

/** A new endpoint on loopback with a fresh user; the port is `preferredPort` if nobody has it now. */
export async function freshEndpoint(preferredPort: number): Promise<Endpoint> {
  const port = await freePort(preferredPort).catch(() => freePort(0));
  return {
    url: `http://127.0.0.1:${port}`,
    user: `clew_${randomBytes(6).toString("hex")}`,
    password: randomBytes(24).toString("base64url"),
  };
}

/**
 * Writes the configuration, starts the process and waits until it answers.
 * Throws Fault "unavailable" with the engine's last words if it ends before, or is not ready in time.
 */
export async function startProcess(setup: ProcessSetup): Promise<EngineProcess> {
  const { config, startMs, signal } = setup;
  await writeConfig(config);
  const engine = await spawnChild(setup);
  const deadline = Date.now() + startMs;
  let end: string | undefined;
  void engine.ended.then((how) => (end = how));
  for (;;) {
    if (end !== undefined) throw new Fault("unavailable", `clickhouse did not start: ${end}`);
    if (signal.aborted || Date.now() > deadline) {
      await engine.stop();
      const why = signal.aborted ? "it was asked to stop" : `not ready after ${startMs} ms`;
      throw new Fault("unavailable", `clickhouse did not start: ${why}; ${await engine.ended}`);
    }
    if (await isReady(config.endpoint)) return engine;
    await Promise.race([sleep(READY_POLL_MS), engine.ended]);
  }
}

async function isReady(endpoint: Endpoint): Promise<boolean> {
  // Refused until the port is open; any other trouble ends in the limit, with the log to tell.
  return ask(endpoint, "SELECT 1", ASK_MS).then(
    (text) => text === "1\n",
    () => false,
  );
}

async function writeConfig(config: EngineConfig): Promise<void> {
  const { home, users, log } = config.paths;
  for (const folder of [home, path.dirname(config.paths.config), path.dirname(log)]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
  await writePrivate(config.paths.config, configXml(config));
  await writePrivate(users, usersXml(config));
}

async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  await chmod(file, 0o600);
}

// The engine keeps a file open for each column of each part it reads or merges. A session of its own
// (detached) keeps a terminal's Ctrl+C from it: Clew decides when the engine ends.
const raiseFileLimit =
  'ulimit -n "$(ulimit -Hn)" 2>/dev/null || ulimit -n 10240 2>/dev/null; exec "$0" "$@"';

async function spawnChild(setup: ProcessSetup): Promise<EngineProcess> {
  const { program, config, log, stopMs } = setup;
  const script = path.join(import.meta.dirname, `child${path.extname(import.meta.filename)}`);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const errorLogStart = await sizeOf(config.paths.errorLog);
  const child = spawn("/bin/sh", ["-c", raiseFileLimit, process.execPath, script], {
    detached: true,
    cwd: config.paths.home,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log.debug("clickhouse says", { line });
      if (!isNoise(line)) said.push(line);
      if (said.length > LAST_LINES) said.shift();
    });
  }
  // Writing to a process that is gone fails; its end is seen below.
  child.stdin.on("error", () => {});
  const argv = engineArguments(config);
  const task: ChildTask = { program, argv, endpoint: config.endpoint, stopMs };
  child.stdin.write(JSON.stringify(task) + "\n");

  const ended = endOf(child).then(async (how) => {
    const crash = await crashLines(config.paths.errorLog, errorLogStart).catch(String);
    return [how, said, crash].flat().join("; ").slice(0, LAST_BYTES);
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => killGroup(child), stopMs + STOP_GRACE_MS);
    await ended;
    clearTimeout(timer);
  };
  return { endpoint: config.endpoint, pid: child.pid ?? -1, ended, stop };
}

/** How a process ended, once its output has been read to the end as well. */
async function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", () => killGroup(child));
    child.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

/** Kills what is left of the child's process group, which it leads. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function isNoise(line: string): boolean {
  return line === "" || /^(Logging \w+ to|Listening for|returned) /.test(line);
}

/** What the engine wrote of a crash of its own, in the error log since it had `start` bytes. */
async function crashLines(file: string, start: number): Promise<string[]> {
  const size = await sizeOf(file);
  // A smaller file is a new one: the old was rotated away.
  const from = Math.max(size < start ? 0 : start, size - ERROR_LOG_TAIL_BYTES);
  if (size === from) return [];
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(size - from),
      0,
      size - from,
      from,
    );
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    return lines.filter((line) => line.includes("<Fatal>")).slice(0, LAST_CRASH_LINES);
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      assert(typeof address === "object" && address !== null);
      server.close(() => resolve(address.port));
    });
  });
}
