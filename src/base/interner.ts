import { randomInt } from "node:crypto";
import { ByteArena, repairedText } from "./arena.ts";

// Where hashes begin, different in every process: nobody can prepare strings that all collide.
const HASH_SEED = randomInt(2 ** 32);

/**
 * Numbers byte strings 0, 1, 2 … in the order they are first seen; equal bytes get the same number.
 * Used where few distinct values come very often: attribute keys, span names, dictionary columns.
 */
export class Interner {
  /** How many distinct strings there are. */
  size = 0;
  /** Strings that were not UTF-8 and are held with U+FFFD in place of what was wrong. */
  repaired = 0;
  readonly #arena = new ByteArena(1024);
  #ends = new Uint32Array(64);
  #hashes = new Uint32Array(64);
  #slots = new Int32Array(128).fill(-1); // open addressing; a power of two, at most half full

  /** The number of `source[from..to)`. */
  intern(source: Uint8Array, from: number, to: number): number {
    let hash = HASH_SEED; // FNV-1a from here on
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
    hash >>>= 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.#slots[slot]!;
      if (id === -1) return this.#add(source, from, to, hash, slot);
      if (this.#hashes[id] === hash && this.is(id, source, from, to)) return id;
      slot = (slot + 1) & mask;
    }
  }

  /** Whether string `id` is `source[from..to)`: the cheap question when the answer is foreseen. */
  is(id: number, source: Uint8Array, from: number, to: number): boolean {
    const start = this.start(id);
    if (this.#ends[id]! - start !== to - from) return false;
    const { bytes } = this.#arena;
    for (let i = from, at = start; i < to; i++, at++) {
      if (bytes[at] !== source[i]) return false;
    }
    return true;
  }

  /** The bytes that hold every string, back to back; `start` and `end` say where one is. */
  get bytes(): Uint8Array {
    return this.#arena.bytes;
  }

  /** Memory that the strings take. */
  get sizeBytes(): number {
    return this.#arena.length + this.size * 16;
  }

  /** Memory that is held for strings, whether they are there yet or not. */
  get heldBytes(): number {
    const tables = this.#ends.byteLength + this.#hashes.byteLength + this.#slots.byteLength;
    return this.#arena.bytes.length + tables;
  }

  start(id: number): number {
    return id === 0 ? 0 : this.#ends[id - 1]!;
  }

  end(id: number): number {
    return this.#ends[id]!;
  }

  /** Forgets the strings numbered `size` and above: those that were added last. */
  truncate(size: number): void {
    const mask = this.#slots.length - 1;
    // Slots are filled in the order of the numbers, so freeing them backwards leaves no gaps behind.
    while (this.size > size) {
      const id = --this.size;
      let slot = this.#hashes[id]! & mask;
      while (this.#slots[slot] !== id) slot = (slot + 1) & mask;
      this.#slots[slot] = -1;
    }
    this.#arena.length = this.start(size);
  }

  /** String `id` as text. */
  text(id: number): string {
    return Buffer.from(this.bytes.buffer, this.start(id), this.end(id) - this.start(id)).toString();
  }

  #add(source: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const repaired = repairedText(source, from, to);
    if (repaired !== undefined) {
      this.repaired++;
      return this.intern(repaired, 0, repaired.length);
    }
    const id = this.size;
    if (id === this.#ends.length) this.#grow();
    this.#arena.append(source, from, to);
    this.#ends[id] = this.#arena.length;
    this.#hashes[id] = hash;
    this.size++;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = id;
    return id;
  }

  #grow(): void {
    const grow = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.#ends = grow(this.#ends);
    this.#hashes = grow(this.#hashes);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.size; id++) {
      let slot = this.#hashes[id]! & mask;
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}
