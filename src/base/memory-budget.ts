/**
 * One limit in bytes for the memory of all work in progress, whoever holds it:
 *
 *     limit  │ what may be refused: bodies, log, batches │ kept free for what must go on: inserts │
 *
 * Whoever holds memory has a lease on it, and hands the lease on with the memory. What does not fit is
 * refused, unless somebody gives up what it can do without: see `onShortage`.
 */
import { Fault } from "./fault.ts";

/** Who holds memory: a closed set, the labels of the gauge. */
export const memoryParts = ["bodies", "log", "open", "sealed", "inserts", "spare"] as const;
export type MemoryPart = (typeof memoryParts)[number];

interface BudgetOptions {
  readonly limitBytes: number;
  /** Of these, what only "inserts" may use. */
  readonly reservedBytes?: number;
}

/** The memory that is held against the limit. */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #reservedBytes: number;
  readonly #used = new Map<MemoryPart, number>(memoryParts.map((part) => [part, 0]));
  #usedBytes = 0;
  /** Asked when so many bytes are missing; frees leases of what can be had again, if there are any. */
  onShortage: (bytes: number) => void = () => {};

  constructor({ limitBytes, reservedBytes = 0 }: BudgetOptions) {
    this.limitBytes = limitBytes;
    this.#reservedBytes = reservedBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Most that all but the inserts can hold together. */
  get mostBytes(): number {
    return this.limitBytes - this.#reservedBytes;
  }

  used(part: MemoryPart): number {
    return this.#used.get(part)!;
  }

  /** A lease on nothing yet. */
  lease(part: MemoryPart): Lease {
    return new Lease(this, part);
  }

  /** Throws Fault "exhausted" if there is no room for so many bytes more. For leases. */
  claim(part: MemoryPart, bytes: number): void {
    const missing = this.#missing(bytes);
    if (missing > 0) this.onShortage(missing);
    if (this.#missing(bytes) > 0) {
      throw new Fault("exhausted", "too many bytes of other requests are waiting; try again soon", {
        retryAfterSeconds: 1,
      });
    }
    this.count(part, bytes);
  }

  /** Counts bytes that are held, or are no more (below 0). For leases. */
  count(part: MemoryPart, bytes: number): void {
    this.#used.set(part, this.#used.get(part)! + bytes);
    this.#usedBytes += bytes;
  }

  /** Asks for what can be given up if more is held than there should be. For leases. */
  relieve(): void {
    if (this.#usedBytes > this.limitBytes) this.onShortage(this.#usedBytes - this.limitBytes);
  }

  #missing(bytes: number): number {
    const keptFree = Math.max(0, this.#reservedBytes - this.used("inserts"));
    return this.#usedBytes + bytes + keptFree - this.limitBytes;
  }
}

/** Memory that somebody holds. To be freed in the end, or handed on. */
export class Lease {
  readonly #budget: MemoryBudget;
  readonly #part: MemoryPart;
  #bytes = 0;
  #isOver = false;

  constructor(budget: MemoryBudget, part: MemoryPart) {
    this.#budget = budget;
    this.#part = part;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Holds so many bytes more. Throws Fault "exhausted" if there is no room for them, "tooLarge" if
   * there never will be, "invalid" if the lease is over. */
  add(bytes: number): void {
    if (this.#isOver) throw new Fault("invalid", "nobody waits for this any more");
    const { mostBytes } = this.#budget;
    if (this.#bytes + bytes > mostBytes) {
      throw new Fault("tooLarge", `it takes more memory than there is for all: ${mostBytes} bytes`);
    }
    this.#budget.claim(this.#part, bytes);
    this.#bytes += bytes;
  }

  /** Holds so many bytes less. */
  giveBack(bytes: number): void {
    this.holdExactly(Math.max(0, this.#bytes - bytes));
  }

  /** Holds so many bytes in all, whether there is room or not: for what must go on. */
  holdExactly(bytes: number): void {
    if (this.#isOver) return;
    const growth = bytes - this.#bytes;
    this.#budget.count(this.#part, growth);
    this.#bytes = bytes;
    if (growth > 0) this.#budget.relieve();
  }

  /** The same memory as another part's; this lease is over. */
  handOn(part: MemoryPart): Lease {
    const lease = new Lease(this.#budget, part);
    const bytes = this.#bytes;
    this.free();
    lease.holdExactly(bytes);
    return lease;
  }

  /** Holds nothing any more, and never will. */
  free(): void {
    this.holdExactly(0);
    this.#isOver = true;
  }
}
