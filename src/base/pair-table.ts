import { randomInt } from "node:crypto";
import { grown } from "./growable.ts";

// Where hashes begin, different in every process: nobody can prepare numbers that all collide.
const HASH_SEED = randomInt(2 ** 32);

/**
 * Numbers pairs of 32-bit numbers 0, 1, 2 … in the order they are first seen. Longer keys are pairs of
 * pairs: the number of the first two with the third, and so on.
 */
export class PairTable {
  /** How many distinct pairs there are. */
  size = 0;
  first = new Uint32Array(64);
  second = new Uint32Array(64);
  #slots = new Int32Array(256).fill(-1); // open addressing; a power of two, at most half full

  /** The number of a pair. */
  number(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(first, second) & mask;
    for (;;) {
      const found = this.#slots[slot]!;
      if (found === -1) return this.#add(first, second, slot);
      if (this.first[found] === first && this.second[found] === second) return found;
      slot = (slot + 1) & mask;
    }
  }

  /** Forgets all; the memory is used again. */
  clear(): void {
    this.size = 0;
    this.#slots.fill(-1);
  }

  #add(first: number, second: number, slot: number): number {
    const added = this.size++;
    if (added === this.first.length) {
      this.first = grown(this.first, this.size);
      this.second = grown(this.second, this.size);
    }
    this.first[added] = first;
    this.second[added] = second;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = added;
    return added;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (let i = 0; i < this.size; i++) {
      let slot = hash(this.first[i]!, this.second[i]!) & mask;
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask;
      this.#slots[slot] = i;
    }
  }
}

/** Multiplied, and finished as MurmurHash3 does. */
function hash(first: number, second: number): number {
  let mixed = Math.imul(first ^ HASH_SEED, 0xcc9e2d51) ^ Math.imul(second + HASH_SEED, 0x1b873593);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
