/** Watches processes while they work and afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Usage, usageOf } from "./processes.ts";

const SAMPLE_MS = 500;
const GROWTH_SAMPLE_MS = 100;
const SETTLE_STEP_MS = 1000;
/** Settled is who uses less than this share of one core ... */
const QUIET_SHARE = 0.1;
/** ... so many times in a row: merges come with pauses between them. */
const QUIET_STEPS = 5;

/** Looks at processes now and then, to know the most memory they had at once. */
export class MemoryWatch {
  readonly #roots: readonly number[];
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  constructor(roots: readonly number[]) {
    this.#roots = roots;
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS).unref();
    this.#look();
  }

  #look(): void {
    try {
      this.#peakBytes = Math.max(this.#peakBytes, usageOf(this.#roots).memoryBytes);
    } catch {
      this.close(); // they have ended, which is noticed elsewhere
    }
  }

  /** The most seen so far. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** How much memory one process had more at once than at the beginning. */
export interface MemoryGrowth {
  readonly process: string;
  readonly moreBytes: number;
}

/** Looks at each of some processes ten times a second, until it is closed. */
export class GrowthWatch {
  readonly #roots: readonly number[];
  readonly #before: ReadonlyMap<number, number>;
  readonly #most = new Map<number, MemoryGrowth>();
  readonly #timer: NodeJS.Timeout;

  constructor(roots: readonly number[]) {
    this.#roots = roots;
    const { processes } = usageOf(roots);
    this.#before = new Map(processes.map(({ pid, memoryBytes }) => [pid, memoryBytes]));
    this.#timer = setInterval(() => this.#look(), GROWTH_SAMPLE_MS).unref();
  }

  #look(): void {
    for (const { pid, name, memoryBytes } of usageOf(this.#roots).processes) {
      const moreBytes = memoryBytes - (this.#before.get(pid) ?? 0);
      if (moreBytes > (this.#most.get(pid)?.moreBytes ?? 0)) {
        this.#most.set(pid, { process: name, moreBytes });
      }
    }
  }

  /** The process that grew most, and how much. */
  close(): MemoryGrowth | undefined {
    clearInterval(this.#timer);
    this.#look();
    return [...this.#most.values()].sort((a, b) => b.moreBytes - a.moreBytes)[0];
  }
}

/** How it went: whether the processes came to rest within the limit, and what they had used then. */
export interface Settled {
  readonly settled: boolean;
  readonly seconds: number;
  readonly usage: Usage;
}

/** Waits until background work is done, which is when CPU use stays low for some seconds. */
export async function settle(roots: readonly number[], limitMs: number): Promise<Settled> {
  const startMs = performance.now();
  let quiet = 0;
  let [usage, atMs] = [usageOf(roots), startMs];
  for (;;) {
    const done = quiet === QUIET_STEPS;
    if (done || atMs - startMs >= limitMs) {
      return { settled: done, seconds: (atMs - startMs) / 1000, usage };
    }
    await sleep(Math.min(SETTLE_STEP_MS, limitMs));
    const [before, beforeMs] = [usage, atMs];
    [usage, atMs] = [usageOf(roots), performance.now()];
    const share = ((usage.cpuSeconds - before.cpuSeconds) * 1000) / (atMs - beforeMs);
    quiet = share < QUIET_SHARE ? quiet + 1 : 0;
  }
}
