import type { Lease, MemoryBudget, MemoryPart } from "../base/memory-budget.ts";

interface SpareOptions<T> {
  readonly budget: MemoryBudget;
  readonly make: () => T;
  /** How many are kept. */
  readonly most: number;
  /** Larger ones are not kept: they have grown out of proportion. */
  readonly mostBytes: number;
}

/** Memory that has served and is kept to serve again, as long as there is room for it: growing it anew
 * each time costs more than filling it. */
export class Spares<T> {
  readonly #options: SpareOptions<T>;
  readonly #kept: { readonly item: T; readonly memory: Lease }[] = [];

  constructor(options: SpareOptions<T>) {
    this.#options = options;
  }

  /** One that has served, or a new one; the lease is on what it holds already. */
  take(part: MemoryPart): { readonly item: T; readonly memory: Lease } {
    const { budget, make } = this.#options;
    const spare = this.#kept.pop();
    if (spare === undefined) return { item: make(), memory: budget.lease(part) };
    return { item: spare.item, memory: spare.memory.handOn(part) };
  }

  /** Keeps one that holds so many bytes, which are nobody's now. */
  keep(item: T, bytes: number): void {
    const { budget, most, mostBytes } = this.#options;
    if (this.#kept.length >= most || bytes > mostBytes) return;
    const memory = budget.lease("spare");
    memory.holdExactly(bytes);
    this.#kept.push({ item, memory });
  }

  /** Lets them go until it is enough. */
  giveUp(isEnough: () => boolean): void {
    while (this.#kept.length > 0 && !isEnough()) this.#kept.pop()!.memory.free();
  }
}
