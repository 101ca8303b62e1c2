// Running other programs in the foreground: shared by the small scripts in bin/.
// Plain JavaScript that Node 18 and later runs.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package, with a slash at its end. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The Node 24 that the lock file pins (npm package "node"). */
export const pinnedNode = join(root, "node_modules/node/bin/node");

/**
 * What every run of Clew's own TypeScript on that Node starts with. The bodies of requests are memory
 * outside of V8's heap. By default V8 looks through all of the small heap after every few of them (seven
 * times a second under load, a third of the CPU time); with these it counts them as part of the heap.
 */
export const nodeFlags = [
  "--disable-warning=ExperimentalWarning",
  "--external-memory-accounted-in-global-limit",
  "--initial-old-space-size=256",
];

/**
 * What it starts with besides: TypeScript is stripped and compiled once, and not at each start. That makes `clew`
 * answer in half the time, and what runs on needs 25 MB less, for Node then does not load its compiler.
 */
export const nodeEnv = {
  NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"),
  ...process.env,
};

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program until it ends and gives back the exit code to end with (128 + the signal's number
 * if a signal ended it), and whether this process was itself told to stop meanwhile. Signals are
 * passed on; a terminal sends Ctrl+C to the whole group besides, so a child may see SIGINT twice.
 * `onOutput` sees what the child prints, as text, while it is also shown. Rejects if the program
 * cannot be started.
 */
export function runForeground(command, args, { cwd, env, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    let stopped = false;
    const stdio = onOutput ? ["inherit", "pipe", "inherit"] : "inherit";
    const child = spawn(command, args, { cwd, env, stdio });
    const passOn = (signal) => {
      stopped = true;
      child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, passOn);
    const settle = () => {
      for (const signal of FORWARDED) process.off(signal, passOn);
    };
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      process.stdout.write(text);
      onOutput(text);
    });
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settle();
      resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0), stopped });
    });
  });
}
