/** What Linux knows of processes, from /proc. Source: proc(5). Elsewhere there is nothing to know. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Fault } from "../base/fault.ts";

/** Processes with all their descendants: what they have used so far, and use now. */
export interface Usage {
  /** Of those that run, and of descendants that have ended. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** Each process's own peak, added up: they need not have been at once. */
  readonly peakBytes: number;
  readonly processes: readonly ProcessUsage[];
}

/** What one process that runs has used, and uses now. */
export interface ProcessUsage {
  readonly pid: number;
  /** Of the script it runs, or else of the program. */
  readonly name: string;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** The kernel counts CPU time for user space in hundredths of a second on all its platforms. */
const TICKS_PER_SECOND = 100;

/** Whether this machine can tell. */
export const hasProcesses = process.platform === "linux";

/** One process of /proc/PID/stat. */
export interface ProcessStat {
  readonly parent: number;
  readonly cpuTicks: number;
  /** Of its children that have ended and were waited for. */
  readonly endedChildrenTicks: number;
}

/** Reads the text of /proc/PID/stat. The name in parentheses may hold anything, even parentheses. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // fields[0] is field 3, the state.
  const at = (field: number): number => Number(fields[field - 3]);
  return { parent: at(4), cpuTicks: at(14) + at(15), endedChildrenTicks: at(16) + at(17) };
}

/** Bytes of resident memory, now and at most, in the text of /proc/PID/status. A process that has just
 * ended has none. */
export function parseMemory(text: string): { readonly now: number; readonly peak: number } {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** The processes and all that descend from them, by the parent of each. */
export function descendants(
  roots: readonly number[],
  parents: ReadonlyMap<number, number>,
): number[] {
  const children = Map.groupBy(parents.keys(), (pid) => parents.get(pid)!);
  const found = new Set<number>();
  const visit = (pid: number): void => {
    if (found.has(pid)) return;
    found.add(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  for (const root of roots) visit(root);
  return [...found];
}

/** What these processes and their descendants use. Throws Fault "notFound" if one of them is gone. */
export function usageOf(roots: readonly number[]): Usage {
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync("/proc")) {
    const text = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : undefined;
    if (text !== undefined) stats.set(Number(name), parseStat(text));
  }
  const gone = roots.find((pid) => !stats.has(pid));
  if (gone !== undefined) throw new Fault("notFound", `there is no process ${gone}`);
  const parents = new Map(Array.from(stats, ([pid, { parent }]) => [pid, parent] as const));
  let [ticks, memoryBytes, peakBytes] = [0, 0, 0];
  const processes = descendants(roots, parents).map((pid): ProcessUsage => {
    const { cpuTicks, endedChildrenTicks } = stats.get(pid)!;
    ticks += cpuTicks + endedChildrenTicks;
    const memory = parseMemory(read(`/proc/${pid}/status`) ?? "");
    memoryBytes += memory.now;
    peakBytes += memory.peak;
    const name = programName(read(`/proc/${pid}/cmdline`) ?? "");
    return { pid, name, cpuSeconds: cpuTicks / TICKS_PER_SECOND, memoryBytes: memory.now };
  });
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes, peakBytes, processes };
}

/** "main.ts" for "node\0--flag\0/a/main.ts\0start", "tempo" for "/bin/tempo\0-x". */
export function programName(commandLine: string): string {
  const words = commandLine.split("\0");
  const script = words.find((word) => /\.[cm]?[jt]s$/.test(word));
  return path.basename(script ?? words[0]!);
}

/** A file of a process; undefined if the process has just ended. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
