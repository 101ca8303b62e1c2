// The engine's own process. It runs ClickHouse (the library in a thread, or the binary as a child)
// and watches the pipe to the Clew that started it: when that pipe ends, asked for or because Clew
// was killed, the engine is stopped. So no engine outlives its Clew.
//
//   Clew ── stdin: a line of ChildTask … the end ──▶ this process
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Endpoint } from "../endpoint.ts";
import { ask } from "./ask.ts";
import { stopQuery } from "./config.ts";
import type { EngineProgram } from "./locate.ts";

/** The first line on the child's stdin, as JSON. */
export interface ChildTask {
  readonly program: EngineProgram;
  readonly argv: readonly string[];
  readonly endpoint: Endpoint;
  /** How long a stop may take before everything is killed. */
  readonly stopMs: number;
}

interface Running {
  /** Settles when the engine has ended, with how. */
  readonly ended: Promise<string>;
  kill(): void;
  /** Ends this process, once the engine has ended. */
  exit(code: number): Promise<never>;
}

// The engine is asked to end this often: it does not answer while it is still starting.
const STOP_RETRY_MS = 100;

await main();

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) return;
  const task = JSON.parse(first.value) as ChildTask;
  const running = run(task);
  const end = await Promise.race([
    running.ended.then((how) => ({ kind: "ended", how }) as const),
    lines.next().then(() => ({ kind: "stop" }) as const),
  ]);
  if (end.kind === "ended") {
    console.error(`clickhouse ended by itself: ${end.how}`);
    return running.exit(1);
  }
  await stop(task, running);
  return running.exit(0);
}

async function stop({ endpoint, stopMs }: ChildTask, running: Running): Promise<void> {
  const deadline = Date.now() + stopMs;
  while (Date.now() < deadline) {
    // Refused while the engine is starting and cut off while it is ending: both pass.
    const asked = ask(endpoint, stopQuery, stopMs).catch(() => {});
    const waited = asked.then(() => sleep(STOP_RETRY_MS));
    if ((await Promise.race([running.ended, waited])) !== undefined) return;
  }
  running.kill();
}

function run({ program, argv }: ChildTask): Running {
  return program.kind === "library"
    ? runLibrary(program.path, argv)
    : runBinary(program.path, argv);
}

function runLibrary(library: string, argv: readonly string[]): Running {
  const file = new URL(`./worker${path.extname(import.meta.filename)}`, import.meta.url);
  const worker = new Worker(file, { workerData: { library, argv } });
  const ended = new Promise<string>((resolve) => {
    worker.on("error", (error) => resolve(String(error)));
    worker.on("message", () => resolve("its last statement ended"));
  });
  return { ended, kill: () => process.kill(process.pid, "SIGKILL"), exit: exitAtOnce };
}

/** Ends the process without the clean-up of the library and its thread, which crashes. */
async function exitAtOnce(code: number): Promise<never> {
  // Where the binary is used, this package need not be there.
  const { DataType, load, open } = await import("ffi-rs");
  open({ library: "c", path: "" });
  load({
    library: "c",
    funcName: "_exit",
    retType: DataType.Void,
    paramsType: [DataType.I32],
    paramsValue: [code],
  });
  throw new Error("still here after _exit");
}

function runBinary(binary: string, [, ...args]: readonly string[]): Running {
  const child = spawn(binary, ["local", ...args], { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  if (child.pid !== undefined) guard(child.pid, ended);
  return { ended, kill: () => child.kill("SIGKILL"), exit: async (code) => process.exit(code) };
}

/** Kills the binary when this process is killed before it: a shell waits for the end of its stdin. */
function guard(pid: number, ended: Promise<string>): void {
  const shell = spawn("/bin/sh", ["-c", 'read -r _ || kill -9 "$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", (error) => console.error(`cannot guard process ${pid}: ${error.message}`));
  shell.stdin.on("error", () => {});
  void ended.then(() => shell.stdin.end("ended\n"));
}
