import { readFileSync } from "node:fs";
import os from "node:os";

/** Where a benchmark ran. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Processes that wanted to run, on average of the minute before: what others did meanwhile. */
  readonly loadBefore: number;
}

/** This machine, as it is now. */
export function thisMachine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    loadBefore: os.loadavg()[0]!,
  };
}

/** CPU time of the whole machine since it started, of all cores together, in seconds. */
export interface MachineCpu {
  /** Somebody's work. */
  readonly busy: number;
  /** Taken away by the host of a virtual machine. */
  readonly stolen: number;
  /** All there was. */
  readonly total: number;
}

/** Reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in
 * hundredths of a second. Source: proc(5). */
export function parseMachineCpu(text: string): MachineCpu {
  const [, ...words] = text.split("\n", 1)[0]!.split(/\s+/);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0] =
    words.map((word) => Number(word) / 100);
  const busy = user + nice + system + irq + soft;
  return { busy, stolen, total: busy + idle + wait + stolen };
}

/** The machine's CPU time so far; undefined where nobody tells. */
export function machineCpu(): MachineCpu | undefined {
  if (process.platform !== "linux") return undefined;
  return parseMachineCpu(readFileSync("/proc/stat", "utf8"));
}
